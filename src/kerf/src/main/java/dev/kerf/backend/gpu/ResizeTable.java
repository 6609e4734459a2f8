package dev.kerf.backend.gpu;

import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Resize;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;

/**
 * The neighbours of each pixel along one axis of a resized image, and their weights. Positions are float32, in the
 * order in which torch computes them for float32 images (aten/src/ATen/native/UpSample.h, and for antialias
 * cpu/UpSampleKernel.cpp), so that the same neighbours are met.
 *
 * @param taps    neighbours of each pixel; those not needed have weight 0
 * @param index   neighbour t of pixel i at i · taps + t
 * @param weight  likewise
 */
record ResizeTable(int taps, int[] index, float[] weight) {
    /** For rows or columns. */
    static ResizeTable of(Resize op, int in, int out, double givenScale) {
        float scale;
        if (op.sampling() == Sampling.ALIGN_CORNERS) {
            scale = out > 1 ? (float) (in - 1) / (out - 1) : 0;
        } else {
            scale = givenScale > 0 ? (float) givenScale : (float) in / out;
        }
        boolean cubic = op.interpolation() == Interpolation.BICUBIC;
        if (op.antialias()) {
            return widened(in, out, scale, cubic);
        }
        int taps = cubic ? 4 : op.interpolation() == Interpolation.BILINEAR ? 2 : 1;
        ResizeTable table = new ResizeTable(taps, new int[out * taps], new float[out * taps]);
        for (int i = 0; i < out; i++) {
            if (taps == 1) {
                float at = op.sampling() == Sampling.HALF_PIXEL ? (i + 0.5f) * scale : i * scale;
                table.index[i] = (int) Math.min(Math.floor(at), in - 1);
                table.weight[i] = 1;
                continue;
            }
            float at = op.sampling() == Sampling.ALIGN_CORNERS ? scale * i : scale * (i + 0.5f) - 0.5f;
            at = cubic ? at : Math.max(at, 0);
            int below = (int) Math.min(Math.floor(at), in - 1);
            float fraction = Math.clamp(at - below, 0f, 1f);
            for (int t = 0; t < taps; t++) {
                int tap = cubic ? below - 1 + t : below + t;
                table.index[i * taps + t] = Math.clamp(tap, 0, in - 1);
                table.weight[i * taps + t] = (float) (cubic
                        ? cubic(1.0 + fraction - t, -0.75)
                        : t == 0 ? 1.0 - fraction : fraction);
            }
        }
        return table;
    }

    /** The indices as a kernel operand. */
    HostTensor indices() {
        return HostTensor.of(Shape.of(index.length), index);
    }

    /** The weights as a kernel operand. */
    HostTensor weights() {
        return HostTensor.of(Shape.of(weight.length), weight);
    }

    /** A filter as wide as the shrinking, its weights normalised over those within the image. */
    private static ResizeTable widened(int in, int out, float scale, boolean cubic) {
        float stretch = Math.max(scale, 1);
        float radius = (cubic ? 2 : 1) * stretch;
        float shrink = scale >= 1 ? (float) (1.0 / scale) : 1;
        int taps = 2 * (int) Math.ceil(radius) + 1;
        ResizeTable table = new ResizeTable(taps, new int[out * taps], new float[out * taps]);
        double[] raw = new double[taps];
        for (int i = 0; i < out; i++) {
            float center = (float) (scale * (i + 0.5));
            int from = Math.max((int) (center - radius + 0.5), 0);
            int count = Math.clamp(Math.min((int) (center + radius + 0.5), in) - from, 0, taps);
            double sum = 0;
            for (int t = 0; t < count; t++) {
                float distance = (float) ((from + t - center + 0.5) * shrink);
                raw[t] = cubic ? cubic(distance, -0.5) : Math.max(0, 1 - Math.abs((double) distance));
                sum += raw[t];
            }
            for (int t = 0; t < taps; t++) {
                table.index[i * taps + t] = Math.min(from + t, in - 1);
                table.weight[i * taps + t] = t < count && sum != 0 ? (float) (raw[t] / sum) : 0;
            }
        }
        return table;
    }

    /** Cubic convolution, Keys 1981, equation 4 with a for −1/2. */
    private static double cubic(double distance, double a) {
        double d = Math.abs(distance);
        if (d < 1) {
            return (a + 2) * d * d * d - (a + 3) * d * d + 1;
        }
        return d < 2 ? a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a : 0;
    }
}
