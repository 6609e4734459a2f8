package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.device.Step;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.error.UnsupportedOpException;
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
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Matrix product and attention kernels against the oracle, in float32 and float16, over awkward shapes. */
class MatrixKernelTest {
    static Stream<Arguments> products() {
        return KernelBed.devicesAnd("matmul/matmul", "matmul/matmul_cpu");
    }

    static Stream<Arguments> attentions() {
        return KernelBed.devicesAnd("attention/attention", "attention/attention_cpu");
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("products")
    void multiplies(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            for (int transposed = 0; transposed < 4; transposed++) {
                boolean ta = transposed % 2 == 1;
                boolean tb = transposed / 2 == 1;
                product(bed, ta, tb, 1, 1, 1, new long[0], new long[0]);
                product(bed, ta, tb, 7, 13, 5, new long[] {2}, new long[] {2});
                // One past a tile on each axis, both kernels.
                product(bed, ta, tb, 129, 65, 17, new long[0], new long[0]);
                product(bed, ta, tb, 17, 385, 129, new long[0], new long[0]);
                product(bed, ta, tb, 5, 6, 11, new long[] {3, 1, 2}, new long[] {4, 1});
                product(bed, ta, tb, 5, 6, 11, new long[] {1}, new long[] {2, 3});
                product(bed, ta, tb, 9, 21, 8, new long[] {2, 3}, new long[0]);
            }
        }
    }

    static Stream<Arguments> splits() {
        return KernelBed.devicesAnd("matmul/matmul_split", "matmul/matmul_parts");
    }

    /** Sums that several groups share, of products with fewer tiles than the device has processors. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("splits")
    void splitsSums(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            for (int transposed = 0; transposed < 4; transposed++) {
                boolean ta = transposed % 2 == 1;
                boolean tb = transposed / 2 == 1;
                product(bed, ta, tb, 7, 13, 257, new long[0], new long[0]);
                product(bed, ta, tb, 1, 1, 128, new long[0], new long[0]);
                product(bed, ta, tb, 33, 65, 521, new long[0], new long[0]);
                if (bed.device().info().computeUnits() > 12) {
                    product(bed, ta, tb, 65, 129, 131, new long[] {2}, new long[] {2});
                    product(bed, ta, tb, 5, 17, 200, new long[] {2, 1}, new long[] {3});
                }
            }
            MatrixOp op = new MatrixOp.MatMul(false, false, 1, Activation.NONE, false, false);
            HostTensor first = bed.once(op, TensorType.f32(30, 300), TensorType.f32(300, 31));
            for (int i = 0; i < 3; i++) {
                HostTensor again = bed.once(op, TensorType.f32(30, 300), TensorType.f32(300, 31));
                assertArrayEquals(first.toFloatArray(), again.toFloatArray(), "the same bits each time");
            }
        }
    }

    private static void product(
            KernelBed bed, boolean ta, boolean tb, long m, long n, long k, long[] aBatch, long[] bBatch) {
        TensorType a = TensorType.f32(join(aBatch, ta ? k : m, ta ? m : k));
        TensorType b = TensorType.f32(join(bBatch, tb ? n : k, tb ? k : n));
        MatrixOp plain = new MatrixOp.MatMul(ta, tb, 0.375f, Activation.NONE, true, true);
        Shape y = new MatrixOp.MatMul(ta, tb, 1, Activation.NONE, false, false).infer(List.of(a, b)).getFirst().shape();
        TensorType[] in = {a, b, TensorType.f32(n), new TensorType(DType.F32, y)};
        MatrixOp op = new MatrixOp.MatMul(ta, tb, 0.375f, Activation.RELU, true, true);
        bed.check(op, plain, KernelBed.Bound.MAGNITUDES, k + 3, false, in);
        if (tb) {
            // A known B is laid out anew by the host.
            bed.check(op, plain, KernelBed.Bound.MAGNITUDES, k + 3, true, in);
        }
    }

    /** Rows of an item that is cut out of a larger one are read where they lie, in a product of B for all and for each. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("products")
    void multipliesWhatIsCutOut(String device, String kernel) {
        for (boolean shared : new boolean[] {true, false}) {
            GraphBuilder g = new GraphBuilder();
            Value x = g.input("x", TensorType.f32(5, 40, 6));
            Value cut = g.slice(g.slice(x, 0, 1, 4), 1, 2, 35); // (3, 33, 6)
            Value b = shared ? g.input("b", TensorType.f32(6, 4)) : g.input("b", TensorType.f32(2, 1, 6, 4));
            g.output("y", g.matMul(cut, b));
            Graph graph = g.build();
            HostTensor values = HostTensor.zeros(DType.F32, Shape.of(5, 40, 6));
            HostTensor factors = HostTensor.zeros(DType.F32, Shape.of(shared ? 1 : 2, 6, 4));
            for (int i = 0; i < values.elements(); i++) {
                values.setDouble(i, i % 13 - 6);
            }
            for (int i = 0; i < factors.elements(); i++) {
                factors.setDouble(i, i % 5 - 2);
            }
            Map<String, HostTensor> inputs = Map.of("x", values, "b", factors.reshape(b.type().shape()));
            HostTensor expected = Oracle.run(graph, null, inputs, Map.of()).outputs().get("y");
            try (KernelBed bed = KernelBed.of(device, kernel)) {
                assertArrayEquals(expected.toFloatArray(), bed.run(graph, inputs, Precision.FLOAT32).toFloatArray());
                try (Executable e = bed.device().compile(graph, null, CompileOptions.of())) {
                    assertEquals(List.of(kernel.substring(kernel.indexOf('/') + 1)),
                            GpuDevice.steps(e).stream().map(Step::kernel).toList());
                }
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("products")
    void activates(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            MatrixOp bare = new MatrixOp.MatMul(false, false, 1, Activation.NONE, false, false);
            bed.check(bare, bare, KernelBed.Bound.MAGNITUDES, 5, false, TensorType.f32(3, 5), TensorType.f32(5, 19));
            MatrixOp plain = new MatrixOp.MatMul(false, false, 2, Activation.NONE, true, false);
            // GELU is what models put here; slope at most 1.2, erf within 16 units in the last place (OpenCL 1.2, 7.4).
            bed.check(new MatrixOp.MatMul(false, false, 2, Activation.GELU_ERF, true, false), plain,
                    KernelBed.Bound.MAGNITUDES, 2 * 5 + 64, true,
                    TensorType.f32(3, 5), TensorType.f32(5, 19), TensorType.f32(19));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource({"products", "splits"})
    void endsSumsAtTheCount(String device, String kernel) {
        for (int valid : new int[] {0, 1, 7, 129, 200}) {
            GraphBuilder g = new GraphBuilder();
            Value n = g.input("n", TensorType.of(DType.I32));
            Value a = g.input("a", TensorType.f32(5, 200));
            Value b = g.input("b", TensorType.f32(200, 6), n);
            g.output("y", g.apply(new MatrixOp.MatMul(false, false, 1, Activation.NONE, false, false), a, b));
            Graph graph = g.build();
            float[] rows = new float[1200];
            Arrays.fill(rows, 0, valid * 6, 0.5f);
            // Rows past the count hold anything, here what would spoil every sum.
            Arrays.fill(rows, valid * 6, 1200, Float.NaN);
            float[] ones = new float[1000];
            Arrays.fill(ones, 1);
            Map<String, HostTensor> inputs = Map.of("n", HostTensor.of(Shape.of(), new int[] {valid}),
                    "a", HostTensor.of(Shape.of(5, 200), ones), "b", HostTensor.of(Shape.of(200, 6), rows));
            try (KernelBed bed = KernelBed.of(device, kernel)) {
                for (float y : bed.run(graph, inputs, Precision.FLOAT32).toFloatArray()) {
                    assertEquals(0.5f * valid, y);
                }
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("products")
    void refusesACountOfEachRow(String device, String kernel) {
        GraphBuilder g = new GraphBuilder();
        Value n = g.input("n", TensorType.of(DType.I32, 5));
        Value a = g.input("a", TensorType.f32(5, 9), n);
        Value b = g.input("b", TensorType.f32(9, 6));
        g.output("y", g.apply(new MatrixOp.MatMul(false, false, 1, Activation.NONE, false, false), a, b));
        Graph graph = g.build();
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            UnsupportedOpException e = assertThrows(
                    UnsupportedOpException.class, () -> bed.run(graph, Map.of(), Precision.FLOAT32));
            assertTrue(e.getMessage().contains("MatMul") && e.getMessage().contains("count"), e.getMessage());
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("attentions")
    void attends(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            attention(bed, 1, 1, 1, 1, 1, 1, 1, null);
            attention(bed, 2, 2, 3, 7, 13, 5, 11, null);
            attention(bed, 2, 1, 2, 65, 66, 17, 65, null);
            attention(bed, 1, 1, 1, 3, 129, 64, 32, new long[] {1, 1, 3, 129});
            attention(bed, 2, 2, 2, 9, 17, 16, 8, new long[] {2, 1, 17});
            attention(bed, 2, 1, 2, 9, 17, 16, 8, new long[] {2, 1, 9, 1});
        }
    }

    /** Columns of v in more than one slice; keys shared among groups, who find none at times. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("attentions")
    void attendsInParts(String device, String kernel) {
        List<Map<String, Long>> sets = kernel.endsWith("_cpu")
                ? List.of(Map.of("KEYS", 16L, "BLOCK_K", 32L))
                // Java's kernel is made for one slice.
                : LongStream.of(device.startsWith("tornado:") ? new long[] {1} : new long[] {1, 2, 4})
                        .mapToObj(slices -> Map.of("SLICES", slices, "KEYS", 16L)).toList();
        for (Map<String, Long> set : sets) {
            try (KernelBed bed = KernelBed.of(device, kernel, set)) {
                attention(bed, 1, 1, 1, 5, 531, 24, 13, null);
                attention(bed, 1, 1, 2, 3, 600, 7, 9, new long[] {1, 2, 3, 600});
                attention(bed, 2, 1, 1, 2, 1030, 16, 16, null);
                attention(bed, 1, 1, 1, 66, 40, 5, 257, null);
                attention(bed, 1, 1, 2, 3, 40, 5, 130, new long[] {1, 2, 3, 40});
                GraphBuilder g = new GraphBuilder();
                g.output("y", g.apply(new MatrixOp.Attention(1, false), g.input("q", TensorType.f32(1, 1, 5, 24)),
                        g.input("k", TensorType.f32(1, 1, 531, 24)), g.input("v", TensorType.f32(1, 1, 531, 13))));
                try (Executable e = bed.device().compile(g.build(), null, CompileOptions.of())) {
                    assertEquals(2, GpuDevice.steps(e).size());
                }
            }
        }
    }

    static Stream<Arguments> windows() {
        return KernelBed.devicesAnd("attention/attention_windows", "attention/attention_cpu");
    }

    static Stream<Arguments> allAttentions() {
        return KernelBed.devicesAnd("attention/attention", "attention/attention_windows", "attention/attention_cpu");
    }

    /** Rows of heads that lie side by side, read and written where they are. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("allAttentions")
    void attendsThroughMoves(String device, String kernel) {
        int keys = kernel.endsWith("windows") ? 37 : 531;
        GraphBuilder g = new GraphBuilder();
        Value q = heads(g, g.input("q", TensorType.f32(2, 5, 2 * 6)));
        Value k = heads(g, g.input("k", TensorType.f32(2, keys, 2 * 6)));
        Value v = heads(g, g.input("v", TensorType.f32(2, keys, 2 * 7)));
        Value y = g.apply(new MatrixOp.Attention(0.5f, false), q, k, v); // (2, 2, 5, 7)
        g.output("y", g.reshape(g.permute(y, 0, 2, 1, 3), 2, 5, 2 * 7));
        Graph graph = g.build();
        Map<String, HostTensor> inputs = Map.of(
                "q", waves(2, 5, 12), "k", waves(2, keys, 12), "v", waves(2, keys, 14));
        HostTensor expected = Oracle.run(graph, null, inputs, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
        try (KernelBed bed = KernelBed.of(device, kernel,
                kernel.equals("attention/attention") ? Map.of("KEYS", 16L) : Map.of())) {
            float[] found = bed.run(graph, inputs, Precision.FLOAT32).toFloatArray();
            for (int i = 0; i < found.length; i++) {
                assertEquals(expected.getDouble(i), found[i], (2 * 6 + 2 * keys + 32) * 0x1p-24, "element " + i);
            }
        }
    }

    private static Value heads(GraphBuilder g, Value x) {
        Shape s = x.type().shape();
        return g.permute(g.reshape(x, s.dim(0), s.dim(1), 2, s.dim(2) / 2), 0, 2, 1, 3);
    }

    private static HostTensor waves(long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (int i = 0; i < t.elements(); i++) {
            t.setDouble(i, Math.sin(1.7 * i));
        }
        return t;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("windows")
    void attendsInWindows(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            attention(bed, 1, 1, 1, 1, 1, 1, 1, null);
            attention(bed, 67, 67, 2, 4, 16, 8, 12, null);
            attention(bed, 5, 1, 3, 16, 16, 5, 7, null);
            attention(bed, 3, 3, 2, 16, 49, 17, 9, null);
            attention(bed, 3, 3, 1, 49, 49, 6, 96, null);
            attention(bed, 2, 2, 1, 49, 196, 9, 11, null);
            attention(bed, 1, 1, 2, 196, 196, 4, 5, null);
            attention(bed, 1, 1, 2, 1031, 7, 3, 16, null);
            attention(bed, 2, 1, 1, 3, 253, 20, 65, null);
            attention(bed, 130, 130, 1, 2, 3, 4, 5, null);
            attention(bed, 1, 1, 1, 130, 250, 8, 8, null);
            attention(bed, 1, 1, 2, 70, 9, 6, 16, new long[] {1, 1, 1, 9});
            attention(bed, 3, 1, 2, 5, 17, 6, 5, new long[] {3, 2, 5, 17});
        }
    }

    private static void attention(
            KernelBed bed, long b, long kb, long heads, long lq, long lk, long d, long dv, long[] bias) {
        MatrixOp op = new MatrixOp.Attention((float) (1 / Math.sqrt(d)), bias != null);
        List<TensorType> in = new ArrayList<>(List.of(
                TensorType.f32(b, heads, lq, d), TensorType.f32(kb, heads, lk, d), TensorType.f32(kb, heads, lk, dv)));
        if (bias != null) {
            in.add(TensorType.f32(bias));
        }
        // A score's error e multiplies its weight by 1 + e; the sums of lk weights follow. |v| is at most 1.
        bed.check(op, op, KernelBed.Bound.LARGEST, 2 * d + 2 * lk + 32, false, in.toArray(TensorType[]::new));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("allAttentions")
    void masksKeys(String device, String kernel) {
        float none = Float.NEGATIVE_INFINITY;
        MatrixOp op = new MatrixOp.Attention(1, true);
        // The first query sees one key, the second none, the third all.
        HostTensor bias = HostTensor.of(Shape.of(3, 3), new float[] {none, 0, none, none, none, none, 0, 0, 0});
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            bed.checkOn(op, op, KernelBed.Bound.LARGEST, 64, false, List.of(
                    HostTensor.of(Shape.of(1, 1, 3, 2), new float[] {1, 0, 0, 1, 0.5f, 0.5f}),
                    HostTensor.of(Shape.of(1, 1, 3, 2), new float[] {1, 0, 0, 1, 0.25f, -1}),
                    HostTensor.of(Shape.of(1, 1, 3, 1), new float[] {1, 0.5f, -0.75f}), bias));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("attentions")
    void seesKeysUpToTheCount(String device, String kernel) {
        GraphBuilder g = new GraphBuilder();
        Value n = g.input("n", TensorType.of(DType.I32, 1, 2));
        Value q = g.input("q", TensorType.f32(1, 2, 2, 3));
        Value k = g.input("k", TensorType.f32(1, 2, 70, 3), n);
        Value v = g.input("v", TensorType.f32(1, 2, 70, 1), n);
        g.output("y", g.apply(new MatrixOp.Attention(1, false), q, k, v));
        Graph graph = g.build();
        float[] keys = new float[420];
        float[] values = new float[140];
        Arrays.fill(keys, Float.NaN);
        Arrays.fill(values, Float.NaN);
        // The first head has no key, the second 69.
        for (int i = 0; i < 69; i++) {
            values[70 + i] = i % 8 / 8f;
            for (int d = 0; d < 3; d++) {
                keys[210 + i * 3 + d] = (i * 3 + d) % 11 / 11f;
            }
        }
        Map<String, HostTensor> inputs = Map.of("n", HostTensor.of(Shape.of(1, 2), new int[] {0, 69}),
                "q", HostTensor.of(Shape.of(1, 2, 2, 3), new float[] {1, 1, 1, 1, 1, 1, 0.5f, 1, -1, 0, 1, 0}),
                "k", HostTensor.of(Shape.of(1, 2, 70, 3), keys), "v", HostTensor.of(Shape.of(1, 2, 70, 1), values));
        HostTensor e = Oracle.run(graph, null, inputs, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
        for (Map<String, Long> set : List.of(Map.<String, Long>of(), Map.of("KEYS", 16L))) {
            try (KernelBed bed = KernelBed.of(device, kernel, set)) {
                float[] y = bed.run(graph, inputs, Precision.FLOAT32).toFloatArray();
                for (int i = 0; i < y.length; i++) {
                    assertEquals(e.getDouble(i), y[i], (2 * 3 + 2 * 70 + 32) * 0x1p-24, "element " + i);
                }
            }
        }
    }

    private static long[] join(long[] batch, long rows, long cols) {
        long[] all = Arrays.copyOf(batch, batch.length + 2);
        all[batch.length] = rows;
        all[batch.length + 1] = cols;
        return all;
    }
}
