/** Scores ranked, boxes decoded and suppressed. See {@link dev.kerf.tornado.kernel} for how kernels are written. */
package dev.kerf.tornado.kernel.select;
