package dev.kerf.tornado.kernel.dense;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Activations;
import dev.kerf.tornado.kernel.Range;
import dev.kerf.tornado.kernel.Vectors;
import java.util.List;
import java.util.stream.Stream;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.vectors.Float4;

/**
 * Convolution, and each phase of a transposed one, as an implicit matrix product. Shapes are those of {@link Conv2dCpu},
 * but w is (groups, ceil(O / TILE_M), KH·KW, C, TILE_M). A group of work-items makes TILE_M output channels of TILE_N
 * pixels, TILE_K terms in local memory at a time; each of them 8 × 8 sums in registers. {@link Conv2dPhases} and
 * {@link Conv2dParts} are the same with other ends.
 */
public final class Conv2d implements JavaKernel {
    private static final int TILE_M = 64;
    private static final int TILE_N = 64;
    private static final int TILE_K = 16;
    private static final int WORK = 8;
    private static final int ITEMS_N = TILE_N / WORK;
    private static final int ITEMS = TILE_M / WORK * ITEMS_N;

    private static final List<String> SCALARS = List.of("x_off", "x_sn", "w_off", "b_off", "r_off", "r_sn", "y_off", "y_sn",
            "C",
            "H", "W", "O", "P", "Q", "KH", "KW", "row_first", "col_first", "row_step", "col_step", "row_tap", "col_tap",
            "y_plane",
            "y_width", "y_row_first", "y_col_first", "y_row_step", "y_col_step", "act", "has_bias", "has_residual");

    @Override
    public TaskPackage task(TaskArguments a) {
        return task(a, "y", 1, List.of());
    }

    /**
     * The task of a kernel with these tiles.
     *
     * @param y      argument that the sums go to
     * @param phases of a transposed convolution made at once: 1 or 4
     * @param split  groups, N and parts, where y takes parts of the sums; otherwise nothing
     */
    static TaskPackage task(TaskArguments a, String y, int phases, List<String> split) {
        Vectors.require(a, "TILE_M", TILE_M);
        Vectors.require(a, "TILE_N", TILE_N);
        Vectors.require(a, "TILE_K", TILE_K);
        Vectors.require(a, "WORK_M", WORK);
        Vectors.require(a, "WORK_N", WORK);
        String[] scalars = Stream.concat(SCALARS.stream().map(n -> n.equals("y_off") ? y + "_off" : n), split.stream())
                .toArray(String[]::new);
        return new TaskPackage(a.id(), Conv2d::convolve, a.context(), a.scalars(scalars), a.floats("x"), a.floats("w"),
                a.floats("b"), a.floats("r"), a.floats(y), phases, split.size());
    }

    static void convolve(KernelContext context, IntArray s, FloatArray x, FloatArray w, FloatArray b, FloatArray r,
            FloatArray y, int phases, int split) {
        float[] weightTile = context.allocateFloatLocalArray(TILE_K * TILE_M);
        float[] imageTile = context.allocateFloatLocalArray(TILE_K * TILE_N);
        float[] done = new float[WORK * WORK];
        int item = context.localIdx;
        int itemN = item % ITEMS_N;
        int itemM = item / ITEMS_N;
        int channels = s.get(8);
        int height = s.get(9);
        int width = s.get(10);
        int outputs = s.get(11);
        int across = s.get(13);
        int pixels = s.get(12) * across;
        int plane = height * width;
        int taps = s.get(14) * s.get(15);
        int panels = (outputs + TILE_M - 1) / TILE_M;
        int group = context.groupIdy / panels;
        int panel = context.groupIdy % panels;
        int parts = 1;
        if (split != 0) {
            parts = s.get(33);
        }
        int part = context.groupIdx % parts;
        int place = context.groupIdx / parts;
        // The one pixel that this item gathers.
        int pixel = place * TILE_N + item;
        int row = pixel / across * s.get(18) + s.get(16);
        int col = pixel % across * s.get(19) + s.get(17);
        int image = s.get(0) + context.groupIdz * s.get(1) + group * channels * plane;
        int weights = s.get(2) + (group * panels + panel) * taps * channels * TILE_M;
        Float4 a00 = new Float4(0, 0, 0, 0);
        Float4 a01 = new Float4(0, 0, 0, 0);
        Float4 a10 = new Float4(0, 0, 0, 0);
        Float4 a11 = new Float4(0, 0, 0, 0);
        Float4 a20 = new Float4(0, 0, 0, 0);
        Float4 a21 = new Float4(0, 0, 0, 0);
        Float4 a30 = new Float4(0, 0, 0, 0);
        Float4 a31 = new Float4(0, 0, 0, 0);
        Float4 a40 = new Float4(0, 0, 0, 0);
        Float4 a41 = new Float4(0, 0, 0, 0);
        Float4 a50 = new Float4(0, 0, 0, 0);
        Float4 a51 = new Float4(0, 0, 0, 0);
        Float4 a60 = new Float4(0, 0, 0, 0);
        Float4 a61 = new Float4(0, 0, 0, 0);
        Float4 a70 = new Float4(0, 0, 0, 0);
        Float4 a71 = new Float4(0, 0, 0, 0);
        int tapSteps = (channels + TILE_K - 1) / TILE_K;
        int end = taps * tapSteps * (part + 1) / parts;
        for (int step = taps * tapSteps * part / parts; step < end; step++) {
            int tap = step / tapSteps;
            int c = step % tapSteps * TILE_K;
            int u = row + tap / s.get(15) * s.get(20);
            int v = col + tap % s.get(15) * s.get(21);
            int missing = Range.outside(pixel, pixels) + Range.outside(u, height) + Range.outside(v, width);
            int terms = TornadoMath.min(TILE_K, channels - c);
            for (int k = 0; k < terms; k++) {
                float value = 0;
                if (missing == 0) {
                    value = x.get(image + (c + k) * plane + u * width + v);
                }
                imageTile[k * TILE_N + item] = value;
                weightTile[k * TILE_M + item] = w.get(weights + ((tap * channels + c + k) * TILE_M) + item);
            }
            context.localBarrier();
            for (int k = 0; k < terms; k++) {
                int wAt = k * TILE_M + itemM * WORK;
                int xAt = k * TILE_N + itemN * 4;
                float w0 = weightTile[wAt];
                float w1 = weightTile[wAt + 1];
                float w2 = weightTile[wAt + 2];
                float w3 = weightTile[wAt + 3];
                float w4 = weightTile[wAt + 4];
                float w5 = weightTile[wAt + 5];
                float w6 = weightTile[wAt + 6];
                float w7 = weightTile[wAt + 7];
                Float4 x0 = new Float4(imageTile[xAt], imageTile[xAt + 1], imageTile[xAt + 2], imageTile[xAt + 3]);
                Float4 x1 = new Float4(imageTile[xAt + TILE_N / 2], imageTile[xAt + TILE_N / 2 + 1],
                        imageTile[xAt + TILE_N / 2 + 2], imageTile[xAt + TILE_N / 2 + 3]);
                a00 = Float4.add(Float4.mult(x0, w0), a00);
                a01 = Float4.add(Float4.mult(x1, w0), a01);
                a10 = Float4.add(Float4.mult(x0, w1), a10);
                a11 = Float4.add(Float4.mult(x1, w1), a11);
                a20 = Float4.add(Float4.mult(x0, w2), a20);
                a21 = Float4.add(Float4.mult(x1, w2), a21);
                a30 = Float4.add(Float4.mult(x0, w3), a30);
                a31 = Float4.add(Float4.mult(x1, w3), a31);
                a40 = Float4.add(Float4.mult(x0, w4), a40);
                a41 = Float4.add(Float4.mult(x1, w4), a41);
                a50 = Float4.add(Float4.mult(x0, w5), a50);
                a51 = Float4.add(Float4.mult(x1, w5), a51);
                a60 = Float4.add(Float4.mult(x0, w6), a60);
                a61 = Float4.add(Float4.mult(x1, w6), a61);
                a70 = Float4.add(Float4.mult(x0, w7), a70);
                a71 = Float4.add(Float4.mult(x1, w7), a71);
            }
            context.localBarrier();
        }
        for (int l = 0; l < 4; l++) {
            done[l] = a00.get(l);
            done[4 + l] = a01.get(l);
        }
        for (int l = 0; l < 4; l++) {
            done[8 + l] = a10.get(l);
            done[12 + l] = a11.get(l);
        }
        for (int l = 0; l < 4; l++) {
            done[16 + l] = a20.get(l);
            done[20 + l] = a21.get(l);
        }
        for (int l = 0; l < 4; l++) {
            done[24 + l] = a30.get(l);
            done[28 + l] = a31.get(l);
        }
        for (int l = 0; l < 4; l++) {
            done[32 + l] = a40.get(l);
            done[36 + l] = a41.get(l);
        }
        for (int l = 0; l < 4; l++) {
            done[40 + l] = a50.get(l);
            done[44 + l] = a51.get(l);
        }
        for (int l = 0; l < 4; l++) {
            done[48 + l] = a60.get(l);
            done[52 + l] = a61.get(l);
        }
        for (int l = 0; l < 4; l++) {
            done[56 + l] = a70.get(l);
            done[60 + l] = a71.get(l);
        }
        for (int e = 0; e < WORK * WORK; e++) {
            int m = panel * TILE_M + itemM * WORK + e / WORK;
            int p = place * TILE_N + e % WORK / 4 * (TILE_N / 2) + itemN * 4 + e % 4;
            if (Range.outside(m, outputs) + Range.outside(p, pixels) == 0) {
                if (split != 0) {
                    int rows = ((part * s.get(32) + context.groupIdz) * s.get(31) + group) * outputs;
                    y.set(s.get(6) + (rows + m) * pixels + p, done[e]);
                } else {
                    // Of a channel with phases, m % phases is 2 · row + column among them.
                    int o = group * (outputs / phases) + m / phases;
                    int at = o * s.get(22) + (p / across * s.get(26) + s.get(24) + m % phases / 2) * s.get(23)
                            + p % across * s.get(27) + s.get(25) + m % phases % 2;
                    float sum = done[e];
                    if (s.get(29) != 0) {
                        sum += b.get(s.get(3) + o);
                    }
                    if (s.get(30) != 0) {
                        sum += r.get(s.get(4) + context.groupIdz * s.get(5) + at);
                    }
                    y.set(s.get(6) + context.groupIdz * s.get(7) + at, Activations.activate(s.get(28), sum));
                }
            }
        }
    }
}
