/**
 * One way from graphs to kernel launches, shared by every GPU driver. {@link dev.kerf.backend.gpu.Driver} is what a driver
 * has to offer; {@link dev.kerf.backend.gpu.kernel.Manifest} says what each kernel under {@code kernels/} takes.
 */
package dev.kerf.backend.gpu;
