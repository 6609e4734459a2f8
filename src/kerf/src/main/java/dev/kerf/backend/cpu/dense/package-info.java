/**
 * Dense kernels on the Vector API: convolution, transposed convolution, matrix products, attention, and elementary
 * functions. Its classes may be loaded only where module {@code jdk.incubator.vector} is present.
 *
 * <p>All of them reduce to one loop, {@link dev.kerf.backend.cpu.dense.Tiles}: a few rows of packed coefficients
 * times two vectors of pixels, columns or queries, which a table of offsets finds in a buffer that fits the
 * second-level cache.
 */
package dev.kerf.backend.cpu.dense;
