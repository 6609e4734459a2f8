/** One element of the result from one of each operand. See {@link dev.kerf.tornado.kernel} for how kernels are written. */
package dev.kerf.tornado.kernel.elementwise;
