package dev.kerf.check.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Counts over masks on every back end: equal to the oracle's, to the last pixel. */
class MeasureOpsTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";

    private static final List<MaskForm> FORMS = List.of(new MaskForm.Bytes(), new MaskForm.Bits(), new MaskForm.Logits(0.25f));

    private final Random random = new Random(7);

    @ParameterizedTest
    @MethodSource(DEVICES)
    void everyPairOfFormsWithAndWithoutIgnore(String id) {
        try (Device device = Backends.open(id)) {
            for (MaskForm a : FORMS) {
                for (MaskForm b : FORMS) {
                    for (boolean ignore : new boolean[] {false, true}) {
                        overlap(device, a, b, 2, 3, 1003, ignore);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void awkwardNumbersOfMasksAndPixels(String id) {
        try (Device device = Backends.open(id)) {
            for (int pixels : new int[] {1, 7, 8, 9, 31, 32, 33, 4097}) {
                overlap(device, new MaskForm.Bits(), new MaskForm.Bytes(), 1, 1, pixels, true);
                overlap(device, new MaskForm.Logits(-1), new MaskForm.Bits(), 5, 4, pixels, false);
            }
            overlap(device, new MaskForm.Bytes(), new MaskForm.Bytes(), 1, 9, 500, false);
            overlap(device, new MaskForm.Bytes(), new MaskForm.Bytes(), 9, 1, 500, false);
            overlap(device, new MaskForm.Bytes(), new MaskForm.Bytes(), 70, 130, 65, true);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void picturesInManyParts(String id) {
        try (Device device = Backends.open(id)) {
            overlap(device, new MaskForm.Logits(0), new MaskForm.Bytes(), 1, 1, 700_001, true);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void allPairsOfOneSet(String id) {
        HostTensor masks = masks(new MaskForm.Bytes(), 6, 333);
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("0", new TensorType(DType.U8, masks.shape()));
        MaskForm bytes = new MaskForm.Bytes();
        g.output("y", g.apply(new MeasureOp.Overlap(bytes, bytes, 333, false), x, x));
        try (Device device = Backends.open(id)) {
            long[] y = check(device, g.build(), Map.of("0", masks));
            for (int i = 0; i < 6; i++) {
                for (int k = 0; k < 4; k++) {
                    assertEquals(y[(i * 6 + i) * 4], y[(i * 6 + i) * 4 + k], "a mask overlaps itself wholly");
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void partOfLargerTensors(String id) {
        // Classes 1 and 2 of three: rows that lie apart within each item of the batch, if the back end reads in place.
        GraphBuilder g = new GraphBuilder();
        HostTensor logits = floats(4, 3, 100);
        Value x = g.input("0", new TensorType(DType.F32, logits.shape()));
        Value a = g.reshape(g.slice(x, 1, 1, 2), 4, 100);
        Value b = g.reshape(g.slice(x, 1, 2, 3), 4, 100);
        MaskForm form = new MaskForm.Logits(0);
        g.output("y", g.apply(new MeasureOp.Overlap(form, form, 100, false), a, b));
        try (Device device = Backends.open(id)) {
            check(device, g.build(), Map.of("0", logits));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void confusionOfFewAndManyClasses(String id) {
        try (Device device = Backends.open(id)) {
            for (DType truth : List.of(DType.U8, DType.I32)) {
                for (DType predicted : List.of(DType.U8, DType.I32)) {
                    confusion(device, 1, 1, -1, truth, predicted, 77);
                    confusion(device, 3, 2, -1, truth, predicted, 1001);
                    confusion(device, 2, 21, 255, truth, predicted, 5000);
                    confusion(device, 2, 21, 20, truth, predicted, 5000);
                }
            }
            confusion(device, 1, 150, 0, DType.U8, DType.I32, 30_000);
            confusion(device, 1, 2, 255, DType.U8, DType.U8, 600_011);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void labelsOutOfRangeCountNowhere(String id) {
        HostTensor truth = HostTensor.of(Shape.of(1, 8), new int[] {0, 1, 2, -1, -2_000_000_000, 2_000_000_000, 1, 0});
        HostTensor predicted = HostTensor.of(Shape.of(1, 8), new int[] {0, 1, 0, 0, 0, 0, 65_536, -65_536});
        GraphBuilder g = new GraphBuilder();
        TensorType type = new TensorType(DType.I32, truth.shape());
        g.output("y", g.apply(new MeasureOp.Confusion(2, -1), g.input("0", type), g.input("1", type)));
        try (Device device = Backends.open(id)) {
            assertArrayEquals(new long[] {1, 0, 0, 1}, check(device, g.build(), Map.of("0", truth, "1", predicted)));
        }
    }

    private void overlap(Device device, MaskForm a, MaskForm b, int n, int m, int pixels, boolean ignore) {
        HostTensor left = masks(a, n, pixels);
        HostTensor right = masks(b, m, pixels);
        Op op = new MeasureOp.Overlap(a, b, pixels, ignore);
        if (ignore) {
            run(device, op, left, right, bytes(2, pixels));
        } else {
            run(device, op, left, right);
        }
    }

    private void confusion(
            Device device, int images, int classes, int ignore, DType truth, DType predicted, int pixels) {
        run(device, new MeasureOp.Confusion(classes, ignore), labels(truth, classes, images, pixels),
                labels(predicted, classes, images, pixels));
    }

    private void run(Device device, Op op, HostTensor... operands) {
        GraphBuilder g = new GraphBuilder();
        Map<String, HostTensor> inputs = new LinkedHashMap<>();
        Value[] values = new Value[operands.length];
        for (int i = 0; i < operands.length; i++) {
            values[i] = g.input("" + i, new TensorType(operands[i].dtype(), operands[i].shape()));
            inputs.put("" + i, operands[i]);
        }
        g.output("y", g.apply(op, values));
        check(device, g.build(), inputs);
    }

    private static long[] check(Device device, Graph graph, Map<String, HostTensor> inputs) {
        HostTensor expected = Oracle.run(graph, null, inputs, Map.of(), Oracle.Rounding.EACH_NODE).outputs().get("y");
        for (Precision precision : device.info().precisions()) {
            try (Executable e = device.compile(graph, null, CompileOptions.of().precision(precision))) {
                inputs.forEach((name, t) -> e.input(name).upload(t.data()));
                e.run();
                assertArrayEquals(longs(expected), longs(e.output("y").toHost()), graph + " in " + precision);
                e.run();
                assertArrayEquals(longs(expected), longs(e.output("y").toHost()), "again: " + graph);
            }
        }
        return longs(expected);
    }

    private static long[] longs(HostTensor t) {
        long[] out = new long[(int) t.elements()];
        for (int i = 0; i < out.length; i++) {
            out[i] = t.getLong(i);
        }
        return out;
    }

    private HostTensor masks(MaskForm form, int n, int pixels) {
        return switch (form) {
            case MaskForm.Bytes f -> bytes(3, n, pixels);
            // The bits past the last pixel are set at random too, and must not count.
            case MaskForm.Bits f -> bytes(256, n, (pixels + 7) / 8);
            case MaskForm.Logits f -> floats(n, pixels);
        };
    }

    private HostTensor bytes(int bound, long... dims) {
        HostTensor t = HostTensor.zeros(DType.U8, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextInt(bound));
        }
        return t;
    }

    /** Multiples of 1/8 in ±2, so that thresholds are met exactly and float16 holds them; some NaN and infinite. */
    private HostTensor floats(long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        double[] odd = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -0.0};
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextInt(20) == 0 ? odd[random.nextInt(4)] : (random.nextInt(33) - 16) / 8.0);
        }
        return t;
    }

    /** Mostly classes, some past them, 255 and, where the type has them, negative ones. */
    private HostTensor labels(DType dtype, int classes, int images, int pixels) {
        HostTensor t = HostTensor.zeros(dtype, Shape.of(images, pixels));
        for (long i = 0; i < t.elements(); i++) {
            int odd = random.nextInt(12);
            boolean negative = odd == 2 && dtype == DType.I32;
            t.setDouble(i, odd == 0 ? 255 : odd == 1 ? classes : negative ? -1 : random.nextInt(classes));
        }
        return t;
    }
}
