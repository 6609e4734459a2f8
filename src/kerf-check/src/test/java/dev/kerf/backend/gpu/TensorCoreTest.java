package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
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
    private static final double UNIT = 0x1p-24;
    private static final List<Map<String, Long>> TILES = List.of(tile(128, 128, 64, 64, 3), tile(64, 64, 32, 32, 3));

    private static Map<String, Long> tile(long m, long n, long warpM, long warpN, long stages) {
        return Map.of("TILE_M", m, "TILE_N", n, "WARP_M", warpM, "WARP_N", warpN, "STAGES", stages);
    }

    /** Devices of NVIDIA's architecture 8.0 and later × precisions × tiles; the smaller is for floats alone. Hopper's variant has one. */
    static Stream<Arguments> products() {
        return Stream.concat(cases("matmul_mma", p -> IntStream.range(0, floats(p) ? 2 : 1)),
                cases("matmul_wgmma", p -> IntStream.range(0, 1)));
    }

    /** The same without the smaller tile, which hasn't two halves of what is turned. */
    static Stream<Arguments> wideProducts() {
        return Stream.of("matmul_mma", "matmul_wgmma").flatMap(v -> cases(v, p -> IntStream.range(0, 1)));
    }

    private static Stream<Arguments> cases(String variant, Function<Precision, IntStream> tiles) {
        return Parity.devices().filter(d -> runs(d, variant))
                .flatMap(d -> Manifest.of(variant).precisions().stream().filter(p -> takes(d, p))
                        .flatMap(p -> tiles.apply(p).mapToObj(t -> Arguments.of(d, variant, p, t))));
    }

    private static boolean floats(Precision p) {
        return p.storage() == Storage.F32;
    }

    /** How far off a factor is as tensor cores take it, relative to it. */
    private static double rounding(Precision p) {
        return switch (p.arithmetic()) {
            case TF32 -> 0x1p-11;
            case TF32X3 -> 0x1p-22;
            case PLAIN -> p.storage().rounding();
        };
    }

    private static boolean runs(String device, String variant) {
        if (!device.startsWith("cuda:") && !device.startsWith("jcuda:") && !device.startsWith("ptx:")) {
            return false;
        }
        try (Driver driver = Parity.driver(device)) {
            return Manifest.of(variant).architecture().runs(driver.facts().sm(), driver.facts().code().isa());
        }
    }

    private static boolean takes(String device, Precision precision) {
        try (Driver driver = Parity.driver(device)) {
            return driver.facts().info().takes(precision);
        }
    }

    private static final class Bed implements AutoCloseable {
        private final GpuDevice device;
        private final Target.Forced forced;
        private final Precision precision;
        private final String variant;
        private final Random random = new Random(7);

        Bed(String id, Precision precision, String kernel, String variant, Map<String, Long> parameters) {
            this.forced = new Target.Forced(Map.of(kernel, variant), Map.of(variant, parameters));
            this.device = new GpuDevice(Parity.driver(id), forced);
            this.precision = precision;
            this.variant = variant;
        }

        /** Multiples of 1/64 in [−1, 1), which TF32, float16 and bfloat16 hold. */
        HostTensor random(long... shape) {
            float[] v = new float[Math.toIntExact(Shape.of(shape).elements())];
            for (int i = 0; i < v.length; i++) {
                v[i] = (random.nextInt(128) - 64) / 64f;
            }
            return HostTensor.of(Shape.of(shape), v);
        }

        float[] run(Graph graph, Map<String, HostTensor> inputs) {
            return run(graph, inputs, true);
        }

        /** With results of 16 bits, too, where operands are, or of 32, where the kernel writes such. */
        float[] run(Graph graph, Map<String, HostTensor> inputs, boolean narrow) {
            Target.Forced choices = new Target.Forced(forced.kernels(), forced.parameters(), narrow);
            try (Executable e = device.compile(graph, null, CompileOptions.of().precision(precision).profiled(), choices)) {
                inputs.forEach((name, t) -> e.input(name).upload(t.data()));
                e.run();
                assertTrue(e.timings().stream().map(NodeTiming::what).anyMatch(w -> w.contains(variant)), variant);
                return e.output("y").toHost().toFloatArray();
            }
        }

        /** Holds a sum of {@code terms} products to the oracle: the error grows with the terms' magnitudes. */
        void check(Op op, Op plain, long terms, boolean fixed, List<HostTensor> values) {
            Map<String, HostTensor> inputs = new HashMap<>();
            Graph graph = graph(op, values, fixed, inputs);
            Map<String, HostTensor> all = new HashMap<>();
            Graph magnitudes = graph(plain, values.stream().map(Bed::magnitudes).toList(), false, all);
            HostTensor expected = oracle(graph, inputs);
            HostTensor scale = oracle(magnitudes, all);
            // Of a few rows the lowering makes float32 products, and 16 bits where all is to have them.
            boolean both = precision.storage() != Storage.F32 && expected.shape().dim(-2) >= 16;
            for (boolean narrow : both ? new boolean[] {false, true} : new boolean[] {true}) {
                float[] y = run(graph, inputs, narrow);
                Storage as = narrow ? precision.storage() : Storage.F32; // what the kernel writes
                for (int i = 0; i < y.length; i++) {
                    double e = expected.getDouble(i);
                    double stored = Math.abs(e) * as.rounding() + as.tiny();
                    double allowed = (terms + 8) * UNIT * Math.abs(scale.getDouble(i)) * 2 + stored;
                    assertTrue(Math.abs(y[i] - e) <= allowed || y[i] == e, variant + " in " + precision + ", " + op + " of "
                            + values.stream().map(HostTensor::shape).toList() + " to " + as + ", element " + i + ": " + y[i]
                            + ", not " + e + "; the error may be " + allowed);
                }
            }
        }

        /** Holds attention to the oracle: weights are rounded as factors are, the result as it is stored. */
        void checkWeighted(Op op, long terms, List<HostTensor> values) {
            Map<String, HostTensor> inputs = new HashMap<>();
            HostTensor expected = oracle(graph(op, values, false, inputs), inputs);
            List<HostTensor> others = new ArrayList<>(values);
            others.set(2, magnitudes(values.get(2)));
            Map<String, HostTensor> all = new HashMap<>();
            HostTensor scale = oracle(graph(op, others, false, all), all);
            float[] y = run(graph(op, values, false, inputs), inputs);
            for (int i = 0; i < y.length; i++) {
                double e = expected.getDouble(i);
                double allowed = Math.abs(e) * precision.storage().rounding() + precision.storage().tiny()
                        + (rounding(precision) + (terms + 8) * UNIT * 2) * scale.getDouble(i);
                assertTrue(Math.abs(y[i] - e) <= allowed || y[i] == e, variant + " in " + precision + ", " + op + " of "
                        + values.stream().map(HostTensor::shape).toList() + ", element " + i + ": " + y[i] + ", not " + e
                        + "; the error may be " + allowed);
            }
        }

        private static Graph graph(Op op, List<HostTensor> values, boolean fixed, Map<String, HostTensor> inputs) {
            GraphBuilder g = new GraphBuilder();
            Value[] operands = new Value[values.size()];
            for (int i = 0; i < operands.length; i++) {
                if (fixed && i > 0) {
                    operands[i] = g.constant(values.get(i));
                } else {
                    operands[i] = g.input("x" + i, new TensorType(DType.F32, values.get(i).shape()));
                    inputs.put("x" + i, values.get(i));
                }
            }
            g.output("y", g.apply(op, operands));
            return g.build();
        }

        private static HostTensor magnitudes(HostTensor t) {
            float[] v = t.toFloatArray();
            for (int i = 0; i < v.length; i++) {
                v[i] = Math.abs(v[i]);
            }
            return HostTensor.of(t.shape(), v);
        }

        private static HostTensor oracle(Graph graph, Map<String, HostTensor> inputs) {
            return Oracle.run(graph, null, inputs, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
        }

        @Override
        public void close() {
            device.close();
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("products")
    void multiplies(String device, String variant, Precision precision, int tiles) {
        try (Bed bed = new Bed(device, precision, "matmul", variant, TILES.get(tiles))) {
            for (int transposed = 0; transposed < 4; transposed++) {
                boolean ta = transposed % 2 == 1;
                boolean tb = transposed / 2 == 1;
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
            Bed bed, boolean ta, boolean tb, long m, long n, long k, long[] aBatch, long[] bBatch) {
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
    @MethodSource("products")
    void activates(String device, String variant, Precision precision, int tiles) {
        try (Bed bed = new Bed(device, precision, "matmul", variant, TILES.get(tiles))) {
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
    @MethodSource("products")
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
            try (Bed bed = new Bed(device, precision, "matmul", variant, TILES.get(tiles))) {
                for (float y : bed.run(g.build(), Map.of("n", HostTensor.of(Shape.of(), new int[] {valid}),
                        "a", HostTensor.of(Shape.of(5, 704), ones), "b", HostTensor.of(Shape.of(704, 8), rows)))) {
                    assertEquals(0.5f * valid, y);
                }
            }
        }
    }

    /** A rotation of what a product gives is the product's kernel's: of its rows, and of two in each of them. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("wideProducts")
    void turns(String device, String variant, Precision precision, int tiles) {
        for (long[] s : new long[][] {{5, 64, 256, 1, 5}, {1, 8, 256, 1, 1}, {130, 40, 512, 2, 52}, {12, 256, 256, 1, 4}}) {
            GraphBuilder g = new GraphBuilder();
            try (Bed bed = new Bed(device, precision, "matmul", variant, TILES.get(tiles))) {
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
                    assertEquals(e, y[i], Math.abs(e) * unit + (s[1] + 8) * s[1] * 4 * UNIT + precision.storage().tiny(),
                            precision + ", element " + i);
                }
            }
        }
    }

    /** Which group adds up is a matter of timing; what it gives isn't. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("products")
    void givesTheSameBits(String device, String variant, Precision precision, int tiles) {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.matMul(g.input("a", TensorType.f32(30, 1000)), g.input("b", TensorType.f32(1000, 32))));
        Graph graph = g.build();
        try (Bed bed = new Bed(device, precision, "matmul", variant, TILES.get(tiles))) {
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
        return cases("attention_mma", p -> floats(p) ? IntStream.range(3, 8) : IntStream.range(0, 5));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("attentions")
    void attends(String device, String variant, Precision precision, int set) {
        boolean deep = set != 2 && set != 6;
        try (Bed bed = new Bed(device, precision, "attention", variant, SETS.get(set))) {
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
            Bed bed, long b, long kb, long heads, long lq, long lk, long d, long dv, long[] bias) {
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
            try (Bed bed = new Bed(device, precision, "attention", variant, SETS.get(set))) {
                Map<String, HostTensor> inputs = Map.of("q", bed.random(2, 5, 32), "k", bed.random(2, 37, 32 + before), "v",
                        bed.random(2, 37, 48));
                HostTensor expected = Oracle.run(graph, null, inputs, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
                float[] found = bed.run(graph, inputs);
                for (int i = 0; i < found.length; i++) {
                    // |v| is at most 1: weights are rounded as factors are, and the result is as it is stored.
                    assertEquals(expected.getDouble(i), found[i],
                            rounding(precision) + precision.storage().rounding() + (2 * 16 + 2 * 37 + 40) * 2 * UNIT,
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
        try (Bed bed = new Bed(device, precision, "attention", variant, SETS.get(set))) {
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
            try (Bed bed = new Bed(device, precision, "attention", variant, SETS.get(set))) {
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
