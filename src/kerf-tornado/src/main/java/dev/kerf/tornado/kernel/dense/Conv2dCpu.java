package dev.kerf.tornado.kernel.dense;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Activations;
import dev.kerf.tornado.kernel.Range;
import dev.kerf.tornado.kernel.Vectors;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Convolution, and each phase of a transposed one, for CPU-type devices: a work-item a group, vectors of 16 and no
 * barriers. x: N images, x_sn apart, of (groups, C, H, W); w (groups, ceil(O / TILE_M), C, KH·KW, TILE_M); y and the
 * residual r: N images of (groups, O, y_plane). Output (p, q) reads row p · row_step + row_first + u · row_tap for tap u
 * and is written to row p · y_row_step + y_row_first of y_width; columns likewise.
 *
 * <p>A work-item makes BLOCK_M output channels of TILES strips of STRIP pixels. It copies BLOCK_K terms of the sum for
 * one strip into packed rows (im2col of a strip that stays in the first-level cache), runs all its channels over them,
 * TILE_M at a time with all sums in registers, and keeps unfinished sums in local memory. The inner loop is that of
 * {@link MatmulCpu}.
 */
public final class Conv2dCpu implements JavaKernel {
    private static final int TILE_M = 8;
    private static final int STRIP = 32;
    private static final int TILES = 4;
    private static final int BLOCK_K = 144;
    private static final int BLOCK_M = 256;
    private static final int PANELS = BLOCK_M / TILE_M;

    @Override
    public TaskPackage task(TaskArguments a) {
        Vectors.require(a, "TILE_M", TILE_M);
        Vectors.require(a, "TILE_V", STRIP / 16);
        Vectors.require(a, "TILES", TILES);
        Vectors.require(a, "BLOCK_K", BLOCK_K);
        Vectors.require(a, "BLOCK_M", BLOCK_M);
        return new TaskPackage(a.id(), Conv2dCpu::convolve, a.context(), a.scalars("x_off", "x_sn", "w_off", "b_off",
                "r_off", "r_sn", "y_off", "y_sn", "C", "H", "W", "O", "P", "Q", "KH", "KW", "row_first", "col_first",
                "row_step", "col_step", "row_tap", "col_tap", "y_plane", "y_width", "y_row_first", "y_col_first",
                "y_row_step", "y_col_step"), a.floats("x"), a.floats("w"), a.floats("b"), a.floats("r"), a.floats("y"),
                a.definition("ACT"), a.definition("HAS_BIAS"), a.definition("HAS_RESIDUAL"));
    }

    static void convolve(KernelContext context, IntArray s, FloatArray x, FloatArray w, FloatArray b, FloatArray r,
            FloatArray y, int act, int hasBias, int hasResidual) {
        float[] patch = context.allocateFloatLocalArray(BLOCK_K * STRIP);
        float[] sums = context.allocateFloatLocalArray(TILES * BLOCK_M * STRIP);
        float[] done = context.allocateFloatLocalArray(TILE_M * STRIP);
        int channels = s.get(8);
        int height = s.get(9);
        int width = s.get(10);
        int outputs = s.get(11);
        int across = s.get(13);
        int pixels = s.get(12) * across;
        int taps = s.get(14) * s.get(15);
        int plane = height * width;
        int depth = taps * channels;
        int blocksM = (outputs + BLOCK_M - 1) / BLOCK_M;
        int panels = (outputs + TILE_M - 1) / TILE_M;
        int group = context.groupIdy / blocksM;
        int panelFirst = context.groupIdy % blocksM * PANELS;
        int panelEnd = TornadoMath.min(panels, panelFirst + PANELS);
        int image = s.get(0) + context.groupIdz * s.get(1) + group * channels * plane;
        int weights = s.get(2) + group * panels * TILE_M * depth;
        int scattered = TornadoMath.abs(s.get(26) - 1) + TornadoMath.abs(s.get(27) - 1)
                + TornadoMath.abs(across - s.get(23));
        int blocks = TornadoMath.max((depth + BLOCK_K - 1) / BLOCK_K, 1);
        int first = context.groupIdx * TILES * STRIP;
        int tiles = TornadoMath.min(TILES, (pixels - first + STRIP - 1) / STRIP);
        int rows = (panelEnd - panelFirst) * TILE_M;
        for (int e = 0; e < tiles * rows; e++) {
            int o = e % rows;
            float bias = 0;
            if (hasBias != 0) {
                bias = b.get(s.get(3) + group * outputs + TornadoMath.min(panelFirst * TILE_M + o, outputs - 1));
            }
            for (int j = 0; j < STRIP; j++) {
                sums[(e / rows * BLOCK_M + o) * STRIP + j] = bias;
            }
        }
        for (int block = 0; block < blocks; block++) {
            int kFirst = block * BLOCK_K;
            int terms = TornadoMath.min(BLOCK_K, depth - kFirst);
            for (int t = 0; t < tiles; t++) {
                int strip = first + t * STRIP;
                int row = strip / across;
                int col = strip % across;
                // Tap by tap, so that what depends on the place is worked out once.
                for (int tap = 0; tap < taps; tap++) {
                    int cFirst = TornadoMath.max(kFirst - tap + taps - 1, 0) / taps;
                    int cEnd = (kFirst + terms - tap + taps - 1) / taps;
                    int tapRow = s.get(16) + tap / s.get(15) * s.get(20);
                    int tapCol = s.get(17) + tap % s.get(15) * s.get(21);
                    int inRow = row * s.get(18) + tapRow;
                    int inCol = col * s.get(19) + tapCol;
                    // One number instead of a chain of conditions, for which TornadoVM makes wrong code.
                    int edges = Range.outside(inRow, height) + Range.outside(inCol, width - STRIP + 1)
                            + Range.outside(col, across - STRIP + 1) + TornadoMath.abs(s.get(19) - 1);
                    if (edges == 0) {
                        int from = image + inRow * width + inCol;
                        for (int c = cFirst; c < cEnd; c++) {
                            int to = (c * taps + tap - kFirst) * STRIP;
                            for (int j = 0; j < STRIP; j++) {
                                patch[to + j] = x.get(from + c * plane + j);
                            }
                        }
                    } else {
                        for (int j = 0; j < STRIP; j++) {
                            int u = (strip + j) / across * s.get(18) + tapRow;
                            int v = (strip + j) % across * s.get(19) + tapCol;
                            int missing = Range.outside(strip + j, pixels) + Range.outside(u, height) + Range.outside(v, width);
                            for (int c = cFirst; c < cEnd; c++) {
                                float value = 0;
                                if (missing == 0) {
                                    value = x.get(image + c * plane + u * width + v);
                                }
                                patch[(c * taps + tap - kFirst) * STRIP + j] = value;
                            }
                        }
                    }
                }
                for (int m = panelFirst; m < panelEnd; m++) {
                    int sum = (t * BLOCK_M + (m - panelFirst) * TILE_M) * STRIP;
                    Float16 a00 = Vectors.all(0);
                    Float16 a01 = Vectors.all(0);
                    Float16 a10 = Vectors.all(0);
                    Float16 a11 = Vectors.all(0);
                    Float16 a20 = Vectors.all(0);
                    Float16 a21 = Vectors.all(0);
                    Float16 a30 = Vectors.all(0);
                    Float16 a31 = Vectors.all(0);
                    Float16 a40 = Vectors.all(0);
                    Float16 a41 = Vectors.all(0);
                    Float16 a50 = Vectors.all(0);
                    Float16 a51 = Vectors.all(0);
                    Float16 a60 = Vectors.all(0);
                    Float16 a61 = Vectors.all(0);
                    Float16 a70 = Vectors.all(0);
                    Float16 a71 = Vectors.all(0);
                    for (int k = 0; k < terms; k++) {
                        int at = weights + (m * depth + kFirst + k) * TILE_M;
                        int c = k * STRIP;
                        Float16 x0 = new Float16(patch[c], patch[c + 1], patch[c + 2], patch[c + 3], patch[c + 4],
                                patch[c + 5], patch[c + 6], patch[c + 7], patch[c + 8], patch[c + 9], patch[c + 10],
                                patch[c + 11], patch[c + 12], patch[c + 13], patch[c + 14], patch[c + 15]);
                        Float16 x1 = new Float16(patch[c + 16], patch[c + 17], patch[c + 18], patch[c + 19],
                                patch[c + 20], patch[c + 21], patch[c + 22], patch[c + 23], patch[c + 24],
                                patch[c + 25], patch[c + 26], patch[c + 27], patch[c + 28], patch[c + 29],
                                patch[c + 30], patch[c + 31]);
                        Float16 w0 = Vectors.all(w.get(at));
                        a00 = Vectors.fma(w0, x0, a00);
                        a01 = Vectors.fma(w0, x1, a01);
                        Float16 w1 = Vectors.all(w.get(at + 1));
                        a10 = Vectors.fma(w1, x0, a10);
                        a11 = Vectors.fma(w1, x1, a11);
                        Float16 w2 = Vectors.all(w.get(at + 2));
                        a20 = Vectors.fma(w2, x0, a20);
                        a21 = Vectors.fma(w2, x1, a21);
                        Float16 w3 = Vectors.all(w.get(at + 3));
                        a30 = Vectors.fma(w3, x0, a30);
                        a31 = Vectors.fma(w3, x1, a31);
                        Float16 w4 = Vectors.all(w.get(at + 4));
                        a40 = Vectors.fma(w4, x0, a40);
                        a41 = Vectors.fma(w4, x1, a41);
                        Float16 w5 = Vectors.all(w.get(at + 5));
                        a50 = Vectors.fma(w5, x0, a50);
                        a51 = Vectors.fma(w5, x1, a51);
                        Float16 w6 = Vectors.all(w.get(at + 6));
                        a60 = Vectors.fma(w6, x0, a60);
                        a61 = Vectors.fma(w6, x1, a61);
                        Float16 w7 = Vectors.all(w.get(at + 7));
                        a70 = Vectors.fma(w7, x0, a70);
                        a71 = Vectors.fma(w7, x1, a71);
                    }
                    for (int l = 0; l < 16; l++) {
                        done[l] = a00.get(l);
                        done[16 + l] = a01.get(l);
                    }
                    for (int l = 0; l < 16; l++) {
                        done[32 + l] = a10.get(l);
                        done[48 + l] = a11.get(l);
                    }
                    for (int l = 0; l < 16; l++) {
                        done[64 + l] = a20.get(l);
                        done[80 + l] = a21.get(l);
                    }
                    for (int l = 0; l < 16; l++) {
                        done[96 + l] = a30.get(l);
                        done[112 + l] = a31.get(l);
                    }
                    for (int l = 0; l < 16; l++) {
                        done[128 + l] = a40.get(l);
                        done[144 + l] = a41.get(l);
                    }
                    for (int l = 0; l < 16; l++) {
                        done[160 + l] = a50.get(l);
                        done[176 + l] = a51.get(l);
                    }
                    for (int l = 0; l < 16; l++) {
                        done[192 + l] = a60.get(l);
                        done[208 + l] = a61.get(l);
                    }
                    for (int l = 0; l < 16; l++) {
                        done[224 + l] = a70.get(l);
                        done[240 + l] = a71.get(l);
                    }
                    for (int e = 0; e < TILE_M * STRIP; e++) {
                        sums[sum + e] += done[e];
                    }
                    if (block == blocks - 1) {
                        int rowsDone = TornadoMath.min(TILE_M, outputs - m * TILE_M);
                        int columnsDone = TornadoMath.min(STRIP, pixels - strip);
                        for (int i = 0; i < rowsDone; i++) {
                            int at = (group * outputs + m * TILE_M + i) * s.get(22);
                            if (scattered == 0) {
                                at += s.get(24) * s.get(23) + s.get(25) + strip;
                                for (int j = 0; j < columnsDone; j++) {
                                    float f = sums[sum + i * STRIP + j];
                                    if (hasResidual != 0) {
                                        f += r.get(s.get(4) + context.groupIdz * s.get(5) + at + j);
                                    }
                                    y.set(s.get(6) + context.groupIdz * s.get(7) + at + j, Activations.activate(act, f));
                                }
                            } else {
                                for (int j = 0; j < columnsDone; j++) {
                                    int to = at + ((strip + j) / across * s.get(26) + s.get(24)) * s.get(23)
                                            + (strip + j) % across * s.get(27) + s.get(25);
                                    float f = sums[sum + i * STRIP + j];
                                    if (hasResidual != 0) {
                                        f += r.get(s.get(4) + context.groupIdz * s.get(5) + to);
                                    }
                                    y.set(s.get(6) + context.groupIdz * s.get(7) + to, Activations.activate(act, f));
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
