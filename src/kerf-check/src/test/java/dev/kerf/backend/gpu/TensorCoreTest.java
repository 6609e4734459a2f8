package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.Precision;
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
    private static final List<Map<String, Long>> TILES = List.of(Map.of(),
            Map.of("TILE_N", 128L, "WARP_N", 64L, "STAGES", 3L), Map.of("TILE_M", 64L, "TILE_N", 64L, "WARP_M", 32L, "STAGES", 3L));

    /** Devices of NVIDIA's architecture 8.0 and later × precisions × tiles. */
    static Stream<Arguments> products() {
        return cases("matmul_mma", TILES.size());
    }

    private static Stream<Arguments> cases(String variant, int tiles) {
        return Parity.devices().filter(TensorCoreTest::runs)
                .flatMap(d -> Manifest.of(variant).precisions().stream().filter(p -> takes(d, p))
                        .flatMap(p -> IntStream.range(0, tiles).mapToObj(t -> Arguments.of(d, p, t))));
    }

    private static boolean runs(String device) {
        if (!device.startsWith("cuda:") && !device.startsWith("jcuda:") && !device.startsWith("ptx:")) {
            return false;
        }
        try (Driver driver = Parity.driver(device)) {
            return driver.facts().sm() >= 80;
        }
    }

    private static boolean takes(String device, Precision precision) {
        try (Driver driver = Parity.driver(device)) {
            return driver.facts().info().takes(precision);
        }
    }

    private static final class Bed implements AutoCloseable {
        private final GpuDevice device;
        private final Precision precision;
        private final String variant;
        private final Random random = new Random(7);

        Bed(String id, Precision precision, String kernel, String variant, Map<String, Long> parameters) {
            this.device = new GpuDevice(Parity.driver(id),
                    new Target.Forced(Map.of(kernel, variant), Map.of(variant, parameters)));
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
            try (Executable e = device.compile(graph, null, CompileOptions.of().precision(precision).profiled())) {
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
            float[] y = run(graph, inputs);
            for (int i = 0; i < y.length; i++) {
                double e = expected.getDouble(i);
                double stored = Math.abs(e) * precision.storage().rounding() + precision.storage().tiny();
                double allowed = (terms + 8) * UNIT * Math.abs(scale.getDouble(i)) * 2 + stored;
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
    void multiplies(String device, Precision precision, int tiles) {
        try (Bed bed = new Bed(device, precision, "matmul", "matmul_mma", TILES.get(tiles))) {
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
    void activates(String device, Precision precision, int tiles) {
        try (Bed bed = new Bed(device, precision, "matmul", "matmul_mma", TILES.get(tiles))) {
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
    void endsSumsAtTheCount(String device, Precision precision, int tiles) {
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
            try (Bed bed = new Bed(device, precision, "matmul", "matmul_mma", TILES.get(tiles))) {
                for (float y : bed.run(g.build(), Map.of("n", HostTensor.of(Shape.of(), new int[] {valid}),
                        "a", HostTensor.of(Shape.of(5, 704), ones), "b", HostTensor.of(Shape.of(704, 8), rows)))) {
                    assertEquals(0.5f * valid, y);
                }
            }
        }
    }

    /** Which group adds up is a matter of timing; what it gives isn't. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("products")
    void givesTheSameBits(String device, Precision precision, int tiles) {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.matMul(g.input("a", TensorType.f32(30, 1000)), g.input("b", TensorType.f32(1000, 32))));
        Graph graph = g.build();
        try (Bed bed = new Bed(device, precision, "matmul", "matmul_mma", TILES.get(tiles))) {
            Map<String, HostTensor> inputs = Map.of("a", bed.random(30, 1000), "b", bed.random(1000, 32));
            List<float[]> runs = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                runs.add(bed.run(graph, inputs));
                assertArrayEquals(runs.getFirst(), runs.get(i));
            }
        }
    }
}
