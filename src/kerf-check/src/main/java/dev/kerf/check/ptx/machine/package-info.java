/** The machine that executes PTX: programs, instructions, warps and blocks, memory, and the rules that are watched. */
package dev.kerf.check.ptx.machine;
