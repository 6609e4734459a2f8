package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Executable;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.device.Step;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.error.CapacityExceededException;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What selects and suppresses, by one group and by many, gives the oracle's very indices, whatever would be chosen. */
class DetectorKernelTest {
    private static final float NAN = Float.NaN;
    private static final float INF = Float.POSITIVE_INFINITY;

    private final Map<String, HostTensor> inputs = new HashMap<>();
    private final Map<String, String> counted = new HashMap<>(); // an output, its counts
    private final GraphBuilder g = new GraphBuilder();

    static Stream<Arguments> picks() {
        return KernelBed.devicesAnd("pick/pick", "pick/pick_blocks");
    }

    static Stream<Arguments> suppressions() {
        return KernelBed.devicesAnd("nms/nms", "nms/nms_bits");
    }

    private Value input(Value count, HostTensor t) {
        String name = "x" + inputs.size();
        inputs.put(name, t);
        return count == null
                ? g.input(name, new TensorType(t.dtype(), t.shape()))
                : g.input(name, new TensorType(t.dtype(), t.shape()), count);
    }

    private Value counts(int... n) {
        return input(null, HostTensor.of(Shape.of(n.length), n));
    }

    private void outputs(List<Value> values) {
        values.forEach(v -> g.output("y" + v.id(), v));
        if (values.getFirst().count() != null) {
            counted.put("y" + values.getFirst().id(), "y" + values.getLast().id());
        }
    }

    /** Runs what was recorded, with the kernel alone. */
    private void check(String device, String kernelAndVariant) {
        check(device, kernelAndVariant, g.build(), Map.of());
    }

    private void check(String device, String kernelAndVariant, Graph graph, Map<String, Long> parameters) {
        Map<String, HostTensor> expected = Oracle.run(graph, null, inputs, Map.of()).outputs();
        String[] names = kernelAndVariant.split("/");
        try (KernelBed bed = KernelBed.of(device, kernelAndVariant, parameters);
                Executable e = bed.device().compile(graph, null, CompileOptions.of())) {
            inputs.forEach((name, t) -> e.input(name).upload(t.data()));
            e.run();
            assertTrue(GpuDevice.steps(e).stream().map(Step::kernel).filter(k -> k.startsWith(names[0] + "_")
                    || k.equals(names[0])).allMatch(names[1]::equals), device + " " + GpuDevice.steps(e));
            expected.forEach((name, y) -> {
                HostTensor made = e.output(name).toHost();
                HostTensor valid = expected.get(counted.get(name));
                int row = y.shape().rank() < 2 ? 1 : y.shape().size(1);
                double[] want = new double[Math.toIntExact(y.elements())];
                double[] got = new double[want.length];
                for (int i = 0; i < want.length; i++) {
                    if (valid == null || i % row < valid.getLong(i / row)) {
                        want[i] = y.getDouble(i);
                        got[i] = made.getDouble(i);
                    }
                }
                assertArrayEquals(want, got, device + " " + kernelAndVariant + " " + name);
            });
        }
    }

    /** Numbers of few values, odd ones among them. */
    private static HostTensor scores(Shape shape, int values, long seed) {
        HostTensor t = HostTensor.zeros(DType.F32, shape);
        Random random = new Random(seed);
        float[] odd = {NAN, INF, -INF, -0f, 0, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MAX_VALUE};
        for (long i = 0; i < t.elements(); i++) {
            int v = random.nextInt(values + odd.length);
            t.setDouble(i, v < odd.length ? odd[v] : (v - values / 2f) / 7);
        }
        return t;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("picks")
    void picksTheLargest(String device, String kernel) {
        for (int values : new int[] {1, 40, 100_000}) {
            Value x = input(null, scores(Shape.of(2, 9001), values, values));
            for (int k : new int[] {1, 1000, 9001}) {
                outputs(g.add(new SelectOp.TopK(k), x));
            }
        }
        outputs(g.add(new SelectOp.TopK(77), input(null, HostTensor.zeros(DType.F32, Shape.of(1, 70_001)))));
        outputs(g.add(new SelectOp.TopK(900), input(null, scores(Shape.of(3, 4096), 100_000, 5))));
        check(device, kernel);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("picks")
    void picksTheLargestOfEachPart(String device, String kernel) {
        List<Integer> parts = List.of(2, 20_011, 999, 1000, 1001, 4500, 1);
        int n = parts.stream().mapToInt(p -> p).sum();
        for (int values : new int[] {1, 40, 100_000}) {
            outputs(g.add(new SelectOp.TopK(1000, parts), input(null, scores(Shape.of(2, n), values, values))));
        }
        check(device, kernel);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("picks")
    void picksWhatIsAbove(String device, String kernel) {
        for (float threshold : new float[] {0, -INF, INF}) {
            outputs(g.add(new SelectOp.Rank(threshold, 6000), input(null, scores(Shape.of(2, 6000), 50, 9))));
        }
        outputs(g.add(new SelectOp.Rank(-0.5f, 9000), input(counts(3, 0, 1), scores(Shape.of(3, 3, 3000), 9000, 4))));
        check(device, kernel);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("picks")
    void cutsNothingOff(String device, String kernel) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(1, 5000));
        for (int i = 0; i < 201; i++) {
            t.setDouble(i * 24, 1);
        }
        outputs(g.add(new SelectOp.Rank(0.5f, 200), input(null, t)));
        CapacityExceededException e = assertThrows(CapacityExceededException.class, () -> {
            try (KernelBed bed = KernelBed.of(device, kernel);
                    Executable run = bed.device().compile(g.build(), null, CompileOptions.of())) {
                run.input("x0").upload(t.data());
                run.run();
            }
        });
        assertTrue(e.getMessage().contains("201"), e.getMessage());
    }

    /** Boxes on an eighth of a pixel, so that an overlap is exact; odd ones among them. */
    private static HostTensor boxes(int items, int n, int extent, long seed) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(items, n, 4));
        Random random = new Random(seed);
        for (long i = 0; i < t.elements() / 4; i++) {
            for (int axis = 0; axis < 2; axis++) {
                double low = random.nextInt(8 * extent) / 8.0;
                t.setDouble(4 * i + axis, random.nextInt(90) == 0 ? NAN : low);
                t.setDouble(4 * i + axis + 2, random.nextInt(90) == 0 ? low : low + random.nextInt(5 * extent) / 8.0);
            }
        }
        return t;
    }

    private static HostTensor groups(Shape shape, int different) {
        HostTensor t = HostTensor.zeros(DType.I32, shape);
        Random random = new Random(different);
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextInt(different));
        }
        return t;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("suppressions")
    void suppresses(String device, String kernel) {
        for (float threshold : new float[] {0, 0.25f, 0.7f, 1}) {
            Value boxes = input(null, boxes(2, 700, 40, 3));
            outputs(g.add(new BoxOp.Nms(threshold, 1e-3f, 700), boxes, input(null, groups(Shape.of(2, 700), 3))));
            outputs(g.add(new BoxOp.Nms(threshold, -INF, 33), boxes, input(null, groups(Shape.of(700), 1))));
        }
        HostTensor same = HostTensor.zeros(DType.F32, Shape.of(1, 300, 4));
        for (long i = 0; i < 300; i++) {
            same.setDouble(4 * i + 2, 8);
            same.setDouble(4 * i + 3, 8);
        }
        outputs(g.add(new BoxOp.Nms(0.5f, 1, 300), input(null, same), input(null, groups(Shape.of(300), 1))));
        outputs(g.add(new BoxOp.Nms(0.5f, 9, 300), input(null, same), input(null, groups(Shape.of(300), 1))));
        // Each box drops the next one alone: chains within words and across them.
        HostTensor chain = HostTensor.zeros(DType.F32, Shape.of(1, 333, 4));
        for (long i = 0; i < 333; i++) {
            chain.setDouble(4 * i, 4 * i);
            chain.setDouble(4 * i + 2, 4 * i + 16);
            chain.setDouble(4 * i + 3, 4);
        }
        outputs(g.add(new BoxOp.Nms(0.5f, 1, 333), input(null, chain), input(null, groups(Shape.of(333), 1))));
        outputs(g.add(new BoxOp.Nms(0.2f, 1, 50), input(null, chain), input(null, groups(Shape.of(333), 1))));
        check(device, kernel);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("suppressions")
    void suppressesWhatIsCounted(String device, String kernel) {
        for (int n : new int[] {0, 1, 31, 32, 33, 64, 65, 299, 600}) {
            outputs(g.add(new BoxOp.Nms(0.3f, 1e-3f, 600), input(counts(n, 600 - n), boxes(2, 600, 30, n)),
                    input(null, groups(Shape.of(2, 600), 2))));
        }
        check(device, kernel);
    }

    static Stream<Arguments> stages() {
        // Java's kernel reads the kept boxes where they lie.
        return KernelBed.devicesAnd("nms/nms").filter(a -> !a.get()[0].toString().startsWith("tornado:"));
    }

    /** Kept boxes copied to local memory, and several compared at once, wherever the last of them stand. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("stages")
    void suppressesInStages(String device, String kernel) {
        for (int n : new int[] {1, 33, 64, 65, 299}) {
            outputs(g.add(new BoxOp.Nms(0.5f, 1e-3f, 300), input(counts(n, 300 - n), boxes(2, 300, 60, n)),
                    input(null, groups(Shape.of(2, 300), 2))));
        }
        Graph graph = g.build();
        for (Map<String, Long> set : List.of(Map.of("STAGE", 0L, "UNROLL", 4L), Map.of("STAGE", 32L, "UNROLL", 1L),
                Map.of("STAGE", 64L, "UNROLL", 4L, "GROUP", 16L), Map.of("STAGE", 256L, "UNROLL", 2L, "GROUP", 256L))) {
            check(device, kernel, graph, set);
        }
    }
}
