package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Arithmetic;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.SpatialOp.Window2d;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Softmax and normalisation kernels against the oracle, in float32 and float16, over awkward shapes. */
class NormKernelTest {
    private static final List<TensorType> SHAPES = List.of(TensorType.f32(1, 1), TensorType.f32(3, 129),
            TensorType.f32(2, 7, 13), TensorType.f32(2, 3, 5, 17), TensorType.f32(1, 257, 4, 4),
            TensorType.f32(2, 2, 31));

    static Stream<Arguments> softmaxes() {
        return KernelBed.devicesAnd("softmax/softmax", "softmax/softmax_columns");
    }

    static Stream<Arguments> layerNorms() {
        return KernelBed.devicesAnd("layer_norm/layer_norm", "layer_norm/layer_norm_columns");
    }

    static Stream<String> devices() {
        return KernelBed.devices();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("softmaxes")
    void softmax(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            for (TensorType x : SHAPES) {
                for (int axis = 0; axis < x.shape().rank(); axis++) {
                    if (fits(kernel, x, axis)) {
                        NormOp op = new NormOp.Softmax(axis);
                        bed.check(op, op, KernelBed.Bound.LARGEST, x.shape().dim(axis) + 16, false, x);
                    }
                }
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("softmaxes")
    void softmaxOfLargeNumbersAndMasks(String device, String kernel) {
        float none = Float.NEGATIVE_INFINITY;
        float[] x = new float[48];
        for (int i = 0; i < 16; i++) {
            x[i] = 3000;
            x[16 + i] = i % 2 == 0 ? none : 3002;
            x[32 + i] = -3000;
        }
        NormOp op = new NormOp.Softmax(0);
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            bed.checkOn(op, op, KernelBed.Bound.LARGEST, 3 + 16, false, List.of(HostTensor.of(Shape.of(3, 16), x)));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("softmaxes")
    void softmaxUpToTheCount(String device, String kernel) {
        GraphBuilder g = new GraphBuilder();
        Value n = g.input("n", TensorType.of(DType.I32, 2));
        g.output("y", g.softmax(g.input("x", TensorType.f32(2, 5, 16), n), 1));
        Graph graph = g.build();
        float[] x = new float[160];
        java.util.Arrays.fill(x, Float.NaN);
        java.util.Arrays.fill(x, 0, 32, 0.25f);
        java.util.Arrays.fill(x, 80, 80 + 64, -2);
        Map<String, HostTensor> inputs = Map.of(
                "n", HostTensor.of(Shape.of(2), new int[] {2, 4}), "x", HostTensor.of(Shape.of(2, 5, 16), x));
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            float[] y = bed.run(graph, inputs, Precision.FLOAT32).toFloatArray();
            for (int i = 0; i < 16; i++) {
                assertEquals(0.5f, y[i]);
                assertEquals(0.5f, y[16 + i]);
                assertEquals(0.25f, y[80 + 3 * 16 + i]);
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("layerNorms")
    void layerNorm(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            for (TensorType x : SHAPES) {
                for (int axis = 0; axis < x.shape().rank(); axis++) {
                    if (fits(kernel, x, axis)) {
                        NormOp op = new NormOp.LayerNorm(axis, 1e-5);
                        long n = x.shape().dim(axis);
                        // The mean's error is up to n/2 units, and comes through divided by a deviation of about 0.6.
                        bed.check(op, op, KernelBed.Bound.LARGEST, 2 * n + 16, true, x, TensorType.f32(n),
                                TensorType.f32(n));
                    }
                }
            }
        }
    }

    /** Whether the kernel takes it: columns want some rows side by side. */
    private static boolean fits(String kernel, TensorType x, int axis) {
        return !kernel.endsWith("_columns") || x.shape().product(axis + 1, x.shape().rank()) >= 16;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void groupNorm(String device) {
        try (KernelBed bed = KernelBed.of(device, "group_norm")) {
            for (int groups : new int[] {1, 2, 6}) {
                for (TensorType x : List.of(
                        TensorType.f32(2, 6, 7, 11), TensorType.f32(1, 6, 40), TensorType.f32(3, 12, 1))) {
                    NormOp op = new NormOp.GroupNorm(groups, 1e-5);
                    long c = x.shape().dim(1);
                    long n = x.shape().product(1, x.shape().rank()) / groups;
                    bed.check(op, op, KernelBed.Bound.LARGEST, 2 * n + 16, true, x, TensorType.f32(c),
                            TensorType.f32(c));
                }
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void batchNorm(String device) {
        NormOp op = new NormOp.BatchNorm(1e-3);
        try (KernelBed bed = KernelBed.of(device, "batch_norm")) {
            for (Shape x : List.of(Shape.of(2, 5, 3, 43), Shape.of(1, 1), Shape.of(3, 5, 129))) {
                int c = x.size(1);
                float[][] parts = new float[5][];
                parts[0] = new float[Math.toIntExact(x.elements())];
                for (int p = 1; p < 5; p++) {
                    parts[p] = new float[c];
                }
                for (int p = 0; p < 5; p++) {
                    for (int i = 0; i < parts[p].length; i++) {
                        parts[p][i] = (i * 37 + p * 11) % 64 / 64f + (p == 4 ? 0.25f : -0.5f);
                    }
                }
                List<HostTensor> operands = List.of(HostTensor.of(x, parts[0]), HostTensor.of(Shape.of(c), parts[1]),
                        HostTensor.of(Shape.of(c), parts[2]), HostTensor.of(Shape.of(c), parts[3]),
                        HostTensor.of(Shape.of(c), parts[4]));
                bed.checkOn(op, op, KernelBed.Bound.LARGEST, 16, true, operands);
                bed.checkOn(op, op, KernelBed.Bound.LARGEST, 16, false, operands);
            }
        }
    }

    /** Before a product a layer norm reads float32 and writes 16 bits: what the product by 1 gives is its result, rounded once. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void layerNormBeforeAProduct(String id) {
        int n = 24;
        float[] one = new float[n * n];
        for (int i = 0; i < n; i++) {
            one[i * n + i] = 1;
        }
        for (boolean columns : new boolean[] {false, true}) {
            GraphBuilder g = new GraphBuilder();
            TensorType type = columns ? TensorType.f32(1, n, 5, 8) : TensorType.f32(40, n);
            Value normed = g.layerNorm(g.input("x", type), g.constant(numbers(5, n)), g.constant(numbers(6, n)), 1, 1e-6);
            g.output("normed", normed);
            Graph alone = g.build();
            g = new GraphBuilder();
            normed = g.layerNorm(g.input("x", type), g.constant(numbers(5, n)), g.constant(numbers(6, n)), 1, 1e-6);
            g.output("y", columns
                    ? g.conv2d(normed, g.constant(HostTensor.of(Shape.of(n, n, 1, 1), one)), null, Window2d.of())
                    : g.linear(normed, g.constant(HostTensor.of(Shape.of(n, n), one)), null));
            HostTensor x = HostTensor.of(type.shape(), numbers(7, type.shape().elements()).toFloatArray());
            HostTensor expected = Oracle.run(alone, null, Map.of("x", x), Map.of(), Oracle.Rounding.NONE).outputs()
                    .get("normed");
            try (Device device = Backends.open(id)) {
                for (Precision p : device.info().precisions()) {
                    try (Executable e = device.compile(g.build(), null, CompileOptions.of().precision(p).profiled())) {
                        e.input("x").upload(x.data());
                        e.run();
                        HostTensor y = e.output("y").toHost();
                        // TF32 rounds what a product reads rather than what is stored.
                        double unit = p.arithmetic() == Arithmetic.TF32 ? 0x1p-11 : p.storage().rounding();
                        for (long i = 0; i < y.elements(); i++) {
                            assertEquals(expected.getDouble(i), y.getDouble(i),
                                    Math.abs(expected.getDouble(i)) * unit + 1e-5, p + ", element " + i);
                        }
                        assertFalse(e.timings().getFirst().what().contains("cast"), e.timings().toString());
                    }
                }
            }
        }
    }

    private static HostTensor numbers(long seed, long n) {
        Random random = new Random(seed);
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(n));
        for (long i = 0; i < n; i++) {
            t.setDouble(i, random.nextGaussian());
        }
        return t;
    }
}
