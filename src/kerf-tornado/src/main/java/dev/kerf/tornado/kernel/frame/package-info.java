/** From frames of pixels to tensors. See {@link dev.kerf.tornado.kernel} for how kernels are written. */
package dev.kerf.tornado.kernel.frame;
