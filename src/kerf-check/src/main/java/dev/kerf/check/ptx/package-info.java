/**
 * The back end {@code ptx}: runs the PTX that ships in an interpreter ({@link dev.kerf.check.ptx.machine}), without a GPU, and watches
 * what it does. For tests and for whoever writes kernels; it is taken only when it is asked for.
 */
package dev.kerf.check.ptx;
