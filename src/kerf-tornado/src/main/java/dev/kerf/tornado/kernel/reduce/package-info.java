/** One number from many: norms, softmax, sums and largest values. See {@link dev.kerf.tornado.kernel} for how kernels are written. */
package dev.kerf.tornado.kernel.reduce;
