package dev.kerf.backend.gpu;

import static dev.kerf.backend.gpu.Parity.random;
import static dev.kerf.backend.gpu.Parity.randomIntegers;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Executable;
import dev.kerf.backend.gpu.Parity.Case;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.error.BadInputException;
import dev.kerf.error.CapacityExceededException;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.ImageLayout;
import dev.kerf.graph.LayoutOp.Reorder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Copies, gathers and views, rows that are counted on the device, and states, against the oracle. */
class MoveKernelsTest {
    private static final String DEVICES = "dev.kerf.backend.gpu.Parity#devices";

    private static final CompileOptions PLAIN = CompileOptions.of();

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void moves(String id) {
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            HostTensor x = random(1, 2, 3, 4, 17);
            HostTensor bytes = randomIntegers(2, DType.U8, 256, 2, 3, 5);
            for (Op op : List.of(new MoveOp.Slice(3, 2, 16, 3), new MoveOp.Slice(0, 1, 2, 1),
                    new MoveOp.Slice(1, 0, 3, 2), new MoveOp.Slice(2, 1, 3, 1), new MoveOp.Permute(List.of(0, 2, 3, 1)),
                    new MoveOp.Permute(List.of(3, 1, 0, 2)), new MoveOp.Permute(List.of(0, 1, 2, 3)),
                    new MoveOp.Reshape(Shape.of(6, 68)), new MoveOp.Expand(Shape.of(5, 2, 3, 4, 17)),
                    new MoveOp.Slice(0, 1, 1, 1))) {
                Parity.check(device, Case.of(op, x), 0, 0);
            }
            Parity.check(device, Case.of(new MoveOp.Expand(Shape.of(4, 3, 35)), random(3, 4, 1, 35)), 0, 0);
            Parity.check(device, Case.of(new MoveOp.Permute(List.of(2, 0, 1)), bytes), 0, 0);
            for (int axis = 0; axis < 3; axis++) {
                Parity.check(device, Case.of(new MoveOp.Concat(axis), bytes, bytes, bytes), 0, 0);
                Parity.check(device, Case.of(new MoveOp.Concat(axis), random(4, 2, 3, 40), random(5, 2, 3, 40)), 0, 0);
            }
            for (MoveOp.PadMode mode : MoveOp.PadMode.values()) {
                Op all = new MoveOp.Pad(List.of(1L, 0L, 2L, 3L), List.of(0L, 2L, 1L, 0L), mode, 1.5);
                Op image = new MoveOp.Pad(List.of(0L, 0L, 2L, 3L), List.of(0L, 0L, 1L, 5L), mode, -2);
                Parity.check(device, Case.of(all, random(6, 2, 3, 4, 5)), 0, 0);
                Parity.check(device, Case.of(image, random(7, 2, 3, 4, 7)), 0, 0);
                Op bytesToo = new MoveOp.Pad(List.of(0L, 1L, 2L), List.of(0L, 1L, 0L), mode, 7);
                Parity.check(device, Case.of(bytesToo, bytes), 0, 0);
            }
        }
    }

    /** Images from plane by plane to channel by channel and back, of one, few, many and odd channels. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void reordersImages(String id) {
        Assumptions.assumeFalse(id.startsWith("tornado:"), "TornadoVM has no kernels for images in another layout");
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            for (Shape image : List.of(Shape.of(1, 1, 1, 1), Shape.of(2, 3, 7, 19), Shape.of(1, 8, 16, 16),
                    Shape.of(3, 37, 5, 13),
                    Shape.of(1, 129, 3, 11))) {
                int channels = image.size(1);
                ImageLayout last = ImageLayout.CHANNELS_LAST;
                Parity.check(device, Case.of(new Reorder(ImageLayout.CHANNELS_FIRST, last, channels), random(9, image.dims())),
                        0, 0);
                Parity.check(device, Case.of(new Reorder(last, ImageLayout.CHANNELS_FIRST, channels),
                        random(10, last.stored(image).dims())), 0, 0);
            }
        }
    }

    /** Concats and slices that the memory plan turns into views, with items apart. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void viewsWithBatches(String id) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(3, 4, 5, 6));
        Value a = g.relu(x);
        Value b = g.multiply(x, g.constant(2f));
        Value joined = g.concat(1, a, b);
        Value part = g.slice(g.unary(PointwiseOp.Function.NEGATE, joined), 1, 2, 7);
        g.output("sum", g.add(part, g.constant(1f)));
        g.output("label", g.apply(new ReduceOp.ArgMax(1, DType.U8), g.unary(PointwiseOp.Function.ABS, joined)));
        g.output("padded", g.apply(new MoveOp.Pad(List.of(0L, 0L, 1L, 1L), List.of(0L, 0L, 1L, 1L),
                MoveOp.PadMode.REFLECT, 0), g.slice(g.unary(PointwiseOp.Function.ABS, joined), 1, 1, 4)));
        Case c = Case.of(g.build(), Map.of("x", random(1, 3, 4, 5, 6)));
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            Parity.check(device, c, PLAIN, 0, 0);
            Parity.check(device, c, PLAIN.unfused(), 0, 0);
        }
    }

    /** Outputs that no kernel of their own makes: inputs, weights, constants, states, and views of them. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void outputsOfEveryOrigin(String id) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(4, 6));
        Value labels = g.input("labels", TensorType.of(DType.U8, 5));
        Value state = g.state("state", TensorType.f32(3));
        g.output("input", x);
        g.output("view", g.reshape(x, 2, 12));
        g.output("rows", g.slice(x, 0, 1, 3));
        g.output("bytes", labels);
        g.output("weight", g.weight("w", Shape.of(2, 2)));
        g.output("constant", g.constant(HostTensor.of(Shape.of(2), new float[] {1, 2})));
        g.output("integers", g.constant(HostTensor.of(Shape.of(2), new int[] {3, -4})));
        g.output("state", g.apply(new StateOp.Assign(), state, g.constant(HostTensor.of(Shape.of(3), new float[3]))));
        Value y = g.relu(x);
        g.output("once", y);
        g.output("twice", y);
        g.output("part", g.slice(y, 0, 2, 4));
        Case c = new Case(g.build(), Map.of("w", random(1, 2, 2)), Map.of("x", random(2, 4, 6), "labels",
                randomIntegers(3, DType.U8, 256, 5)), Map.of("state", random(4, 3)));
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            Parity.check(device, c, 0, 0);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void gathers(String id) {
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            HostTensor index = randomIntegers(1, DType.I32, 6, 3, 5);
            Parity.check(device, Case.of(new MoveOp.Gather(), random(2, 6, 2, 7), index), 0, 0);
            Parity.check(device, Case.of(new MoveOp.Gather(), random(2, 6), index), 0, 0);
            Parity.check(device, Case.of(new MoveOp.Gather(), randomIntegers(3, DType.U8, 9, 6, 3), index), 0, 0);
            Case wrong = Case.of(new MoveOp.Gather(), random(2, 6, 2), HostTensor.of(Shape.of(3), new int[] {0, 6, 2}));
            try (Executable e = device.compile(wrong.graph(), null, PLAIN)) {
                wrong.inputs().forEach((name, v) -> e.input(name).upload(v.data()));
                String message = assertThrows(BadInputException.class, e::run).getMessage();
                assertTrue(message.contains("gather") && message.contains("index 6"), message);
                e.input("x1").upload(HostTensor.of(Shape.of(3), new int[] {0, 5, 2}).data());
                e.run();
            }
        }
    }

    /** What varies at run time: a count, and everything that must look at it. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void countedRows(String id) {
        try (GpuDevice plain = Parity.open(id, Target.Forced.NONE)) {
            for (Map<String, Long> set : Parity.parameterSets(plain, "compact")) {
                try (GpuDevice device = Parity.open(id, Parity.forced("compact", set))) {
                    for (double threshold : new double[] {-5, -1, 0, 3.9, 5}) {
                        Case c = selection(1000, (float) threshold, random(7, 1000));
                        Parity.check(device, c, PLAIN, 100, 4000);
                    }
                    Case over = selection(10, 0, random(8, 1000));
                    try (Executable e = device.compile(over.graph(), null, PLAIN)) {
                        over.inputs().forEach((name, v) -> e.input(name).upload(v.data()));
                        String message = assertThrows(CapacityExceededException.class, e::run).getMessage();
                        assertTrue(message.contains("compact"), message);
                    }
                }
            }
        }
    }

    private static Case selection(int capacity, float threshold, HostTensor scores) {
        GraphBuilder g = new GraphBuilder();
        Value s = g.input("scores", TensorType.f32(scores.elements()));
        Value x = g.input("x", TensorType.f32(scores.elements(), 3));
        List<Value> picked = g.add(new SelectOp.Compact(threshold, capacity), s);
        Value rows = g.apply(new MoveOp.Gather(), x, picked.get(0));
        g.output("rows", rows);
        g.output("indices", picked.get(0));
        g.output("count", picked.get(1));
        g.output("sum", g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.SUM, List.of(0), false), rows));
        g.output("largest", g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(0, 1), false), rows));
        g.output("again", g.apply(new MoveOp.Gather(), rows, g.constant(HostTensor.of(Shape.of(0), new int[0]))));
        return Case.of(g.build(), Map.of("scores", scores, "x", random(9, scores.elements(), 3)));
    }

    /** A count for each item of a batch, along axis 1. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void countsForEachItem(String id) {
        GraphBuilder g = new GraphBuilder();
        Value count = g.input("count", TensorType.of(DType.I32, 3));
        Value x = g.input("x", TensorType.f32(3, 8, 2), count);
        Value doubled = g.add(x, x);
        g.output("sum", g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.SUM, List.of(1), false), doubled));
        g.output("all", g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MEAN, List.of(0, 1), true), doubled));
        Value wide = g.input("wide", TensorType.f32(3, 8, 400), count);
        for (ReduceOp.Reduction r : List.of(ReduceOp.Reduction.SUM, ReduceOp.Reduction.MEAN, ReduceOp.Reduction.MAX)) {
            g.output("wide " + r, g.apply(new ReduceOp.Reduce(r, List.of(1), false), wide));
        }
        g.output("label", g.apply(new ReduceOp.ArgMax(1, DType.I32), doubled));
        Value index = g.input("index", TensorType.of(DType.I32, 3, 8), count);
        g.output("picked", g.apply(new MoveOp.Gather(), g.input("table", TensorType.f32(5, 2)), index));
        HostTensor indices = randomIntegers(3, DType.I32, 5, 3, 8);
        for (int i = 5; i < 8; i++) {
            indices.setDouble(i, 1000); // past the first item's count: not to be looked at
        }
        Case c = Case.of(g.build(), Map.of("count", HostTensor.of(Shape.of(3), new int[] {5, 8, 1}),
                "x", random(1, 3, 8, 2), "wide", random(2, 3, 8, 400), "index", indices, "table", random(4, 5, 2)));
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            Parity.check(device, c, PLAIN, 20, 64);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void statesAreUpdatedInPlace(String id) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(2, 3));
        Value ring = g.state("ring", TensorType.f32(4, 2, 3));
        Value bytes = g.state("bytes", TensorType.of(DType.U8, 4));
        g.output("before", g.multiply(ring, g.constant(1f)));
        Value once = g.apply(new StateOp.WriteSlot(), ring, x, g.constant(HostTensor.of(Shape.of(), new int[] {2})));
        Value twice = g.apply(new StateOp.WriteSlot(), once, g.relu(x), g.input("slot", TensorType.of(DType.I32)));
        g.output("after", g.multiply(twice, g.constant(1f)));
        g.apply(new StateOp.Assign(), bytes, g.input("new", TensorType.of(DType.U8, 4)));
        Case c = new Case(g.build(), Map.of(), Map.of("x", random(1, 2, 3), "slot",
                HostTensor.of(Shape.of(), new int[] {0}), "new", randomIntegers(2, DType.U8, 256, 4)),
                Map.of("ring", random(3, 4, 2, 3), "bytes", randomIntegers(4, DType.U8, 256, 4)));
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            Parity.check(device, c, 0, 0);
        }
    }
}
