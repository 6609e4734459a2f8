package dev.kerf.tornado.kernel.dense;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Activations;
import dev.kerf.tornado.kernel.Range;
import dev.kerf.tornado.kernel.Vectors;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.vectors.Float4;

/**
 * Convolution without tiles, for depthwise layers and for few channels on either side. Shapes are those of {@link Conv2d},
 * with panels of four output channels, which may be the phases of a transposed convolution. A work-item makes one panel of four
 * pixels, a quarter of the plane apart.
 */
public final class Conv2dDirect implements JavaKernel {
    private static final int TILE_M = 4;
    private static final int PIXELS = 4;

    @Override
    public TaskPackage task(TaskArguments a) {
        Vectors.require(a, "TILE_M", TILE_M);
        Vectors.require(a, "PIXELS", PIXELS);
        return new TaskPackage(a.id(), Conv2dDirect::convolve, a.context(), a.scalars("x_off", "x_sn", "w_off", "b_off",
                "r_off", "r_sn", "y_off", "y_sn", "C", "H", "W", "O", "P", "Q", "KH", "KW", "row_first", "col_first",
                "row_step", "col_step", "row_tap", "col_tap", "y_plane", "y_width", "y_row_first", "y_col_first",
                "y_row_step", "y_col_step", "act", "has_bias", "has_residual", "groups", "phases"),
                a.floats("x"), a.floats("w"),
                a.floats("b"), a.floats("r"), a.floats("y"));
    }

    static void convolve(KernelContext context, IntArray s, FloatArray x, FloatArray w, FloatArray b, FloatArray r,
            FloatArray y) {
        float[] done = new float[TILE_M * PIXELS];
        int channels = s.get(8);
        int height = s.get(9);
        int width = s.get(10);
        int outputs = s.get(11);
        int across = s.get(13);
        int pixels = s.get(12) * across;
        int plane = height * width;
        int taps = s.get(14) * s.get(15);
        int span = (pixels + PIXELS - 1) / PIXELS;
        int panels = (outputs + TILE_M - 1) / TILE_M;
        int all = context.globalIdx / span;
        int first = context.globalIdx % span;
        int group = all / panels;
        int panel = all % panels;
        if (group < s.get(31)) {
            int image = s.get(0) + context.groupIdy * s.get(1) + group * channels * plane;
            int weights = s.get(2) + all * taps * channels * TILE_M;
            Float4 a0 = new Float4(0, 0, 0, 0);
            Float4 a1 = new Float4(0, 0, 0, 0);
            Float4 a2 = new Float4(0, 0, 0, 0);
            Float4 a3 = new Float4(0, 0, 0, 0);
            for (int tap = 0; tap < taps; tap++) {
                int u = s.get(16) + tap / s.get(15) * s.get(20);
                int v = s.get(17) + tap % s.get(15) * s.get(21);
                int u0 = first / across * s.get(18) + u;
                int v0 = first % across * s.get(19) + v;
                int u1 = (first + span) / across * s.get(18) + u;
                int v1 = (first + span) % across * s.get(19) + v;
                int u2 = (first + 2 * span) / across * s.get(18) + u;
                int v2 = (first + 2 * span) % across * s.get(19) + v;
                int u3 = (first + 3 * span) / across * s.get(18) + u;
                int v3 = (first + 3 * span) % across * s.get(19) + v;
                int missing0 = Range.outside(u0, height) + Range.outside(v0, width);
                int missing1 = Range.outside(u1, height) + Range.outside(v1, width);
                int missing2 = Range.outside(u2, height) + Range.outside(v2, width);
                int missing3 = Range.outside(u3, height) + Range.outside(v3, width);
                for (int c = 0; c < channels; c++) {
                    int from = image + c * plane;
                    float x0 = 0;
                    float x1 = 0;
                    float x2 = 0;
                    float x3 = 0;
                    if (missing0 == 0) {
                        x0 = x.get(from + u0 * width + v0);
                    }
                    if (missing1 == 0) {
                        x1 = x.get(from + u1 * width + v1);
                    }
                    if (missing2 == 0) {
                        x2 = x.get(from + u2 * width + v2);
                    }
                    if (missing3 == 0) {
                        x3 = x.get(from + u3 * width + v3);
                    }
                    int at = weights + (tap * channels + c) * TILE_M;
                    Float4 four = new Float4(w.get(at), w.get(at + 1), w.get(at + 2), w.get(at + 3));
                    a0 = Float4.add(Float4.mult(four, x0), a0);
                    a1 = Float4.add(Float4.mult(four, x1), a1);
                    a2 = Float4.add(Float4.mult(four, x2), a2);
                    a3 = Float4.add(Float4.mult(four, x3), a3);
                }
            }
            for (int m = 0; m < TILE_M; m++) {
                done[m * PIXELS] = a0.get(m);
                done[m * PIXELS + 1] = a1.get(m);
                done[m * PIXELS + 2] = a2.get(m);
                done[m * PIXELS + 3] = a3.get(m);
            }
            for (int e = 0; e < TILE_M * PIXELS; e++) {
                int m = panel * TILE_M + e / PIXELS;
                int p = first + e % PIXELS * span;
                if (Range.outside(m, outputs) + Range.outside(p, pixels) == 0) {
                    int o = group * (outputs / s.get(32)) + m / s.get(32);
                    int phase = m % s.get(32);
                    int at = o * s.get(22) + (p / across * s.get(26) + s.get(24) + phase / s.get(27)) * s.get(23)
                            + p % across * s.get(27) + s.get(25) + phase % s.get(27);
                    float sum = done[e];
                    if (s.get(29) != 0) {
                        sum += b.get(s.get(3) + o);
                    }
                    if (s.get(30) != 0) {
                        sum += r.get(s.get(4) + context.groupIdy * s.get(5) + at);
                    }
                    y.set(s.get(6) + context.groupIdy * s.get(7) + at, Activations.activate(s.get(28), sum));
                }
            }
        }
    }
}
