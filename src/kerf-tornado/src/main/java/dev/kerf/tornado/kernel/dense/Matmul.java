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
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.vectors.Float4;

/**
 * y = act(alpha · a · b + bias + r) over a batch; shapes are those of {@link MatmulCpu}. A group of work-items makes
 * TILE_M × TILE_N elements, TILE_K terms in local memory at a time; each of them 8 × 8 sums in registers.
 * {@link MatmulParts} is the same with another end.
 */
public final class Matmul implements JavaKernel {
    private static final int TILE_M = 64;
    private static final int TILE_N = 64;
    private static final int TILE_K = 16;
    private static final int WORK = 8;
    private static final int ITEMS_N = TILE_N / WORK;
    private static final int ITEMS = TILE_M / WORK * ITEMS_N;
    // Four more floats a row keep the rows that a transposing copy writes at once in different banks.
    private static final int PITCH = TILE_N + 4;

    private static final List<String> SCALARS = List.of("a_off", "b_off", "bias_off", "r_off", "y_off", "a_count_off",
            "b_count_off", "M", "N", "K", "act", "has_bias", "has_residual", "has_a_count", "has_b_count");

    @Override
    public TaskPackage task(TaskArguments a) {
        return task(a, "y", List.of());
    }

    /**
     * The task of a kernel with these tiles.
     *
     * @param y     argument that the sums go to
     * @param split batch and parts, where y takes parts of the sums; otherwise nothing
     */
    static TaskPackage task(TaskArguments a, String y, List<String> split) {
        Vectors.require(a, "TILE_M", TILE_M);
        Vectors.require(a, "TILE_N", TILE_N);
        Vectors.require(a, "TILE_K", TILE_K);
        Vectors.require(a, "WORK_M", WORK);
        Vectors.require(a, "WORK_N", WORK);
        String[] scalars = Stream.concat(SCALARS.stream().map(n -> n.equals("y_off") ? y + "_off" : n), split.stream())
                .toArray(String[]::new);
        return new TaskPackage(a.id(), Matmul::product, a.context(), a.scalars(scalars), a.floats("a"), a.floats("b"),
                a.floats("bias"), a.floats("r"), a.floats(y), a.longs("batches"), a.ints("a_count"), a.ints("b_count"),
                a.real("alpha"), a.definition("TRANSPOSE_A"), a.definition("TRANSPOSE_B"), split.size());
    }

    static void product(KernelContext context, IntArray s, FloatArray a, FloatArray b, FloatArray bias, FloatArray r,
            FloatArray y, LongArray batches, IntArray aCount, IntArray bCount, float alpha, int transposeA,
            int transposeB, int split) {
        float[] aTile = context.allocateFloatLocalArray(TILE_K * PITCH);
        float[] bTile = context.allocateFloatLocalArray(TILE_K * PITCH);
        float[] done = new float[WORK * WORK];
        int item = context.localIdx;
        int itemN = item % ITEMS_N;
        int itemM = item / ITEMS_N;
        int rows = s.get(7);
        int width = s.get(8);
        int depth = s.get(9);
        int across = (width + TILE_N - 1) / TILE_N;
        int parts = 1;
        if (split != 0) {
            parts = s.get(16);
        }
        int part = context.groupIdx % parts;
        int place = context.groupIdx / parts;
        int nFirst = place % across * TILE_N;
        int mFirst = place / across * TILE_M;
        int aItem = (int) batches.get(2 * context.groupIdy);
        int bItem = (int) batches.get(2 * context.groupIdy + 1);
        int all = depth;
        if (s.get(13) != 0) {
            all = TornadoMath.min(all, aCount.get(s.get(5) + aItem / (rows * depth)));
        }
        if (s.get(14) != 0) {
            all = TornadoMath.min(all, bCount.get(s.get(6) + bItem / (width * depth)));
        }
        int aFrom = s.get(0) + aItem;
        int bFrom = s.get(1) + bItem;
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
        int steps = (depth + TILE_K - 1) / TILE_K;
        int end = TornadoMath.min(all, steps * (part + 1) / parts * TILE_K);
        for (int first = steps * part / parts * TILE_K; first < end; first += TILE_K) {
            int terms = TornadoMath.min(TILE_K, end - first);
            for (int e = item; e < TILE_K * TILE_M; e += ITEMS) {
                int k = transposeA != 0 ? e / TILE_M : e % TILE_K;
                int m = transposeA != 0 ? e % TILE_M : e / TILE_K;
                float value = 0;
                if (Range.outside(k, terms) + Range.outside(mFirst + m, rows) == 0) {
                    value = a.get(aFrom + (transposeA != 0
                            ? (first + k) * rows + mFirst + m
                            : (mFirst + m) * depth + first + k));
                }
                aTile[k * PITCH + m] = value;
            }
            for (int e = item; e < TILE_K * TILE_N; e += ITEMS) {
                int k = transposeB != 0 ? e % TILE_K : e / TILE_N;
                int n = transposeB != 0 ? e / TILE_K : e % TILE_N;
                float value = 0;
                if (Range.outside(k, terms) + Range.outside(nFirst + n, width) == 0) {
                    value = b.get(bFrom + (transposeB != 0
                            ? (nFirst + n) * depth + first + k
                            : (first + k) * width + nFirst + n));
                }
                bTile[k * PITCH + n] = value;
            }
            context.localBarrier();
            for (int k = 0; k < terms; k++) {
                int wAt = k * PITCH + itemM * WORK;
                int xAt = k * PITCH + itemN * 4;
                float w0 = aTile[wAt];
                float w1 = aTile[wAt + 1];
                float w2 = aTile[wAt + 2];
                float w3 = aTile[wAt + 3];
                float w4 = aTile[wAt + 4];
                float w5 = aTile[wAt + 5];
                float w6 = aTile[wAt + 6];
                float w7 = aTile[wAt + 7];
                Float4 x0 = new Float4(bTile[xAt], bTile[xAt + 1], bTile[xAt + 2], bTile[xAt + 3]);
                Float4 x1 = new Float4(bTile[xAt + TILE_N / 2], bTile[xAt + TILE_N / 2 + 1],
                        bTile[xAt + TILE_N / 2 + 2], bTile[xAt + TILE_N / 2 + 3]);
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
            int m = mFirst + itemM * WORK + e / WORK;
            int n = nFirst + e % WORK / 4 * (TILE_N / 2) + itemN * 4 + e % 4;
            if (Range.outside(m, rows) + Range.outside(n, width) == 0) {
                if (split != 0) {
                    int items = part * s.get(15) + context.groupIdy;
                    y.set(s.get(4) + (items * rows + m) * width + n, alpha * done[e]);
                } else {
                    int at = (context.groupIdy * rows + m) * width + n;
                    float sum = alpha * done[e];
                    if (s.get(11) != 0) {
                        sum += bias.get(s.get(2) + n);
                    }
                    if (s.get(12) != 0) {
                        sum += r.get(s.get(3) + at);
                    }
                    y.set(s.get(4) + at, Activations.activate(s.get(10), sum));
                }
            }
        }
    }
}
