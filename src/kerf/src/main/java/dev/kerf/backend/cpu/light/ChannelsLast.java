package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.tensor.Shape;

/**
 * Images (B, C, H, W) to images (B, H, W, C) in scratch, some pixels at a time: long enough runs of a channel that memory keeps
 * up.
 *
 * @param x  the images
 * @param to the scratch
 * @param at where the first image goes there
 */
record ChannelsLast(Operand x, Operand to, int at, Lanes lanes) implements Kernel {
    private static final int PIXELS = 256;

    private int pixels() {
        Shape s = x.type().shape();
        return s.size(2) * s.size(3);
    }

    private int pieces() {
        return Math.ceilDiv(pixels(), PIXELS);
    }

    @Override
    public int tasks() {
        return x.type().shape().size(0) * pieces();
    }

    @Override
    public void run(int task, int worker) {
        int item = task / pieces();
        int first = task % pieces() * PIXELS;
        int channels = x.type().shape().size(1);
        lanes.transpose(x.floats(), x.offset() + item * x.batchStride() + first, pixels(), channels,
                Math.min(PIXELS, pixels() - first), to.floats(),
                to.offset() + at + (item * pixels() + first) * channels, channels);
    }
}
