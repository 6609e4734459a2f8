package dev.kerf.backend.gpu;

import static dev.kerf.backend.gpu.Parity.random;
import static dev.kerf.backend.gpu.Parity.randomIntegers;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.Parity.Case;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Elementwise ops and reductions against the oracle. */
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

    private static HostTensor floats(double... values) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(values.length));
        for (int i = 0; i < values.length; i++) {
            t.setDouble(i, values[i]);
        }
        return t;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void functions(String id) {
        HostTensor special = floats(NAN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0, -0.0, 0.5, -0.5,
                1.5, 2.5, -8, 8, 0.001, 100);
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            for (PointwiseOp.Function f : PointwiseOp.Function.values()) {
                Op op = new PointwiseOp.Unary(f);
                Parity.check(device, Case.of(op, random(1, 2, 3, 5, 7)), PLAIN, FUNCTION, 0);
                Parity.check(device, Case.of(op, special), PLAIN, FUNCTION, 0);
            }
            Op clamp = new PointwiseOp.Clamp(-1.5f, 2);
            Parity.check(device, Case.of(clamp, random(2, 4, 33)), 0, 0);
            Parity.check(device, Case.of(clamp, special), 0, 0);
            Parity.check(device, Case.of(new PointwiseOp.Unary(PointwiseOp.Function.RELU), random(3)), 0, 0);
            Parity.check(device, Case.of(new PointwiseOp.Unary(PointwiseOp.Function.ABS), random(4, 0, 5)), 0, 0);
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
                Parity.check(device, Case.of(op, random(1, shapes[1][0]), random(2, shapes[1][1])), PLAIN,
                        roundings, 0);
                if (f != PointwiseOp.Arithmetic.POWER) {
                    Parity.check(device, Case.of(op, floats(NAN, 1, 0, -3, 2), floats(1, NAN, 0, 0.5, -2)),
                            PLAIN, roundings, 0);
                    Parity.check(device, Case.of(op, ints(3, 4, 5), ints(4, 5)), PLAIN, 0, 0);
                }
            }
            for (long[][] s : shapes) {
                Parity.check(device, Case.of(new PointwiseOp.Binary(PointwiseOp.Arithmetic.SUBTRACT, Activation.RELU),
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
                Parity.check(device, Case.of(op, floats(1, 2, NAN, -0.0), floats(2, 2, NAN, 0)), 0, 0);
                Parity.check(device, Case.of(op, ints(1, 3, 1, 5), ints(2, 4, 1)), PLAIN, 0, 0);
                HostTensor bytes = randomIntegers(3, DType.U8, 3, 2, 40);
                Parity.check(device, Case.of(op, bytes, randomIntegers(4, DType.U8, 3, 2, 40)), PLAIN, 0, 0);
            }
            Op where = new PointwiseOp.Where();
            HostTensor condition = randomIntegers(5, DType.U8, 2, 2, 1, 6);
            Parity.check(device, Case.of(where, condition, random(6, 5, 6), random(7, 2, 5, 1)), 0, 0);
            Parity.check(device, Case.of(where, condition, ints(6, 5, 6), ints(7, 2, 5, 1)), PLAIN, 0, 0);
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
                    Parity.check(device, Case.of(new PointwiseOp.Cast(to), x), PLAIN, 0, 0);
                }
            }
            Parity.check(device, Case.of(new PointwiseOp.Cast(DType.U8), random(2, 3, 40)), 0, 0);
            HostTensor wide = HostTensor.of(Shape.of(3), new long[] {0x1_0000_0102L, -1, 300});
            Parity.check(device, Case.of(new PointwiseOp.Cast(DType.U8), wide), PLAIN, 0, 0);
            Parity.check(device, Case.of(new PointwiseOp.Cast(DType.I32), wide), PLAIN, 0, 0);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void reduces(String id) {
        try (GpuDevice plain = Parity.open(id, Target.Forced.NONE)) {
            for (Map<String, Long> set : Parity.parameterSets(plain, "reduce")) {
                try (GpuDevice device = Parity.open(id, Parity.forced("reduce", set))) {
                    boolean standard = set.isEmpty();
                    for (ReduceOp.Reduction r : standard
                            ? ReduceOp.Reduction.values()
                            : new ReduceOp.Reduction[] {ReduceOp.Reduction.MEAN}) {
                        reduces(device, r, random(1, 2, 3, 4, 41), List.of(List.of(2, 3), List.of(1), List.of(0, 3),
                                List.of(0, 2), List.of(0, 1, 2, 3), List.of(0)));
                        reduces(device, r, random(2, 1, 1000), List.of(List.of(1)));
                        // Results enough for one to a work-item.
                        reduces(device, r, random(3, 2, 40, 4, 33), List.of(List.of(0, 2), List.of(0), List.of(2)));
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
            Parity.check(device, Case.of(new ReduceOp.Reduce(r, a, a.size() == 1), x), PLAIN, roundings,
                    sum ? scale : 0);
            if (device.info().precisions().contains(Precision.FLOAT16) && (r != ReduceOp.Reduction.SUM || n <= 200)) {
                Parity.check(device, Case.of(new ReduceOp.Reduce(r, a, true), x),
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
                Parity.check(device, Case.of(new ReduceOp.ArgMax(axis, DType.I32), x), 0, 0);
                Parity.check(device, Case.of(new ReduceOp.ArgMax(axis, DType.U8), x), 0, 0);
            }
            Parity.check(device, Case.of(new ReduceOp.ArgMax(0, DType.I32), floats(1, NAN, 5, NAN)), 0, 0);
            Parity.check(device, Case.of(new ReduceOp.ArgMax(0, DType.I32), floats(5, 5, 5)), 0, 0);
        }
    }

    /** The narrowest and the widest group of every kernel here that has nothing else to tune. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void groupWidths(String id) {
        Map<String, Case> cases = Map.of(
                "unary", Case.of(new PointwiseOp.Unary(PointwiseOp.Function.NEGATE), random(1, 2, 3, 97)),
                "binary", Case.of(new PointwiseOp.Binary(PointwiseOp.Arithmetic.ADD, Activation.NONE), random(1, 2, 97),
                        random(2, 97)),
                "compare", Case.of(new PointwiseOp.Compare(PointwiseOp.Relation.LESS), random(1, 2, 97), random(2, 97)),
                "where", Case.of(new PointwiseOp.Where(), randomIntegers(1, DType.U8, 2, 97), random(2, 2, 97),
                        random(3, 97)),
                "cast", Case.of(new PointwiseOp.Cast(DType.I32), random(1, 2, 97)),
                "copy", Case.of(new MoveOp.Permute(List.of(1, 0)), random(1, 41, 7)),
                "pad", Case.of(new MoveOp.Pad(List.of(3L), List.of(300L), MoveOp.PadMode.CONSTANT, 2), random(1, 5)),
                "gather", Case.of(new MoveOp.Gather(), random(1, 9, 31), randomIntegers(2, DType.I32, 9, 11)),
                "arg_max", Case.of(new ReduceOp.ArgMax(1, DType.I32), random(1, 2, 5, 97)));
        cases.forEach((kernel, c) -> {
            List<Map<String, Long>> sets;
            try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
                sets = Parity.parameterSets(device, kernel);
            }
            for (Map<String, Long> set : sets.size() < 2 ? sets : List.of(sets.get(1), sets.getLast())) {
                try (GpuDevice device = Parity.open(id, Parity.forced(kernel, set))) {
                    Parity.check(device, c, PLAIN, ARITHMETIC, 0);
                }
            }
        });
    }
}
