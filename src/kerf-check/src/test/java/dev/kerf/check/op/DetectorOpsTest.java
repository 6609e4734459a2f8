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
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Op;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Right values of the ops of detectors where boxes are odd; {@link DetectorCases} has them over all else. */
class DetectorOpsTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final float NAN = Float.NaN;

    /** What a device makes of an op. */
    private static List<HostTensor> run(String id, Op op, HostTensor... operands) {
        GraphBuilder g = new GraphBuilder();
        List<Value> in = new ArrayList<>();
        for (HostTensor t : operands) {
            in.add(g.input("x" + in.size(), new TensorType(t.dtype(), t.shape())));
        }
        List<Value> results = g.add(op, in.toArray(Value[]::new));
        results.forEach(v -> g.output("y" + v.id(), v));
        try (Device device = Backends.open(id); Executable e = device.compile(g.build(), null, CompileOptions.of())) {
            for (int i = 0; i < operands.length; i++) {
                e.input("x" + i).upload(operands[i].data());
            }
            e.run();
            return results.stream().map(v -> e.output("y" + v.id()).toHost()).toList();
        }
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
    void suppressionOfOddBoxes(String id) {
        // IoU of the first with the others: 1/2 exactly, above it, NaN (both empty), none.
        HostTensor edge = HostTensor.of(Shape.of(1, 8, 4), new float[] {0, 0, 8, 8, 0, 0, 8, 4, 0, 0, 8, 5, NAN, 0, 8, 8,
            3, 3, 3, 3, 3, 3, 3, 3, 9, 9, 2, 2, 0, 0, 8, NAN});
        HostTensor group = HostTensor.zeros(DType.I32, Shape.of(8));
        List<HostTensor> kept = run(id, new BoxOp.Nms(0.5f, 0, 8), edge, group);
        assertEquals(4, kept.getLast().getLong(0));
        assertEquals(List.of(0L, 1L, 4L, 5L), List.of(kept.getFirst().getLong(0), kept.getFirst().getLong(1),
                kept.getFirst().getLong(2), kept.getFirst().getLong(3)));
        assertEquals(0, run(id, new BoxOp.Nms(0.5f, 100, 8), edge, group).getLast().getLong(0));
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void boxesThatAreNoneGiveZeros(String id) {
        HostTensor boxes = HostTensor.of(Shape.of(1, 6, 4), new float[] {NAN, 0, 4, 4, 0, 0, 4, NAN, NAN, NAN, NAN, NAN,
            0, 0, NAN, 4, 0, NAN, 4, 4, -9e9f, 0, 9e9f, 4});
        HostTensor map = HostTensor.zeros(DType.F32, Shape.of(1, 1, 8, 8));
        for (long i = 0; i < 64; i++) {
            map.setDouble(i, Math.sin(i) + 2);
        }
        for (boolean aligned : new boolean[] {false, true}) {
            for (int samples : new int[] {0, 2, 3}) {
                var op = new BoxOp.RoiAlign(2, 2, samples, aligned, List.of(1.0), new LevelRule(8, 0, 0, 1e-6));
                HostTensor y = run(id, op, boxes, map).getFirst();
                for (long i = 0; i < y.elements(); i++) {
                    assertEquals(0, y.getDouble(i), id + ", aligned " + aligned + ", samples " + samples);
                }
            }
        }
    }
}
