/** Masks counted and packed, for metrics. See {@link dev.kerf.tornado.kernel} for how kernels are written. */
package dev.kerf.tornado.kernel.measure;
