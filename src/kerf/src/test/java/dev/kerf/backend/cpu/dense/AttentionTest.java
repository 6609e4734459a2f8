package dev.kerf.backend.cpu.dense;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.graph.MatrixOp.Attention;
import dev.kerf.graph.TensorType;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AttentionTest {
    private static final double EPS = Math.ulp(1f) / 2;

    private static void check(
            int batch, int keyBatch, int heads, int lq, int lk, int d, int dv, int count, long... bias) {
        Attention op = new Attention(1.5f / (float) Math.sqrt(d), bias.length > 0);
        TensorType q = TensorType.f32(batch, heads, lq, d);
        TensorType k = TensorType.f32(keyBatch, heads, lk, d);
        TensorType v = TensorType.f32(keyBatch, heads, lk, dv);
        TensorType[] in = bias.length > 0
                ? new TensorType[] {q, k, v, TensorType.f32(bias)}
                : new TensorType[] {q, k, v};
        Bed bed = new Bed(new DenseKernels(), op, 2, false, lq % 3 * 5, lq * 31L + lk, in);
        if (bias.length > 0) {
            bed.set(3, i -> i % 7 == 3, Float.NEGATIVE_INFINITY);
        }
        if (count >= 0) {
            bed.count(1, count);
        }
        assertTrue(bed.run().intact(), () -> bed.node + ": wrote outside");
        compare(bed, op, count < 0 ? lk : count);
    }

    /**
     * Softmax in float64. A score is off by at most √d · ε · Σ|q·k| as a rule, which scales its weight by e to that;
     * the sums of weights and values add √keys roundings each.
     */
    private static void compare(Bed bed, Attention op, int keys) {
        int[] qs = Bed.dims(bed.node.input(0).type());
        int[] ks = Bed.dims(bed.node.input(1).type());
        int dv = Bed.dims(bed.node.input(2).type())[3];
        float[] q = bed.dense(0);
        float[] k = bed.dense(1);
        float[] v = bed.dense(2);
        Bias bias = op.bias() ? Bias.of(bed) : null;
        float[] y = bed.dense();
        int d = qs[3];
        IntStream.range(0, qs[0] * qs[1] * qs[2]).parallel().forEach(row -> {
            int i = row % qs[2];
            int h = row / qs[2] % qs[1];
            int b = row / qs[2] / qs[1];
            int first = ((ks[0] == 1 ? 0 : b) * qs[1] + h) * ks[2];
            double[] w = new double[keys];
            double top = Double.NEGATIVE_INFINITY;
            double size = 0;
            for (int j = 0; j < keys; j++) {
                double s = 0;
                double abs = 0;
                for (int c = 0; c < d; c++) {
                    double t = (double) op.scale() * q[row * d + c] * k[(first + j) * d + c];
                    s += t;
                    abs += Math.abs(t);
                }
                w[j] = s + (bias == null ? 0 : bias.at(b, h, i, j));
                top = Math.max(top, w[j]);
                size = Math.max(size, abs + 1);
            }
            double total = 0;
            for (int j = 0; j < keys; j++) {
                w[j] = top == Double.NEGATIVE_INFINITY ? 0 : Math.exp(w[j] - top);
                total += w[j];
            }
            double[] sums = new double[dv];
            double[] sizes = new double[dv];
            for (int j = 0; j < keys; j++) {
                for (int c = 0; c < dv; c++) {
                    double t = w[j] * v[(first + j) * dv + c];
                    sums[c] += t;
                    sizes[c] += Math.abs(t);
                }
            }
            double scale = 1 / (total == 0 ? 1 : total);
            for (int c = 0; c < dv; c++) {
                int at = c;
                double bound = EPS * sizes[c] * scale * (6 + 2 * Math.sqrt(d) * size + 2 * Math.sqrt(keys));
                assertEquals(sums[c] * scale, y[row * dv + c], bound, () -> bed.node + " at " + row + ", " + at);
            }
        });
    }

    /** The bias, broadcast from its extents. */
    private record Bias(float[] values, int[] extents) {
        static Bias of(Bed bed) {
            int[] extents = {1, 1, 1, 1};
            int[] own = Bed.dims(bed.node.input(3).type());
            System.arraycopy(own, 0, extents, 4 - own.length, own.length);
            return new Bias(bed.dense(3), extents);
        }

        float at(int b, int h, int i, int j) {
            return values[((b % extents[0] * extents[1] + h % extents[1]) * extents[2] + i % extents[2]) * extents[3]
                    + j % extents[3]];
        }
    }

    @Test
    void anyLengthAndDepth() {
        int[] lengths = {1, 3, 17, 64, 257};
        int[] depths = {8, 16, 32, 64, 96};
        for (int l : lengths) {
            for (int d : depths) {
                check(1, 1, 1, l, 260 - l, d, d, -1);
                check(2, 2, 1, l, l / 3 + 1, d, 104 - d, -1);
            }
        }
        check(1, 1, 1, 300, 7, 5, 1, -1);
    }

    @Test
    void keysOfOneImageForManyPrompts() {
        check(3, 1, 2, 7, 65, 16, 16, -1);
        check(3, 1, 1, 65, 7, 16, 32, 5);
    }

    @Test
    void fewQueriesOfManyKeys() {
        for (int queries : new int[] {1, 2, 7, 8, 13, 16}) {
            check(1, 1, 3, queries, 512 + queries, 16, 32, -1);
            check(2, 2, 2, queries, 300, 9, 16, -1);
            check(2, 1, 2, queries, 300, 16, 48, 260 + queries);
            check(2, 2, 1, queries, 600, 16, 16, 20 * queries);
        }
        check(1, 1, 2, 5, 300, 16, 16, 0);
    }

    @Test
    void fewKeysOfManyQueries() {
        for (int keys : new int[] {1, 2, 5, 8, 11, 16}) {
            check(1, 1, 3, 256 + keys, keys, 16, 32, -1);
            check(2, 2, 2, 256, keys, 9, 16, -1, keys);
            check(2, 1, 2, 270, keys, 16, 48, keys / 2, 1, 1, 1, keys);
            check(2, 2, 2, 600, keys, 16, 16, -1, 2, 2, 1, keys);
            check(2, 2, 2, 289, keys, 16, 16, -1, 2, 1, 1, 1);
            check(2, 2, 2, 33, keys, 16, 16, -1);
        }
    }

    @Test
    void manyWindows() {
        int[] keys = {1, 7, 16, 64, 196, 256};
        int[] queries = {1, 4, 16, 33, 49, 64, 256};
        for (int i = 0; i < keys.length; i++) {
            for (int n : queries) {
                check(16, 16, 4, n, keys[i], 9 + 8 * i, 16 + 16 * i, -1);
            }
        }
        check(64, 1, 1, 19, 50, 16, 32, -1);
        check(65, 65, 1, 5, 9, 3, 48, -1);
    }

    @Test
    void biasThatBroadcastsAndMasks() {
        check(2, 2, 2, 9, 33, 8, 8, -1, 2, 2, 9, 33);
        check(2, 2, 2, 9, 33, 8, 8, -1, 1, 2, 9, 33);
        check(2, 1, 2, 9, 130, 8, 8, -1, 2, 1, 1, 130);
        check(1, 1, 3, 65, 100, 16, 8, -1, 65, 100);
        check(1, 1, 3, 10, 20, 16, 8, -1, 10, 1);
        check(1, 1, 3, 10, 20, 16, 8, 13, 20);
    }

    @Test
    void keysThatNoQuerySees() {
        for (int seen : new int[] {0, 1, 96, 150, 192, 400}) {
            for (int queries : new int[] {70, 1100}) {
                keysThatNoQuerySees(seen, queries, 1);
                keysThatNoQuerySees(seen, queries, 2);
            }
        }
    }

    private static void keysThatNoQuerySees(int seen, int queries, int keyBatch) {
        Attention op = new Attention(0.3f, true);
        Bed bed = new Bed(new DenseKernels(), op, 2, false, 0, 7, TensorType.f32(2, 1, queries, 16),
                TensorType.f32(keyBatch, 1, 400, 16), TensorType.f32(keyBatch, 1, 400, 8), TensorType.f32(2, 1, 1, 400));
        // Of the second item other keys are masked than of the first.
        bed.set(3, i -> i < 400 ? i >= seen : i - 400 < seen && i != 500, Float.NEGATIVE_INFINITY);
        assertTrue(bed.run().intact(), () -> bed.node + ": wrote outside");
        compare(bed, op, 400);
    }

    /** Keys are packed before any query meets them. */
    @Test
    void manyQueriesOfManyKeys() {
        check(2, 2, 2, 1030, 300, 16, 24, -1);
        check(2, 1, 2, 1030, 531, 9, 7, -1);
        check(2, 1, 1, 1030, 300, 16, 16, 260);
        check(2, 2, 1, 1030, 300, 16, 16, 0);
        check(1, 1, 1, 1030, 600, 8, 8, -1, 1030, 600);
    }

    /** The lowest number is finite, as many a mask has it: of a row of them all keys count alike. */
    @Test
    void theLowestNumberIsNoInfinity() {
        for (int queries : new int[] {5, 70, 300}) {
            for (int keys : new int[] {8, 140, 400}) {
                Attention op = new Attention(0.3f, true);
                Bed bed = new Bed(new DenseKernels(), op, 2, false, 0, 7, TensorType.f32(1, 1, queries, 16),
                        TensorType.f32(1, 1, keys, 16), TensorType.f32(1, 1, keys, 16), TensorType.f32(1, 1, 1, keys));
                bed.set(3, i -> true, -Float.MAX_VALUE);
                float[] v = bed.dense(2);
                float[] y = bed.run().dense();
                for (int d = 0; d < 16; d++) {
                    double mean = 0;
                    for (int j = 0; j < keys; j++) {
                        mean += v[j * 16 + d] / (double) keys;
                    }
                    assertEquals(mean, y[d], 1e-5, bed.node.toString());
                }
            }
        }
    }

    @Test
    void countOfKeysAndNoKeyAtAll() {
        check(2, 2, 2, 9, 200, 8, 8, 101);
        check(2, 2, 2, 9, 200, 8, 8, 96);
        check(2, 2, 2, 9, 33, 8, 8, 0);
        check(2, 2, 2, 9, 33, 8, 8, 1000 / 31);
    }
}
