package dev.kerf.tornado.kernel.dense;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Activations;
import dev.kerf.tornado.kernel.Vectors;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * y = act(alpha · a · b + bias + r) for CPU-type devices: a work-item a group, vectors of 16 and no barriers. a (M, K) or
 * transposed, b (K, N) or transposed, bias (N), r and y (batch, M, N); batches tells where the operands of each product
 * lie. With HAS_A_COUNT or HAS_B_COUNT the counts limit the terms.
 *
 * <p>A work-item makes BLOCK_M rows of TILES strips of STRIP columns. It copies BLOCK_K rows of b, strip by strip, and
 * as many columns of a for TILE_M rows at a time, multiplies these with all sums of a strip in registers, and keeps
 * unfinished sums in local memory. Each step of the inner loop is 16 fused multiply-adds of vectors for 2 vectors and 8
 * numbers read; it stands here in full since TornadoVM inlines no method of its size.
 */
public final class MatmulCpu implements JavaKernel {
    private static final int TILE_M = 8;
    private static final int STRIP = 32;
    private static final int TILES = 8;
    private static final int BLOCK_K = 128;
    private static final int BLOCK_M = 128;

    @Override
    public TaskPackage task(TaskArguments a) {
        Vectors.require(a, "TILE_M", TILE_M);
        Vectors.require(a, "TILE_V", STRIP / 16);
        Vectors.require(a, "TILES", TILES);
        Vectors.require(a, "BLOCK_K", BLOCK_K);
        Vectors.require(a, "BLOCK_M", BLOCK_M);
        return new TaskPackage(a.id(), MatmulCpu::product, a.context(), a.scalars("a_off", "b_off", "bias_off", "r_off",
                "y_off", "a_count_off", "b_count_off", "M", "N", "K"), a.floats("a"), a.floats("b"), a.floats("bias"),
                a.floats("r"), a.floats("y"), a.longs("batches"), a.ints("a_count"), a.ints("b_count"), a.real("alpha"),
                a.definition("TRANSPOSE_A"), a.definition("TRANSPOSE_B"), a.definition("ACT"), a.definition("HAS_BIAS"),
                a.definition("HAS_RESIDUAL"), a.definition("HAS_A_COUNT") + 2 * a.definition("HAS_B_COUNT"));
    }

    static void product(KernelContext context, IntArray s, FloatArray a, FloatArray b, FloatArray bias, FloatArray r,
            FloatArray y, LongArray batches, IntArray aCount, IntArray bCount, float alpha, int transposeA,
            int transposeB, int act, int hasBias, int hasResidual, int hasCounts) {
        float[] columns = context.allocateFloatLocalArray(TILES * BLOCK_K * STRIP);
        float[] sums = context.allocateFloatLocalArray(TILES * BLOCK_M * STRIP);
        float[] panel = context.allocateFloatLocalArray(BLOCK_K * TILE_M);
        float[] done = context.allocateFloatLocalArray(TILE_M * STRIP);
        int rows = s.get(7);
        int width = s.get(8);
        int depth = s.get(9);
        int item = context.groupIdz;
        int aItem = (int) batches.get(2 * item);
        int bItem = (int) batches.get(2 * item + 1);
        int all = depth;
        if (hasCounts % 2 != 0) {
            all = TornadoMath.min(all, aCount.get(s.get(5) + aItem / (rows * depth)));
        }
        if (hasCounts > 1) {
            all = TornadoMath.min(all, bCount.get(s.get(6) + bItem / (width * depth)));
        }
        int aFrom = s.get(0) + aItem;
        int bFrom = s.get(1) + bItem;
        int result = item * rows * width;
        int mFirst = context.groupIdy * BLOCK_M;
        int mEnd = TornadoMath.min(rows, mFirst + BLOCK_M);
        int first = context.groupIdx * TILES * STRIP;
        int tiles = TornadoMath.min(TILES, (width - first + STRIP - 1) / STRIP);
        for (int i = 0; i < TILES * BLOCK_M * STRIP; i++) {
            sums[i] = 0;
        }
        int blocks = TornadoMath.max((all + BLOCK_K - 1) / BLOCK_K, 1);
        for (int block = 0; block < blocks; block++) {
            int kFirst = block * BLOCK_K;
            int terms = TornadoMath.min(BLOCK_K, all - kFirst);
            for (int t = 0; t < tiles; t++) {
                int nFirst = first + t * STRIP;
                int to = t * BLOCK_K * STRIP;
                if (transposeB != 0) {
                    for (int j = 0; j < STRIP; j++) {
                        int from = bFrom + TornadoMath.min(nFirst + j, width - 1) * depth + kFirst;
                        for (int k = 0; k < terms; k++) {
                            columns[to + k * STRIP + j] = b.get(from + k);
                        }
                    }
                } else {
                    if (nFirst + STRIP <= width) {
                        for (int k = 0; k < terms; k++) {
                            int from = bFrom + (kFirst + k) * width + nFirst;
                            for (int j = 0; j < STRIP; j++) {
                                columns[to + k * STRIP + j] = b.get(from + j);
                            }
                        }
                    } else {
                        for (int k = 0; k < terms; k++) {
                            int from = bFrom + (kFirst + k) * width;
                            for (int j = 0; j < STRIP; j++) {
                                columns[to + k * STRIP + j] = b.get(from + TornadoMath.min(nFirst + j, width - 1));
                            }
                        }
                    }
                }
            }
            for (int m = mFirst; m < mEnd; m += TILE_M) {
                if (transposeA != 0) {
                    for (int k = 0; k < terms; k++) {
                        int from = aFrom + (kFirst + k) * rows;
                        for (int i = 0; i < TILE_M; i++) {
                            panel[k * TILE_M + i] = a.get(from + TornadoMath.min(m + i, rows - 1));
                        }
                    }
                } else {
                    for (int i = 0; i < TILE_M; i++) {
                        int from = aFrom + TornadoMath.min(m + i, rows - 1) * depth + kFirst;
                        for (int k = 0; k < terms; k++) {
                            panel[k * TILE_M + i] = a.get(from + k);
                        }
                    }
                }
                for (int t = 0; t < tiles; t++) {
                    int sum = (t * BLOCK_M + m - mFirst) * STRIP;
                    int column = t * BLOCK_K * STRIP;
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
                        int at = k * TILE_M;
                        int c = column + k * STRIP;
                        Float16 x0 = new Float16(columns[c], columns[c + 1], columns[c + 2], columns[c + 3],
                                columns[c + 4], columns[c + 5], columns[c + 6], columns[c + 7], columns[c + 8],
                                columns[c + 9], columns[c + 10], columns[c + 11], columns[c + 12], columns[c + 13],
                                columns[c + 14], columns[c + 15]);
                        Float16 x1 = new Float16(columns[c + 16], columns[c + 17], columns[c + 18], columns[c + 19],
                                columns[c + 20], columns[c + 21], columns[c + 22], columns[c + 23], columns[c + 24],
                                columns[c + 25], columns[c + 26], columns[c + 27], columns[c + 28], columns[c + 29],
                                columns[c + 30], columns[c + 31]);
                        Float16 w0 = Vectors.all(panel[at]);
                        a00 = Vectors.fma(w0, x0, a00);
                        a01 = Vectors.fma(w0, x1, a01);
                        Float16 w1 = Vectors.all(panel[at + 1]);
                        a10 = Vectors.fma(w1, x0, a10);
                        a11 = Vectors.fma(w1, x1, a11);
                        Float16 w2 = Vectors.all(panel[at + 2]);
                        a20 = Vectors.fma(w2, x0, a20);
                        a21 = Vectors.fma(w2, x1, a21);
                        Float16 w3 = Vectors.all(panel[at + 3]);
                        a30 = Vectors.fma(w3, x0, a30);
                        a31 = Vectors.fma(w3, x1, a31);
                        Float16 w4 = Vectors.all(panel[at + 4]);
                        a40 = Vectors.fma(w4, x0, a40);
                        a41 = Vectors.fma(w4, x1, a41);
                        Float16 w5 = Vectors.all(panel[at + 5]);
                        a50 = Vectors.fma(w5, x0, a50);
                        a51 = Vectors.fma(w5, x1, a51);
                        Float16 w6 = Vectors.all(panel[at + 6]);
                        a60 = Vectors.fma(w6, x0, a60);
                        a61 = Vectors.fma(w6, x1, a61);
                        Float16 w7 = Vectors.all(panel[at + 7]);
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
                        int n = first + t * STRIP;
                        int columnsDone = TornadoMath.min(STRIP, width - n);
                        int rowsDone = TornadoMath.min(TILE_M, rows - m);
                        for (int i = 0; i < rowsDone; i++) {
                            int at = result + (m + i) * width + n;
                            for (int j = 0; j < columnsDone; j++) {
                                float f = alpha * sums[sum + i * STRIP + j];
                                if (hasBias != 0) {
                                    f += bias.get(s.get(2) + n + j);
                                }
                                if (hasResidual != 0) {
                                    f += r.get(s.get(3) + at + j);
                                }
                                y.set(s.get(4) + at + j, Activations.activate(act, f));
                            }
                        }
                    }
                }
            }
        }
    }
}
