/** Pooling, resizing and what else reads a neighbourhood or a box of an image. See {@link dev.kerf.tornado.kernel} for how kernels are written. */
package dev.kerf.tornado.kernel.spatial;
