package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Ops on each element, and ops that move elements: the oracle, Kerf's CPU back end and ONNX Runtime agree. */
class OnnxElementTest {
    /** Vector forms of the functions differ by a few last places. */
    @Test
    void functions() {
        for (PointwiseOp.Function f : PointwiseOp.Function.values()) {
            boolean positive = f == PointwiseOp.Function.LOG || f == PointwiseOp.Function.SQRT
                    || f == PointwiseOp.Function.RECIPROCAL;
            Agreement.compare(3, 8, c -> c.output(c.apply(new PointwiseOp.Unary(f),
                    c.floats(positive ? 0.01 : -9, 9, c.between(1, 40), c.between(1, 9)))));
        }
        Agreement.compare(5, 0, c -> {
            float low = (float) c.between(-10, 0) / 10;
            c.output(c.apply(new PointwiseOp.Clamp(low, low + c.between(0, 5) / 10f), c.floats(c.between(1, 50))));
        });
    }

    @Test
    void arithmetic() {
        Agreement.compare(60, 4, c -> {
            int rank = c.between(0, 4);
            Shape y = c.shape(rank, 6);
            var f = c.pick(PointwiseOp.Arithmetic.class);
            boolean integers = f != PointwiseOp.Arithmetic.POWER && c.coin();
            long[] a = c.broadcast(y);
            long[] b = c.broadcast(y);
            boolean power = f == PointwiseOp.Arithmetic.POWER;
            boolean divide = f == PointwiseOp.Arithmetic.DIVIDE;
            c.output(integers
                    ? c.apply(new PointwiseOp.Binary(f, Activation.NONE), c.integers(DType.I32, -99, 99, a),
                            c.integers(DType.I32, -99, 99, b))
                    : c.apply(new PointwiseOp.Binary(f, c.activation()), c.floats(power ? 0.1 : -2, 2, a),
                            c.floats(divide ? 0.2 : -2, 2, b)));
        });
    }

    @Test
    void comparisonsAndChoices() {
        Agreement.compare(40, 0, c -> {
            Shape y = c.shape(c.between(1, 3), 7);
            DType dtype = c.pick(List.of(DType.F32, DType.I32, DType.U8));
            Value a = dtype == DType.F32 ? c.floats(y.dims()) : c.integers(dtype, 0, 3, c.broadcast(y));
            Value b = dtype == DType.F32 ? c.floats(c.broadcast(y)) : c.integers(dtype, 0, 3, c.broadcast(y));
            Value holds = c.apply(new PointwiseOp.Compare(c.pick(PointwiseOp.Relation.class)), a, b);
            c.output(holds);
            c.output(c.apply(new PointwiseOp.Where(), holds, c.floats(c.broadcast(y)), c.floats(y.dims())));
        });
    }

    @Test
    void castsSaturate() {
        float[] numbers = {
            0, -0.9f, 0.9f, 1.5f, -1.5f, 254.9f, 255.5f, 300, -300, 65535.5f, 7e4f, 2147483520f, 3e9f, -3e9f, 9e18f,
            1e19f, -1e19f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN
        };
        Agreement.compare(1, 0, c -> {
            Value x = c.input(HostTensor.of(Shape.of(numbers.length), numbers));
            for (DType t : List.of(DType.U8, DType.I32, DType.I64)) {
                c.output(c.apply(new PointwiseOp.Cast(t), x));
            }
            c.output(c.apply(new PointwiseOp.Cast(DType.I32), c.apply(new PointwiseOp.Cast(DType.U16), x)));
            c.output(c.apply(new PointwiseOp.Cast(DType.F32), c.integers(DType.U8, 0, 255, 9)));
            c.output(c.apply(new PointwiseOp.Cast(DType.I64), c.integers(DType.I32, -1000, 1000, 9)));
        });
    }

    @Test
    void moves() {
        Agreement.compare(60, 0, c -> {
            int rank = c.between(1, 4);
            Shape s = c.shape(rank, 7);
            Value x = c.coin() ? c.floats(s.dims()) : c.integers(DType.U8, 0, 255, s.dims());
            int axis = c.between(0, rank - 1);
            switch (c.between(0, 6)) {
                case 0 -> {
                    long more = c.between(1, 5);
                    Value y = x.type().dtype() == DType.F32
                            ? c.floats(s.with(axis, more).dims())
                            : c.integers(DType.U8, 0, 255, s.with(axis, more).dims());
                    c.output(c.apply(new MoveOp.Concat(axis), x, y, x));
                }
                case 1 -> {
                    long start = c.between(0, s.size(axis) - 1);
                    c.output(c.apply(new MoveOp.Slice(axis, start, c.between((int) start + 1, s.size(axis)),
                            c.between(1, 3)), x));
                }
                case 2 -> {
                    var mode = c.pick(MoveOp.PadMode.class);
                    List<Long> before = pads(c, s, mode);
                    c.output(c.apply(new MoveOp.Pad(before, pads(c, s, mode), mode, 3), x));
                }
                case 3 -> {
                    List<Integer> order = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
                    java.util.Collections.shuffle(order, c.random);
                    c.output(c.apply(new MoveOp.Permute(order), x));
                }
                case 4 -> c.output(c.apply(new MoveOp.Reshape(Shape.of(1, s.elements())), x));
                case 5 -> c.output(c.apply(new MoveOp.Expand(expanded(s)), x));
                default -> c.output(c.apply(new MoveOp.Gather(), x,
                        c.integers(DType.I32, 0, s.size(0) - 1, c.shape(c.between(0, 2), 4).dims())));
            }
        });
    }

    private static Shape expanded(Shape s) {
        return Shape.of(LongStream.concat(LongStream.of(3), LongStream.of(s.dims()).map(d -> d == 1 ? 4 : d))
                .toArray());
    }

    private static List<Long> pads(RandomCase c, Shape s, MoveOp.PadMode mode) {
        return LongStream.of(s.dims())
                .map(d -> c.between(0, mode == MoveOp.PadMode.REFLECT ? (int) Math.min(3, d - 1) : 3))
                .boxed().toList();
    }
}
