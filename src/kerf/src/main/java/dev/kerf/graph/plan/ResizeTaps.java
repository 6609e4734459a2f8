package dev.kerf.graph.plan;

import dev.kerf.graph.SpatialOp;

/**
 * Which source elements make each element of a resized axis, and with which weights. Positions are computed in float32 in
 * the order of torch's {@code area_pixel_compute_source_index} and {@code _compute_indices_min_size_weights_aa}
 * (aten/src/ATen/native/UpSample.h and cpu/UpSampleKernel.cpp), weights from them in float64.
 *
 * @param taps    source elements of each result; unused ones have weight 0
 * @param index   of tap t of result i at i · taps + t, within the axis
 * @param weight  likewise
 */
public record ResizeTaps(int taps, int[] index, double[] weight) {
    /** The taps of the rows of an image with {@code in} rows. */
    public static ResizeTaps rows(SpatialOp.Resize op, int in) {
        return of(op, in, op.outH(), op.scaleH());
    }

    /** The taps of its columns. */
    public static ResizeTaps columns(SpatialOp.Resize op, int in) {
        return of(op, in, op.outW(), op.scaleW());
    }

    private static ResizeTaps of(SpatialOp.Resize op, int in, int out, double given) {
        ResizeTaps t = taps(op, in, out, given);
        // A tap without weight looks at an element that counts anyway, so that no NaN or infinity comes in through it.
        for (int i = 0; i < out; i++) {
            int used = 0;
            while (used < t.taps - 1 && t.weight[i * t.taps + used] == 0) {
                used++;
            }
            for (int k = 0; k < t.taps; k++) {
                if (t.weight[i * t.taps + k] == 0) {
                    t.index[i * t.taps + k] = t.index[i * t.taps + used];
                }
            }
        }
        return t;
    }

    private static ResizeTaps taps(SpatialOp.Resize op, int in, int out, double given) {
        float scale = op.sampling() == SpatialOp.Sampling.ALIGN_CORNERS
                ? (out > 1 ? (float) (in - 1) / (out - 1) : 0)
                : (given > 0 ? (float) given : (float) in / out);
        boolean cubic = op.interpolation() == SpatialOp.Interpolation.BICUBIC;
        if (op.antialias()) {
            return antialias(in, out, scale, cubic);
        }
        if (op.interpolation() == SpatialOp.Interpolation.NEAREST) {
            return nearest(in, out, scale, op.sampling() == SpatialOp.Sampling.HALF_PIXEL);
        }
        return cubic ? cubic(op, in, out, scale) : linear(op, in, out, scale);
    }

    private static float position(SpatialOp.Resize op, int i, float scale) {
        return op.sampling() == SpatialOp.Sampling.ALIGN_CORNERS ? scale * i : scale * (i + 0.5f) - 0.5f;
    }

    private static ResizeTaps nearest(int in, int out, float scale, boolean exact) {
        ResizeTaps t = new ResizeTaps(1, new int[out], new double[out]);
        for (int i = 0; i < out; i++) {
            float position = exact ? (i + 0.5f) * scale : i * scale;
            t.index[i] = (int) Math.min((long) Math.floor(position), in - 1);
            t.weight[i] = 1;
        }
        return t;
    }

    private static ResizeTaps linear(SpatialOp.Resize op, int in, int out, float scale) {
        ResizeTaps t = new ResizeTaps(2, new int[out * 2], new double[out * 2]);
        for (int i = 0; i < out; i++) {
            float position = Math.max(position(op, i, scale), 0);
            int low = Math.min((int) position, in - 1);
            float fraction = Math.clamp(position - low, 0f, 1f);
            t.index[2 * i] = low;
            t.index[2 * i + 1] = Math.min(low + 1, in - 1);
            t.weight[2 * i] = 1.0 - fraction;
            t.weight[2 * i + 1] = fraction;
        }
        return t;
    }

    private static ResizeTaps cubic(SpatialOp.Resize op, int in, int out, float scale) {
        ResizeTaps t = new ResizeTaps(4, new int[out * 4], new double[out * 4]);
        for (int i = 0; i < out; i++) {
            float position = position(op, i, scale);
            int low = Math.min((int) Math.floor(position), in - 1);
            float fraction = Math.clamp(position - low, 0f, 1f);
            for (int k = 0; k < 4; k++) {
                t.index[4 * i + k] = Math.clamp(low - 1 + k, 0, in - 1);
                t.weight[4 * i + k] = keys(fraction + 1.0 - k, -0.75);
            }
        }
        return t;
    }

    private static ResizeTaps antialias(int in, int out, float scale, boolean cubic) {
        float half = cubic ? 2 : 1;
        float support = scale >= 1 ? half * scale : half;
        int most = (int) Math.ceil(support) * 2 + 1;
        float inverse = scale >= 1 ? (float) (1.0 / scale) : 1;
        ResizeTaps t = new ResizeTaps(most, new int[out * most], new double[out * most]);
        for (int i = 0; i < out; i++) {
            float center = (float) (scale * (i + 0.5));
            int first = Math.max((int) (center - support + 0.5), 0);
            int size = Math.clamp(Math.min((int) (center + support + 0.5), in) - first, 0, most);
            double total = 0;
            for (int k = 0; k < size; k++) {
                float distance = (float) ((k + first - center + 0.5) * inverse);
                double w = cubic ? keys(distance, -0.5) : Math.max(0, 1 - Math.abs((double) distance));
                t.weight[i * most + k] = w;
                total += w;
            }
            for (int k = 0; k < most; k++) {
                t.index[i * most + k] = Math.min(first + k, in - 1);
                t.weight[i * most + k] = total == 0 ? 0 : t.weight[i * most + k] / total;
            }
        }
        return t;
    }

    /** Keys' cubic convolution kernel (1981) at distance x. */
    private static double keys(double x, double a) {
        double d = Math.abs(x);
        return d < 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
    }
}
