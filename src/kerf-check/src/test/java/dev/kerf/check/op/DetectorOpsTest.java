package dev.kerf.check.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.error.CapacityExceededException;
import dev.kerf.graph.BoxOp.LevelRule;
import dev.kerf.graph.BoxOp.Paste;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.Value;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The ops of detectors on every device against the oracle, over what networks and cameras may come up with. */
class DetectorOpsTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final float NAN = Float.NaN;
    private static final float INF = Float.POSITIVE_INFINITY;

    /** A graph in the making and its inputs. */
    private static final class Bed {
        private final GraphBuilder g = new GraphBuilder();
        private final Map<String, HostTensor> inputs = new LinkedHashMap<>();

        Value in(HostTensor t) {
            return in(t, null);
        }

        Value in(HostTensor t, Value count) {
            String slot = "x" + inputs.size();
            inputs.put(slot, t);
            TensorType type = new TensorType(t.dtype(), t.shape());
            return count == null ? g.input(slot, type) : g.input(slot, type, count);
        }

        Value counts(int... n) {
            return in(HostTensor.of(Shape.of(n.length), n));
        }

        void out(List<Value> values) {
            values.forEach(v -> g.output("y" + v.id(), v));
        }

        void out(Value v) {
            out(List.of(v));
        }
    }

    private static HostTensor floats(Shape shape, float... v) {
        return HostTensor.of(shape, v);
    }

    private static HostTensor random(Random random, double scale, long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextGaussian() * scale);
        }
        return t;
    }

    /** Boxes whose edges are multiples of an eighth, so that overlaps are exact: some empty, some inside out, some outside. */
    private static HostTensor boxes(Random random, int extent, long items, long n) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(items, n, 4));
        for (long i = 0; i < items * n; i++) {
            for (int axis = 0; axis < 2; axis++) {
                double low = (random.nextInt(12 * extent) - 2 * extent) / 8.0;
                t.setDouble(4 * i + axis, low);
                t.setDouble(4 * i + axis + 2, low + (random.nextInt(6 * extent) - extent / 4) / 8.0);
            }
        }
        return t;
    }

    /** Runs on the device and on the oracle; integers must be equal, float32 within {@code tolerance}, NaN where NaN is. */
    private static Map<String, HostTensor> check(String id, double tolerance, Consumer<Bed> record) {
        Bed bed = new Bed();
        record.accept(bed);
        Graph graph = bed.g.build();
        Oracle.Result expected = Oracle.run(graph, null, bed.inputs, Map.of(), Oracle.Rounding.NONE);
        Map<String, HostTensor> results = new HashMap<>();
        try (Device device = Backends.open(id); Executable e = device.compile(graph, null, CompileOptions.of())) {
            bed.inputs.forEach((slot, t) -> e.input(slot).upload(t.data()));
            e.run();
            e.run();
            graph.outputs().forEach((name, v) -> {
                HostTensor got = e.output(name).toHost();
                results.put(name, got);
                compare(id + " " + name, v, expected, got, tolerance);
            });
        }
        return results;
    }

    private static void compare(String what, Value v, Oracle.Result all, HostTensor got, double tolerance) {
        HostTensor expected = all.value(v);
        for (long i = 0; i < got.elements(); i++) {
            if (v.count() != null) {
                Shape s = v.type().shape();
                long row = i / s.product(v.countAxis() + 1, s.rank());
                if (row % s.dim(v.countAxis()) >= all.value(v.count()).getLong(row / s.dim(v.countAxis()))) {
                    continue;
                }
            }
            double e = expected.getDouble(i);
            double y = got.getDouble(i);
            boolean near = Math.abs(y - e) <= (v.type().dtype().floating() ? tolerance * Math.max(1, Math.abs(e)) : 0);
            assertTrue(near || Double.compare(e, y) == 0 || e == y, what + "[" + i + "]: " + y + ", expected " + e);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void topKBreaksTiesByIndex(String id) {
        float[] odd = {3, NAN, 3, -0f, 0, INF, -INF, 3, NAN, -INF, 1, 0};
        check(id, 0, b -> {
            Value x = b.in(floats(Shape.of(1, odd.length), odd));
            for (int k : new int[] {1, 2, 5, 9, odd.length}) {
                b.out(b.g.add(new SelectOp.TopK(k), x));
            }
        });
        Random random = new Random(1);
        HostTensor many = HostTensor.zeros(DType.F32, Shape.of(3, 5003));
        for (long i = 0; i < many.elements(); i++) {
            many.setDouble(i, random.nextInt(40) - 20);
        }
        check(id, 0, b -> {
            Value x = b.in(many);
            b.out(b.g.add(new SelectOp.TopK(1000), x));
            b.out(b.g.add(new SelectOp.TopK(5003), x));
            b.out(b.g.add(new SelectOp.TopK(700), b.in(random(random, 5, 2, 4097))));
            b.out(b.g.add(new SelectOp.TopK(1), b.in(random(random, 5, 1, 1))));
        });
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void rankOrdersWhatPasses(String id) {
        Random random = new Random(2);
        check(id, 0, b -> {
            Value odd = b.in(floats(Shape.of(2, 3, 2), NAN, 1, 1, 2, -0f, 0, 5, INF, -INF, NAN, 5, 5), b.counts(3, 2));
            b.out(b.g.add(new SelectOp.Rank(0, 6), odd));
            b.out(b.g.add(new SelectOp.Rank(-INF, 6), odd));
            b.out(b.g.add(new SelectOp.Rank(INF, 6), odd));
            b.out(b.g.add(new SelectOp.Rank(0, 6), b.in(random(random, 1, 2, 3), b.counts(0, 0))));
            b.out(b.g.add(new SelectOp.Rank(0.3f, 900), b.in(random(random, 1, 2, 301, 7), b.counts(300, 0))));
            HostTensor ties = HostTensor.zeros(DType.F32, Shape.of(1, 777));
            b.out(b.g.add(new SelectOp.Rank(-1, 777), b.in(ties)));
        });
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void rankNeverCutsOff(String id) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(2, 300));
        List<Value> ranked = g.add(new SelectOp.Rank(0.5f, 200), x);
        g.output("order", ranked.getFirst());
        g.output("count", ranked.getLast());
        HostTensor ones = HostTensor.zeros(DType.F32, Shape.of(2, 300));
        for (int i = 0; i < 201; i++) {
            ones.setDouble(300 + i, 1);
        }
        Graph graph = g.build();
        assertThrows(CapacityExceededException.class, () -> Oracle.run(graph, null, Map.of("x", ones), Map.of()));
        try (Device device = Backends.open(id); Executable e = device.compile(graph, null, CompileOptions.of())) {
            e.input("x").upload(ones.data());
            CapacityExceededException error = assertThrows(CapacityExceededException.class, e::run);
            assertTrue(error.getMessage().contains("rank") && error.getMessage().contains("201"), error.getMessage());
            ones.setDouble(300, 0);
            e.input("x").upload(ones.data());
            e.run();
            assertEquals(200, e.output("count").toHost().getLong(1));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void boxesAreDecoded(String id) {
        Random random = new Random(3);
        check(id, 1e-6 * 500, b -> {
            var op = new BoxOp.DecodeBoxes(10, 10, 5, 5, (float) Math.log(1000 / 16.0), 90, 120);
            Value count = b.counts(17, 0);
            b.out(b.g.add(op, b.in(boxes(random, 100, 2, 33), count), b.in(random(random, 30, 2, 33, 4), count)));
            b.out(b.g.add(op, b.in(floats(Shape.of(5, 4), 0, 0, 0, 0, 10, 10, 20, 20, NAN, 0, 1, 1, 5, 5, 6, 7, 1, 1, 2, 2)),
                    b.in(floats(Shape.of(5, 4), 1, 1, 9e9f, 9e9f, 0, 0, NAN, 0, 0, 0, 0, 0, 0, 0, 1e9f, -1e9f,
                            -1e9f, 1e9f, 0, 0))));
        });
    }

    private static void suppress(Bed b, BoxOp.Nms op, HostTensor boxes, HostTensor groups, Value count) {
        b.out(b.g.add(op, b.in(boxes, count), b.in(groups)));
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void lesserBoxesAreSuppressed(String id) {
        Random random = new Random(4);
        check(id, 0, b -> {
            HostTensor boxes = boxes(random, 40, 2, 517);
            HostTensor groups = HostTensor.zeros(DType.I32, Shape.of(517));
            HostTensor own = HostTensor.zeros(DType.I32, Shape.of(2, 517));
            for (int i = 0; i < 517; i++) {
                groups.setDouble(i, random.nextInt(3));
                own.setDouble(517 + i, random.nextInt(2));
            }
            for (float threshold : new float[] {0, 0.25f, 0.5f, 1}) {
                suppress(b, new BoxOp.Nms(threshold, 1e-3f, 517), boxes, groups, null);
                suppress(b, new BoxOp.Nms(threshold, -INF, 100), boxes, own, b.counts(517, 129));
                suppress(b, new BoxOp.Nms(threshold, 2, 1), boxes, own, b.counts(0, 1));
            }
        });
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void suppressionOfOddBoxes(String id) {
        HostTensor same = HostTensor.zeros(DType.F32, Shape.of(1, 200, 4));
        for (int i = 0; i < 200; i++) {
            same.setDouble(4 * i + 2, 8);
            same.setDouble(4 * i + 3, 8);
        }
        HostTensor group = HostTensor.zeros(DType.I32, Shape.of(200));
        // IoU of the first with the others: 1/2 exactly, above it, NaN (both empty), none.
        HostTensor edge = floats(Shape.of(1, 8, 4), 0, 0, 8, 8, 0, 0, 8, 4, 0, 0, 8, 5, NAN, 0, 8, 8, 3, 3, 3, 3, 3, 3, 3, 3,
                9, 9, 2, 2, 0, 0, 8, NAN);
        HostTensor few = HostTensor.zeros(DType.I32, Shape.of(8));
        Map<String, HostTensor> out = check(id, 0, b -> {
            suppress(b, new BoxOp.Nms(0.5f, 1, 200), same, group, null);
            suppress(b, new BoxOp.Nms(0.5f, 0, 8), edge, few, null);
            suppress(b, new BoxOp.Nms(0.5f, 100, 8), edge, few, null);
        });
        assertEquals(3, out.values().stream().filter(t -> t.shape().equals(Shape.of(1))).count());
        Map<String, HostTensor> kept = check(id, 0, b -> suppress(b, new BoxOp.Nms(0.5f, 0, 8), edge, few, null));
        HostTensor positions = kept.values().stream().filter(t -> t.shape().rank() == 2).findFirst().orElseThrow();
        assertEquals(List.of(0L, 1L, 4L, 5L), List.of(positions.getLong(0), positions.getLong(1), positions.getLong(2),
                positions.getLong(3)));
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void boxesArePooledFromTheirLevel(String id) {
        Random random = new Random(5);
        for (boolean aligned : new boolean[] {false, true}) {
            for (int samples : new int[] {0, 1, 2, 3}) {
                check(id, 1e-4, b -> {
                    var op = new BoxOp.RoiAlign(7, 5, samples, aligned, List.of(0.5, 0.25, 0.125),
                            new LevelRule(24, 2, 0, 1e-6));
                    HostTensor boxes = boxes(random, 60, 2, 40);
                    float[] odd = {0, 0, 24, 24, 0, 0, 12, 12, 5, 5, 5, 5, 9, 9, 3, 3, -200, -200, -100, -100, 0, 0, 60, 60,
                        500, 500, 600, 600, 0, 0, 60, 0.5f};
                    for (int i = 0; i < odd.length; i++) {
                        boxes.setDouble(i, odd[i]);
                    }
                    b.out(b.g.add(op, b.in(boxes, b.counts(40, 11)), b.in(random(random, 1, 2, 3, 30, 29)),
                            b.in(random(random, 1, 2, 3, 15, 14)), b.in(random(random, 1, 2, 3, 8, 7))));
                    b.out(b.g.add(new BoxOp.RoiAlign(2, 2, samples, aligned, List.of(1.0), new LevelRule(224, 4, 1e-8, 0)),
                            b.in(boxes(random, 9, 1, 9), b.counts(0)), b.in(random(random, 1, 1, 1, 1, 1))));
                });
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void boxesThatAreNoneGiveZeros(String id) {
        HostTensor boxes = floats(Shape.of(1, 6, 4), NAN, 0, 4, 4, 0, 0, 4, NAN, NAN, NAN, NAN, NAN, 0, 0, NAN, 4, 0, NAN, 4, 4,
                -9e9f, 0, 9e9f, 4);
        for (boolean aligned : new boolean[] {false, true}) {
            for (int samples : new int[] {0, 2, 3}) {
                Map<String, HostTensor> out = check(id, 0, b -> {
                    var op = new BoxOp.RoiAlign(2, 2, samples, aligned, List.of(1.0), new LevelRule(8, 0, 0, 1e-6));
                    b.out(b.g.add(op, b.in(boxes), b.in(random(new Random(6), 1, 1, 2, 8, 8))));
                });
                HostTensor y = out.values().iterator().next();
                for (long i = 0; i < y.elements(); i++) {
                    assertEquals(0, y.getDouble(i), id + ", aligned " + aligned + ", samples " + samples);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void masksArePasted(String id) {
        Random random = new Random(7);
        for (Paste how : Paste.values()) {
            check(id, 0, b -> {
                HostTensor masks = random(random, 1, 2, 9, 28, 28);
                HostTensor boxes = boxes(random, 40, 2, 9);
                float[] odd = {0, 0, 37, 23, -50, -50, -40, -40, 3, 3, 3, 3, NAN, 0, 9, 9, 10.5f, 3.25f, 11.5f, 22.75f, 30, 20,
                    90, 80};
                for (int i = 0; i < odd.length; i++) {
                    boxes.setDouble(i, odd[i]);
                }
                b.out(b.g.add(new BoxOp.PasteMasks(23, 37, 0.5f, how), b.in(masks), b.in(boxes, b.counts(9, 4))));
                b.out(b.g.add(new BoxOp.PasteMasks(1, 1, 0.5f, how), b.in(random(random, 1, 1, 2, 3, 3)),
                        b.in(boxes(random, 2, 1, 2))));
            });
        }
    }
}
