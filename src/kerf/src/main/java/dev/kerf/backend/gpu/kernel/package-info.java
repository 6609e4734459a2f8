/**
 * What {@code kernels/} says of kernels, as the program reads it: manifests with their formulas, sources in a dialect, and the
 * sizes that a launch states.
 */
package dev.kerf.backend.gpu.kernel;
