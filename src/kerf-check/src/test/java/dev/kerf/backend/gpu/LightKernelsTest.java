package dev.kerf.backend.gpu;

import static dev.kerf.backend.gpu.Parity.random;
import static dev.kerf.backend.gpu.Parity.randomIntegers;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Precision;
import dev.kerf.backend.Executable;
import dev.kerf.backend.gpu.Parity.Case;
import dev.kerf.error.BadInputException;
import dev.kerf.error.CapacityExceededException;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Elementwise ops, copies, reductions, selections and state updates against the oracle. */
class LightKernelsTest {
    private static final String DEVICES = "dev.kerf.backend.gpu.Parity#devices";

    /**
     * OpenCL's own bound is 16 units in the last place (32 roundings) for pow and erfc; functions here add a few
     * steps.
     */
    private static final double FUNCTION = 48;

    /** Correctly rounded, or a step more. */
    private static final double ARITHMETIC = 5;

    private static final double NAN = Float.NaN;

    private static final CompileOptions PLAIN = CompileOptions.of();

    private static Case of(Op op, HostTensor... operands) {
        GraphBuilder g = new GraphBuilder();
        Map<String, HostTensor> inputs = new LinkedHashMap<>();
        List<Value> values = new ArrayList<>();
        for (HostTensor t : operands) {
            String name = "x" + inputs.size();
            values.add(g.input(name, new TensorType(t.dtype(), t.shape())));
            inputs.put(name, t);
        }
        List<Value> results = g.add(op, values.toArray(Value[]::new));
        for (int i = 0; i < results.size(); i++) {
            g.output("y" + i, results.get(i));
        }
        return Case.of(g.build(), inputs);
    }

    private static HostTensor floats(double... values) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(values.length));
        for (int i = 0; i < values.length; i++) {
            t.setDouble(i, values[i]);
        }
        return t;
    }

    private static Target.Forced forced(String kernel, Map<String, Long> parameters) {
        return new Target.Forced(Map.of(), Map.of(kernel, parameters));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void functions(String id) {
        HostTensor special = floats(NAN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0, -0.0, 0.5, -0.5,
                1.5, 2.5, -8, 8, 0.001, 100);
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            for (PointwiseOp.Function f : PointwiseOp.Function.values()) {
                Op op = new PointwiseOp.Unary(f);
                Parity.check(device, of(op, random(1, 2, 3, 5, 7)), PLAIN, FUNCTION, 0);
                Parity.check(device, of(op, special), PLAIN, FUNCTION, 0);
            }
            Op clamp = new PointwiseOp.Clamp(-1.5f, 2);
            Parity.check(device, of(clamp, random(2, 4, 33)), 0, 0);
            Parity.check(device, of(clamp, special), 0, 0);
            Parity.check(device, of(new PointwiseOp.Unary(PointwiseOp.Function.RELU), random(3)), 0, 0);
            Parity.check(device, of(new PointwiseOp.Unary(PointwiseOp.Function.ABS), random(4, 0, 5)), 0, 0);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void arithmeticBroadcasts(String id) {
        long[][][] shapes = {{{2, 3, 4, 9}, {2, 3, 4, 9}}, {{2, 3, 4, 9}, {3, 1, 1}}, {{2, 1, 4, 9}, {1, 3, 1, 9}},
            {{}, {5}}, {{70}, {1}}, {{3, 1, 2, 1, 2, 1}, {1, 2, 1, 3, 1, 2}}, {{40, 3}, {40, 1}}};
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            for (PointwiseOp.Arithmetic f : PointwiseOp.Arithmetic.values()) {
                Op op = new PointwiseOp.Binary(f, Activation.NONE);
                double roundings = f == PointwiseOp.Arithmetic.POWER ? FUNCTION : ARITHMETIC;
                Parity.check(device, of(op, random(1, shapes[1][0]), random(2, shapes[1][1])), PLAIN,
                        roundings, 0);
                if (f != PointwiseOp.Arithmetic.POWER) {
                    Parity.check(device, of(op, floats(NAN, 1, 0, -3, 2), floats(1, NAN, 0, 0.5, -2)),
                            PLAIN, roundings, 0);
                    Parity.check(device, of(op, ints(3, 4, 5), ints(4, 5)), PLAIN, 0, 0);
                }
            }
            for (long[][] s : shapes) {
                Parity.check(device, of(new PointwiseOp.Binary(PointwiseOp.Arithmetic.SUBTRACT, Activation.RELU),
                        random(5, s[0]), random(6, s[1])), ARITHMETIC, 0);
            }
        }
    }

    private static HostTensor ints(long seed, long... dims) {
        HostTensor t = randomIntegers(seed, DType.I32, 2001, dims);
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, i % 7 == 0 ? 0 : t.getLong(i) - 1000);
        }
        t.setDouble(0, Integer.MIN_VALUE);
        t.setDouble(1, -1);
        return t;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void comparesAndChooses(String id) {
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            for (PointwiseOp.Relation r : PointwiseOp.Relation.values()) {
                Op op = new PointwiseOp.Compare(r);
                Parity.check(device, of(op, floats(1, 2, NAN, -0.0), floats(2, 2, NAN, 0)), 0, 0);
                Parity.check(device, of(op, ints(1, 3, 1, 5), ints(2, 4, 1)), PLAIN, 0, 0);
                HostTensor bytes = randomIntegers(3, DType.U8, 3, 2, 40);
                Parity.check(device, of(op, bytes, randomIntegers(4, DType.U8, 3, 2, 40)), PLAIN, 0, 0);
            }
            Op where = new PointwiseOp.Where();
            HostTensor condition = randomIntegers(5, DType.U8, 2, 2, 1, 6);
            Parity.check(device, of(where, condition, random(6, 5, 6), random(7, 2, 5, 1)), 0, 0);
            Parity.check(device, of(where, condition, ints(6, 5, 6), ints(7, 2, 5, 1)), PLAIN, 0, 0);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void casts(String id) {
        List<DType> types = List.of(DType.F32, DType.I32, DType.U8, DType.U16, DType.I64);
        HostTensor floats = floats(NAN, 1e10, -1e10, 1e30, -1e30, 2.9, -2.9, 255, 256, -1, 65535.5, 0x1p31, -0x1p31);
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            for (DType from : types) {
                for (DType to : types) {
                    HostTensor x = from == DType.F32
                            ? floats
                            : randomIntegers(1, from, from == DType.U8 ? 256 : 65536, 3, 37);
                    Parity.check(device, of(new PointwiseOp.Cast(to), x), PLAIN, 0, 0);
                }
            }
            Parity.check(device, of(new PointwiseOp.Cast(DType.U8), random(2, 3, 40)), 0, 0);
            HostTensor wide = HostTensor.of(Shape.of(3), new long[] {0x1_0000_0102L, -1, 300});
            Parity.check(device, of(new PointwiseOp.Cast(DType.U8), wide), PLAIN, 0, 0);
            Parity.check(device, of(new PointwiseOp.Cast(DType.I32), wide), PLAIN, 0, 0);
        }
    }

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
                Parity.check(device, of(op, x), 0, 0);
            }
            Parity.check(device, of(new MoveOp.Expand(Shape.of(4, 3, 35)), random(3, 4, 1, 35)), 0, 0);
            Parity.check(device, of(new MoveOp.Permute(List.of(2, 0, 1)), bytes), 0, 0);
            for (int axis = 0; axis < 3; axis++) {
                Parity.check(device, of(new MoveOp.Concat(axis), bytes, bytes, bytes), 0, 0);
                Parity.check(device, of(new MoveOp.Concat(axis), random(4, 2, 3, 40), random(5, 2, 3, 40)), 0, 0);
            }
            for (MoveOp.PadMode mode : MoveOp.PadMode.values()) {
                Op all = new MoveOp.Pad(List.of(1L, 0L, 2L, 3L), List.of(0L, 2L, 1L, 0L), mode, 1.5);
                Op image = new MoveOp.Pad(List.of(0L, 0L, 2L, 3L), List.of(0L, 0L, 1L, 5L), mode, -2);
                Parity.check(device, of(all, random(6, 2, 3, 4, 5)), 0, 0);
                Parity.check(device, of(image, random(7, 2, 3, 4, 7)), 0, 0);
                Op bytesToo = new MoveOp.Pad(List.of(0L, 1L, 2L), List.of(0L, 1L, 0L), mode, 7);
                Parity.check(device, of(bytesToo, bytes), 0, 0);
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
            Parity.check(device, of(new MoveOp.Gather(), random(2, 6, 2, 7), index), 0, 0);
            Parity.check(device, of(new MoveOp.Gather(), random(2, 6), index), 0, 0);
            Parity.check(device, of(new MoveOp.Gather(), randomIntegers(3, DType.U8, 9, 6, 3), index), 0, 0);
            Case wrong = of(new MoveOp.Gather(), random(2, 6, 2), HostTensor.of(Shape.of(3), new int[] {0, 6, 2}));
            try (Executable e = device.compile(wrong.graph(), null, PLAIN)) {
                wrong.inputs().forEach((name, v) -> e.input(name).upload(v.data()));
                String message = assertThrows(BadInputException.class, e::run).getMessage();
                assertTrue(message.contains("gather") && message.contains("index 6"), message);
                e.input("x1").upload(HostTensor.of(Shape.of(3), new int[] {0, 5, 2}).data());
                e.run();
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void reduces(String id) {
        try (GpuDevice plain = Parity.open(id, Target.Forced.NONE)) {
            for (Map<String, Long> set : Parity.parameterSets(plain, "reduce")) {
                try (GpuDevice device = Parity.open(id, forced("reduce", set))) {
                    boolean standard = set.isEmpty();
                    for (ReduceOp.Reduction r : standard
                            ? ReduceOp.Reduction.values()
                            : new ReduceOp.Reduction[] {ReduceOp.Reduction.MEAN}) {
                        reduces(device, r, random(1, 2, 3, 4, 41), List.of(List.of(2, 3), List.of(1), List.of(0, 3),
                                List.of(0, 2), List.of(0, 1, 2, 3), List.of(0)));
                        reduces(device, r, random(2, 1, 1000), List.of(List.of(1)));
                        reduces(device, r, floats(1, NAN, 3), List.of(List.of(0)));
                        reduces(device, r, random(3, 4, 0), List.of(List.of(1), List.of(0)));
                    }
                }
            }
        }
    }

    private static void reduces(GpuDevice device, ReduceOp.Reduction r, HostTensor x, List<List<Integer>> axes) {
        for (List<Integer> a : axes) {
            long n = a.stream().mapToLong(x.shape()::dim).reduce(1, (p, q) -> p * q);
            boolean sum = r == ReduceOp.Reduction.SUM || r == ReduceOp.Reduction.MEAN;
            // Numbers of at most 4, added n / GROUP in a row (GROUP at least 32), then in a tree; a division by n.
            double roundings = sum ? 2 * (n / 32 + 9) : 0;
            double scale = r == ReduceOp.Reduction.SUM ? 4.0 * n : 4;
            Parity.check(device, of(new ReduceOp.Reduce(r, a, a.size() == 1), x), PLAIN, roundings,
                    sum ? scale : 0);
            if (device.info().precisions().contains(Precision.FLOAT16) && (r != ReduceOp.Reduction.SUM || n <= 200)) {
                Parity.check(device, of(new ReduceOp.Reduce(r, a, true), x),
                        PLAIN.precision(Precision.FLOAT16), roundings, sum ? scale : 0);
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void argMax(String id) {
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            HostTensor x = random(1, 2, 5, 4, 9);
            for (int axis = 0; axis < 4; axis++) {
                Parity.check(device, of(new ReduceOp.ArgMax(axis, DType.I32), x), 0, 0);
                Parity.check(device, of(new ReduceOp.ArgMax(axis, DType.U8), x), 0, 0);
            }
            Parity.check(device, of(new ReduceOp.ArgMax(0, DType.I32), floats(1, NAN, 5, NAN)), 0, 0);
            Parity.check(device, of(new ReduceOp.ArgMax(0, DType.I32), floats(5, 5, 5)), 0, 0);
        }
    }

    /** What varies at run time: a count, and everything that must look at it. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void countedRows(String id) {
        try (GpuDevice plain = Parity.open(id, Target.Forced.NONE)) {
            for (Map<String, Long> set : Parity.parameterSets(plain, "compact")) {
                try (GpuDevice device = Parity.open(id, forced("compact", set))) {
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
        g.output("label", g.apply(new ReduceOp.ArgMax(1, DType.I32), doubled));
        Value index = g.input("index", TensorType.of(DType.I32, 3, 8), count);
        g.output("picked", g.apply(new MoveOp.Gather(), g.input("table", TensorType.f32(5, 2)), index));
        HostTensor indices = randomIntegers(3, DType.I32, 5, 3, 8);
        for (int i = 5; i < 8; i++) {
            indices.setDouble(i, 1000); // past the first item's count: not to be looked at
        }
        Case c = Case.of(g.build(), Map.of("count", HostTensor.of(Shape.of(3), new int[] {5, 8, 1}),
                "x", random(1, 3, 8, 2), "index", indices, "table", random(4, 5, 2)));
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

    /** The narrowest and the widest group of every kernel here that has nothing else to tune. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void groupWidths(String id) {
        Map<String, Case> cases = Map.of(
                "unary", of(new PointwiseOp.Unary(PointwiseOp.Function.NEGATE), random(1, 2, 3, 97)),
                "binary", of(new PointwiseOp.Binary(PointwiseOp.Arithmetic.ADD, Activation.NONE), random(1, 2, 97),
                        random(2, 97)),
                "compare", of(new PointwiseOp.Compare(PointwiseOp.Relation.LESS), random(1, 2, 97), random(2, 97)),
                "where", of(new PointwiseOp.Where(), randomIntegers(1, DType.U8, 2, 97), random(2, 2, 97),
                        random(3, 97)),
                "cast", of(new PointwiseOp.Cast(DType.I32), random(1, 2, 97)),
                "copy", of(new MoveOp.Permute(List.of(1, 0)), random(1, 41, 7)),
                "pad", of(new MoveOp.Pad(List.of(3L), List.of(300L), MoveOp.PadMode.CONSTANT, 2), random(1, 5)),
                "gather", of(new MoveOp.Gather(), random(1, 9, 31), randomIntegers(2, DType.I32, 9, 11)),
                "arg_max", of(new ReduceOp.ArgMax(1, DType.I32), random(1, 2, 5, 97)));
        cases.forEach((kernel, c) -> {
            List<Map<String, Long>> sets;
            try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
                sets = Parity.parameterSets(device, kernel);
            }
            for (Map<String, Long> set : sets.size() < 2 ? sets : List.of(sets.get(1), sets.getLast())) {
                try (GpuDevice device = Parity.open(id, forced(kernel, set))) {
                    Parity.check(device, c, PLAIN, ARITHMETIC, 0);
                }
            }
        });
    }
}
