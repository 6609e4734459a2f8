package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.Precision;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Products and attention on tensor cores against the float64 oracle, in each precision that their manifest names, over shapes of
 * one, primes and one past a tile. Factors have few enough digits that float16 holds them, so only the kernel's roundings count.
 */
class TensorCoreTest {
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.TensorBed#products")
    void multiplies(String device, String variant, Precision precision, int tiles) {
        try (TensorBed bed = new TensorBed(device, precision, "matmul", variant, TensorBed.TILES.get(tiles))) {
            for (int transposed = 0; transposed < 4; transposed++) {
                boolean ta = transposed % 2 == 1;
                boolean tb = transposed / 2 == 1;
                if (ta && (tiles > 0 || variant.equals("matmul_wgmma"))) {
                    continue; // by the largest tile of mma.sync alone
                }
                product(bed, ta, tb, 1, 1, 1, new long[0], new long[0]);
                product(bed, ta, tb, 7, 13, 5, new long[] {2}, new long[] {2});
                // One past a tile on each axis; rows at multiples of 16 bytes, and not.
                product(bed, ta, tb, 129, 67, 131, new long[0], new long[0]);
                product(bed, ta, tb, 136, 136, 200, new long[0], new long[0]);
                product(bed, ta, tb, 16, 24, 40, new long[] {3, 1, 2}, new long[] {4, 1});
                product(bed, ta, tb, 5, 6, 11, new long[] {1}, new long[] {2, 3});
                // Sums that several groups share.
                product(bed, ta, tb, 40, 24, 1048, new long[0], new long[0]);
            }
            product(bed, false, false, 128, 128, 256, new long[0], new long[0]);
        }
    }

    private static void product(
            TensorBed bed, boolean ta, boolean tb, long m, long n, long k, long[] aBatch, long[] bBatch) {
        HostTensor a = bed.random(join(aBatch, ta ? k : m, ta ? m : k));
        HostTensor b = bed.random(join(bBatch, tb ? n : k, tb ? k : n));
        Shape y = new MatrixOp.MatMul(ta, tb, 1, Activation.NONE, false, false)
                .infer(List.of(new TensorType(DType.F32, a.shape()), new TensorType(DType.F32, b.shape()))).getFirst().shape();
        MatrixOp plain = new MatrixOp.MatMul(ta, tb, 0.375f, Activation.NONE, true, true);
        MatrixOp op = new MatrixOp.MatMul(ta, tb, 0.375f, Activation.RELU, true, true);
        bed.check(op, plain, k + 3, false, List.of(a, b, bed.random(n), bed.random(y.dims())));
    }

    private static long[] join(long[] batch, long rows, long columns) {
        return LongStream.concat(Arrays.stream(batch), LongStream.of(rows, columns)).toArray();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.TensorBed#products")
    void activates(String device, String variant, Precision precision, int tiles) {
        try (TensorBed bed = new TensorBed(device, precision, "matmul", variant, TensorBed.TILES.get(tiles))) {
            List<HostTensor> values = List.of(bed.random(37, 40), bed.random(40, 24), bed.random(24));
            MatrixOp plain = new MatrixOp.MatMul(false, false, 2, Activation.NONE, true, false);
            for (Activation act : Activation.values()) {
                // The slope is at most 1.2; functions within 16 units in the last place.
                bed.check(new MatrixOp.MatMul(false, false, 2, act, true, false), plain, 2 * 40 + 64, true, values);
            }
            MatrixOp bare = new MatrixOp.MatMul(false, true, 1, Activation.NONE, false, false);
            bed.check(bare, bare, 40, true, List.of(values.get(0), bed.random(24, 40)));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.TensorBed#products")
    void endsSumsAtTheCount(String device, String variant, Precision precision, int tiles) {
        for (int valid : new int[] {0, 1, 7, 129, 200, 700}) {
            GraphBuilder g = new GraphBuilder();
            Value n = g.input("n", TensorType.of(DType.I32));
            Value a = g.input("a", TensorType.f32(5, 704));
            Value b = g.input("b", TensorType.f32(704, 8), n);
            g.output("y", g.apply(new MatrixOp.MatMul(false, false, 1, Activation.NONE, false, false), a, b));
            float[] rows = new float[704 * 8];
            Arrays.fill(rows, 0, valid * 8, 0.5f);
            // Rows past the count hold anything, here what would spoil every sum.
            Arrays.fill(rows, valid * 8, rows.length, Float.NaN);
            float[] ones = new float[5 * 704];
            Arrays.fill(ones, 1);
            try (TensorBed bed = new TensorBed(device, precision, "matmul", variant, TensorBed.TILES.get(tiles))) {
                for (float y : bed.run(g.build(), Map.of("n", HostTensor.of(Shape.of(), new int[] {valid}),
                        "a", HostTensor.of(Shape.of(5, 704), ones), "b", HostTensor.of(Shape.of(704, 8), rows)))) {
                    assertEquals(0.5f * valid, y);
                }
            }
        }
    }

    /** A rotation of what a product gives is the product's kernel's: of its rows, and of two in each of them. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.TensorBed#wideProducts")
    void turns(String device, String variant, Precision precision, int tiles) {
        for (long[] s : new long[][] {{5, 64, 256, 1, 5}, {1, 8, 256, 1, 1}, {130, 40, 512, 2, 52}, {12, 256, 256, 1, 4}}) {
            GraphBuilder g = new GraphBuilder();
            try (TensorBed bed = new TensorBed(device, precision, "matmul", variant, TensorBed.TILES.get(tiles))) {
                HostTensor x = bed.random(s[0], s[1]);
                Value product = g.linear(g.input("x", TensorType.f32(s[0], s[1])), g.constant(bed.random(s[2], s[1])),
                        g.constant(bed.random(s[2])));
                Value rows = g.reshape(product, s[0] * s[3], 256);
                HostTensor cosines = bed.random(s[4], 128);
                HostTensor sines = bed.random(s[4], 128);
                g.output("y", g.apply(new MatrixOp.Rotary(), rows, g.constant(cosines), g.constant(sines)));
                Graph graph = g.build();
                HostTensor expected = Oracle.run(graph, null, Map.of("x", x), Map.of(), Oracle.Rounding.NONE).outputs()
                        .get("y");
                float[] y = bed.run(graph, Map.of("x", x));
                double unit = precision.storage().rounding();
                for (int i = 0; i < y.length; i++) {
                    // Factors are at most 1, so that terms are, and there are two sums; each is rounded as it is stored at most once.
                    double e = expected.getDouble(i);
                    assertEquals(e, y[i],
                            Math.abs(e) * unit + (s[1] + 8) * s[1] * 4 * TensorBed.UNIT + precision.storage().tiny(),
                            precision + ", element " + i);
                }
            }
        }
    }

    /** Which group adds up is a matter of timing; what it gives isn't. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.TensorBed#products")
    void givesTheSameBits(String device, String variant, Precision precision, int tiles) {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.matMul(g.input("a", TensorType.f32(30, 1000)), g.input("b", TensorType.f32(1000, 32))));
        Graph graph = g.build();
        try (TensorBed bed = new TensorBed(device, precision, "matmul", variant, TensorBed.TILES.get(tiles))) {
            Map<String, HostTensor> inputs = Map.of("a", bed.random(30, 1000), "b", bed.random(1000, 32));
            List<float[]> runs = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                runs.add(bed.run(graph, inputs));
                assertArrayEquals(runs.getFirst(), runs.get(i));
            }
        }
    }

    /** Each of the sets that ship: for 16 bits, for both, for floats. */
    private static final List<Map<String, Long>> SETS = List.of(set(256, 64, 32, 16, 1, 256), set(96, 128, 32, 32, 1, 256),
            set(32, 64, 64, 16, 1, 256), set(96, 64, 32, 16, 1, 256), set(96, 16, 16, 16, 4, 256),
            set(256, 128, 16, 16, 1, 256),
            set(32, 64, 32, 16, 1, 256), set(256, 32, 16, 16, 1, 256));

    private static Map<String, Long> set(long depth, long tileQ, long tileK, long queries, long items, long keys) {
        return Map.of("DEPTH", depth, "TILE_Q", tileQ, "TILE_K", tileK, "QUERIES", queries, "ITEMS", items, "KEYS", keys);
    }

    static Stream<Arguments> attentions() {
        return TensorBed.cases("attention_mma", p -> TensorBed.floats(p) ? IntStream.range(3, 8) : IntStream.range(0, 5));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("attentions")
    void attends(String device, String variant, Precision precision, int set) {
        boolean deep = set != 2 && set != 6;
        try (TensorBed bed = new TensorBed(device, precision, "attention", variant, SETS.get(set))) {
            attention(bed, 1, 1, 1, 1, 1, 8, 8, null);
            attention(bed, 2, 2, 3, 7, 13, 16, 24, null);
            attention(bed, 67, 67, 2, 4, 16, 8, 32, null);
            attention(bed, 2, 1, 2, 65, 66, 32, 16, null);
            attention(bed, 1, 1, 1, 3, 129, 24, 32, new long[] {1, 1, 3, 129});
            attention(bed, 2, 2, 2, 9, 17, 16, 8, new long[] {2, 1, 17});
            attention(bed, 2, 1, 2, 9, 17, 16, 8, new long[] {2, 1, 9, 1});
            attention(bed, 1, 1, 1, 5, 531, 24, 16, null);
            if (deep) {
                attention(bed, 3, 3, 1, 49, 49, 96, 96, null);
                attention(bed, 1, 1, 2, 129, 196, 72, 96, null);
                attention(bed, 2, 1, 1, 16, 16, 96, 96, new long[] {1, 1, 16, 16});
            }
            if (set == 0 || set == 5 || set == 7) {
                attention(bed, 1, 1, 1, 67, 100, 256, 256, null);
                attention(bed, 1, 1, 1, 3, 40, 128, 200, new long[] {40});
            }
        }
    }

    private static void attention(
            TensorBed bed, long b, long kb, long heads, long lq, long lk, long d, long dv, long[] bias) {
        MatrixOp op = new MatrixOp.Attention((float) (1 / Math.sqrt(d)), bias != null);
        List<HostTensor> in = new ArrayList<>(List.of(
                bed.random(b, heads, lq, d), bed.random(kb, heads, lk, d), bed.random(kb, heads, lk, dv)));
        if (bias != null) {
            in.add(bed.random(bias));
        }
        bed.checkWeighted(op, 2 * d + 2 * lk + 32, in);
    }

    /** Rows of heads that lie side by side, read and written where they are; not at multiples of 16 bytes too. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("attentions")
    void attendsThroughMoves(String device, String variant, Precision precision, int set) {
        for (int before : new int[] {0, 3}) {
            GraphBuilder g = new GraphBuilder();
            Value q = heads(g, g.input("q", TensorType.f32(2, 5, 2 * 16)));
            Value k = heads(g, g.slice(g.input("k", TensorType.f32(2, 37, 2 * 16 + before)), 2, before, before + 32));
            Value v = heads(g, g.input("v", TensorType.f32(2, 37, 2 * 24)));
            Value y = g.apply(new MatrixOp.Attention(0.5f, false), q, k, v); // (2, 2, 5, 24)
            g.output("y", g.reshape(g.permute(y, 0, 2, 1, 3), 2, 5, 2 * 24));
            Graph graph = g.build();
            try (TensorBed bed = new TensorBed(device, precision, "attention", variant, SETS.get(set))) {
                Map<String, HostTensor> inputs = Map.of("q", bed.random(2, 5, 32), "k", bed.random(2, 37, 32 + before), "v",
                        bed.random(2, 37, 48));
                HostTensor expected = Oracle.run(graph, null, inputs, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
                float[] found = bed.run(graph, inputs);
                for (int i = 0; i < found.length; i++) {
                    // |v| is at most 1: weights are rounded as factors are, and the result is as it is stored.
                    assertEquals(expected.getDouble(i), found[i],
                            TensorBed.rounding(precision) + precision.storage().rounding()
                                    + (2 * 16 + 2 * 37 + 40) * 2 * TensorBed.UNIT,
                            "element " + i);
                }
            }
        }
    }

    private static Value heads(GraphBuilder g, Value x) {
        Shape s = x.type().shape();
        return g.permute(g.reshape(x, s.dim(0), s.dim(1), 2, s.dim(2) / 2), 0, 2, 1, 3);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("attentions")
    void masksKeys(String device, String variant, Precision precision, int set) {
        float none = Float.NEGATIVE_INFINITY;
        // The first query sees one key, the second none, the third all.
        HostTensor bias = HostTensor.of(Shape.of(3, 3), new float[] {none, 0, none, none, none, none, 0, 0, 0});
        try (TensorBed bed = new TensorBed(device, precision, "attention", variant, SETS.get(set))) {
            bed.checkWeighted(new MatrixOp.Attention(1, true), 64,
                    List.of(bed.random(1, 1, 3, 8), bed.random(1, 1, 3, 8), bed.random(1, 1, 3, 8), bias));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("attentions")
    void seesKeysUpToTheCount(String device, String variant, Precision precision, int set) {
        GraphBuilder g = new GraphBuilder();
        Value n = g.input("n", TensorType.of(DType.I32, 1, 2));
        Value k = g.input("k", TensorType.f32(1, 2, 700, 8), n);
        g.output("y", g.apply(new MatrixOp.Attention(0.5f, false), g.input("q", TensorType.f32(1, 2, 9, 8)), k,
                g.input("v", TensorType.f32(1, 2, 700, 8))));
        Graph graph = g.build();
        for (int[] valid : new int[][] {{0, 1}, {5, 700}, {64, 65}, {300, 16}}) {
            try (TensorBed bed = new TensorBed(device, precision, "attention", variant, SETS.get(set))) {
                HostTensor keys = bed.random(1, 2, 700, 8);
                for (int head = 0; head < 2; head++) {
                    for (int i = valid[head] * 8; i < 700 * 8; i++) {
                        keys.setDouble(head * 700 * 8 + i, Double.NaN); // past the count is anything
                    }
                }
                HostTensor ones = bed.random(1, 2, 700, 8);
                for (int i = 0; i < ones.elements(); i++) {
                    ones.setDouble(i, 0.5);
                }
                float[] y = bed.run(graph, Map.of("n", HostTensor.of(Shape.of(1, 2), valid), "q", bed.random(1, 2, 9, 8), "k",
                        keys, "v", ones));
                for (int i = 0; i < y.length; i++) {
                    assertEquals(valid[i / 72] == 0 ? 0 : 0.5, y[i], 1e-3, "element " + i);
                }
            }
        }
    }
}
