package dev.kerf.check.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Op;
import dev.kerf.graph.TensorType;
import dev.kerf.image.Nv12;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** From pixels to images on every back end, against the oracle. */
class FrameOpsTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";

    /** Half a unit in the last place of a float32, relative. */
    private static final double ROUNDING = 0x1p-24;

    private final Random random = new Random(11);

    @ParameterizedTest
    @MethodSource(DEVICES)
    void everySampleIsDividedCorrectly(String id) {
        HostTensor bytes = HostTensor.zeros(DType.U8, Shape.of(1, 16, 16, 1));
        HostTensor shorts = HostTensor.zeros(DType.U16, Shape.of(1, 256, 256, 1));
        for (int i = 0; i < 65_536; i++) {
            bytes.setDouble(i % 256, i % 256);
            shorts.setDouble(i, i);
        }
        try (Device device = Backends.open(id)) {
            for (HostTensor x : List.of(bytes, shorts)) {
                HostTensor y = run(device, graph(new FrameOp.FromPixels(List.of(0), false), x), x);
                float full = x.dtype() == DType.U8 ? 255 : 65_535;
                for (int i = 0; i < x.elements(); i++) {
                    assertEquals(i / full, y.getDouble(i), "sample " + i);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void channelsInAnyOrderAndLuma(String id) {
        try (Device device = Backends.open(id)) {
            for (DType dtype : List.of(DType.U8, DType.U16)) {
                HostTensor x = pixels(dtype, 2, 7, 19, 4);
                check(device, new FrameOp.FromPixels(List.of(0, 1, 2), false), 0, 0, x);
                check(device, new FrameOp.FromPixels(List.of(2, 1, 0), false), 0, 0, x);
                check(device, new FrameOp.FromPixels(List.of(3), false), 0, 0, x);
                check(device, new FrameOp.FromPixels(List.of(1, 1, 1, 0), false), 0, 0, x);
                check(device, new FrameOp.FromPixels(List.of(2, 1, 0), true), 0, 0, x);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void lumaOfTheLargestSamples(String id) {
        HostTensor x = HostTensor.zeros(DType.U16, Shape.of(1, 1, 3, 3));
        for (int i = 0; i < 9; i++) {
            x.setDouble(i, i < 6 ? 65_535 : 255);
        }
        try (Device device = Backends.open(id)) {
            check(device, new FrameOp.FromPixels(List.of(0, 1, 2), true), 0, 0, x);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void videoFrames(String id) {
        HostTensor x = pixels(DType.U8, 2, 9, 10);
        try (Device device = Backends.open(id)) {
            for (Nv12.Matrix matrix : Nv12.Matrix.values()) {
                // Five roundings of numbers below 4: the factors, luma, chroma and two sums.
                check(device, new FrameOp.FromNv12(matrix), 0, 5 * 4 * ROUNDING, x);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void statisticsAreRoundedOnce(String id) {
        try (Device device = Backends.open(id)) {
            check(device, new FrameOp.ImageStatistics(), 2 * ROUNDING, 0, floats(0, 1, 2, 3, 5, 7));
            check(device, new FrameOp.ImageStatistics(), 2 * ROUNDING, 0, floats(0.5, 0.25, 1, 3, 211, 307));
            // A spread of a thousandth about a thousand: float32 sums of squares would keep no digit of it.
            check(device, new FrameOp.ImageStatistics(), 2 * ROUNDING, 0, floats(1000, 0.001, 1, 1, 100, 501));
            check(device, new FrameOp.ImageStatistics(), 2 * ROUNDING, 0, floats(3, 0, 1, 2, 1, 1));
            check(device, new FrameOp.ImageStatistics(), 2 * ROUNDING, 0, floats(0.1, 0, 1, 1, 300, 301));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void standardising(String id) {
        HostTensor x = floats(0.4, 0.2, 2, 3, 9, 11);
        HostTensor each = HostTensor.of(Shape.of(2, 3, 2),
                new float[] {0.5f, 0.25f, 0.1f, 0, -3, 7, 0.4f, 0.2f, 1e-3f, 1e-3f, 100, 1e-2f});
        HostTensor all = HostTensor.of(Shape.of(1, 3, 2), new float[] {0.485f, 0.229f, 0.456f, 0, 0.406f, 0.225f});
        try (Device device = Backends.open(id)) {
            // One rounding of the difference; a quotient may be off by 2.5 units, which is 5 roundings.
            check(device, new FrameOp.Standardise(), 6 * ROUNDING, 0, x, each);
            check(device, new FrameOp.Standardise(), 6 * ROUNDING, 0, x, all);
        }
    }

    private static Graph graph(Op op, HostTensor... operands) {
        GraphBuilder g = new GraphBuilder();
        Value[] values = new Value[operands.length];
        for (int i = 0; i < operands.length; i++) {
            values[i] = g.input("" + i, new TensorType(operands[i].dtype(), operands[i].shape()));
        }
        g.output("y", g.apply(op, values));
        return g.build();
    }

    private static HostTensor run(Device device, Graph graph, HostTensor... operands) {
        try (Executable e = device.compile(graph, null, CompileOptions.of())) {
            for (int i = 0; i < operands.length; i++) {
                e.input("" + i).upload(operands[i].data());
            }
            e.run();
            return e.output("y").toHost();
        }
    }

    private static void check(Device device, Op op, double relative, double absolute, HostTensor... operands) {
        Graph graph = graph(op, operands);
        Map<String, HostTensor> inputs = new LinkedHashMap<>();
        for (int i = 0; i < operands.length; i++) {
            inputs.put("" + i, operands[i]);
        }
        HostTensor expected = Oracle.run(graph, null, inputs, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
        HostTensor actual = run(device, graph, operands);
        assertEquals(expected.shape(), actual.shape());
        for (long i = 0; i < actual.elements(); i++) {
            double e = expected.getDouble(i);
            assertEquals(e, actual.getDouble(i), relative * Math.abs(e) + absolute, op + ", element " + i);
        }
    }

    private HostTensor pixels(DType dtype, long... dims) {
        HostTensor t = HostTensor.zeros(dtype, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextInt(dtype == DType.U8 ? 256 : 65_536));
        }
        return t;
    }

    private HostTensor floats(double mean, double deviation, long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, mean + deviation * random.nextGaussian());
        }
        return t;
    }
}
