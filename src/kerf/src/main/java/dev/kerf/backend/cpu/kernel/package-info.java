/**
 * What a CPU kernel is to the executable that runs it: {@link dev.kerf.backend.cpu.kernel.Kernel} is built once for one node,
 * over {@link dev.kerf.backend.cpu.kernel.Operand}s that a {@link dev.kerf.backend.cpu.kernel.Site} hands out, and run many
 * times.
 */
package dev.kerf.backend.cpu.kernel;
