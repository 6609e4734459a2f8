package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Cast;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.graph.SelectOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Many elements to one, and the largest of them. */
final class ReduceRules {
    /** Most elements that a product is made of one by one. */
    private static final int MOST_FACTORS = 64;

    private ReduceRules() {}

    static Map<String, Rule> rules() {
        return Map.ofEntries(
                Map.entry("ReduceSum", n -> reduce(n, Reduction.SUM)),
                Map.entry("ReduceMean", n -> reduce(n, Reduction.MEAN)),
                Map.entry("ReduceMax", n -> reduce(n, Reduction.MAX)),
                Map.entry("ReduceMin", n -> reduce(n, Reduction.MIN)),
                Map.entry("ReduceL1", n -> reduce(n, Reduction.SUM, x -> n.g.unary(Function.ABS, x), y -> y)),
                Map.entry("ReduceL2",
                        n -> reduce(n, Reduction.SUM, x -> n.g.multiply(x, x), y -> n.g.unary(Function.SQRT, y))),
                Map.entry("ReduceSumSquare", n -> reduce(n, Reduction.SUM, x -> n.g.multiply(x, x), y -> y)),
                Map.entry("ReduceLogSum", n -> reduce(n, Reduction.SUM, x -> x, y -> n.g.unary(Function.LOG, y))),
                Map.entry("ReduceLogSumExp", ReduceRules::logSumExp),
                Map.entry("ReduceProd", ReduceRules::product),
                Map.entry("ArgMax", n -> n.out(argMax(n, false))),
                Map.entry("ArgMin", n -> n.out(argMax(n, true))),
                Map.entry("TopK", ReduceRules::topK),
                Map.entry("CumSum", ReduceRules::cumulative));
    }

    /** The axes; all where none are named, and none where that is said to mean nothing. */
    private static List<Integer> axes(Imported n) {
        int rank = n.shape(0).rank();
        long[] named = n.longs("axes", 1, "axes");
        if (named == null || named.length == 0) {
            return n.flag("noop_with_empty_axes", false) ? List.of() : IntStream.range(0, rank).boxed().toList();
        }
        return Arrays.stream(n.axes(named, rank)).sorted().distinct().boxed().toList();
    }

    private static Value reduced(Imported n, Reduction r, Value x, List<Integer> axes) {
        return axes.isEmpty() ? x : n.add(new ReduceOp.Reduce(r, axes, n.flag("keepdims", true)), x);
    }

    private static void reduce(Imported n, Reduction r) {
        HostTensor known = n.in(0).known();
        if (known != null && n.onHost() && n.in(0).type().dtype() != DType.BOOL) {
            n.out(HostReduction.of(r, known, axes(n), n.flag("keepdims", true)));
        } else {
            reduce(n, r, x -> x, y -> y);
        }
    }

    private static void reduce(Imported n, Reduction r, UnaryOperator<Value> before, UnaryOperator<Value> after) {
        if (n.in(0).type().dtype() == DType.BOOL) {
            throw n.refuse("reduces truth values");
        }
        Value y = after.apply(reduced(n, r, before.apply(n.f32(0)), axes(n)));
        n.out(n.in(0).floating() ? y : n.add(new Cast(DType.I32), y));
    }

    /** log Σ e^x as max + log Σ e^(x − max), which doesn't overflow. */
    private static void logSumExp(Imported n) {
        List<Integer> axes = axes(n);
        Value x = n.f32(0);
        Value most = axes.isEmpty() ? x : n.add(new ReduceOp.Reduce(Reduction.MAX, axes, true), x);
        Value sum = reduced(n, Reduction.SUM, n.g.unary(Function.EXP, n.g.binary(Arithmetic.SUBTRACT, x, most)), axes);
        Value log = n.g.unary(Function.LOG, sum);
        n.out(n.g.add(log, n.g.reshape(most, log.type().shape().dims())));
    }

    private static void product(Imported n) {
        List<Integer> axes = axes(n);
        Operand x = n.in(0);
        HostTensor known = x.known();
        if (known != null && n.onHost() && axes.size() == known.shape().rank()) {
            HostTensor out = HostTensor.zeros(known.dtype(), Shape.of());
            double real = 1;
            long whole = 1;
            for (long i = 0; i < known.elements(); i++) {
                real *= known.getDouble(i);
                whole *= known.getLong(i);
            }
            if (known.dtype().floating()) {
                out.setDouble(0, real);
            } else {
                Host.set(out, 0, whole);
            }
            Shape ones = Shape.of(IntStream.range(0, axes.size()).mapToLong(_ -> 1).toArray());
            n.out(n.flag("keepdims", true) ? out.reshape(ones) : out);
            return;
        }
        Value y = n.f32(0);
        Shape shape = y.type().shape();
        for (int axis : axes) {
            long extent = y.type().shape().dim(axis);
            if (extent < 1 || extent > MOST_FACTORS) {
                throw n.refuse("a product of " + extent + " factors, 1 to " + MOST_FACTORS + " are supported");
            }
            Value made = n.g.slice(y, axis, 0, 1);
            for (long i = 1; i < extent; i++) {
                made = n.g.multiply(made, n.g.slice(y, axis, i, i + 1));
            }
            y = made;
        }
        y = n.flag("keepdims", true) ? y : n.g.reshape(y, HostReduction.without(shape, axes).dims());
        n.out(x.floating() ? y : n.add(new Cast(DType.I32), y));
    }

    private static Value argMax(Imported n, boolean least) {
        Shape s = n.shape(0);
        int axis = n.axis(n.integer("axis", 0), s.rank());
        Value x = n.f32(0);
        x = least ? n.g.unary(Function.NEGATE, x) : x;
        boolean last = n.flag("select_last_index", false);
        long extent = s.dim(axis);
        if (last) {
            x = Moves.slice(n.g, Operand.of(x), axis, extent - 1, extent, -1).value(n.g);
        }
        Value index = n.add(new ReduceOp.ArgMax(axis, DType.I32), x);
        if (last) {
            index = n.g.binary(Arithmetic.SUBTRACT, n.g.constant(HostTensor.of(Shape.of(), new int[] {(int) extent - 1})),
                    index);
        }
        return n.flag("keepdims", true) ? n.g.reshape(index, s.with(axis, 1).dims()) : index;
    }

    private static void topK(Imported n) {
        Shape s = n.shape(0);
        int axis = n.axis(n.integer("axis", -1), s.rank());
        long k = n.has(1) ? n.known(1, "numbers of elements").getLong(0) : n.integer("k", 1);
        if (k < 1 || k > s.dim(axis)) {
            throw n.refuse(k + " of " + s.dim(axis) + " elements");
        }
        boolean largest = n.flag("largest", true);
        int last = s.rank() - 1;
        int[] order = IntStream.range(0, s.rank()).map(a -> a == last ? axis : a == axis ? last : a).toArray();
        Value x = Moves.permute(n.g, largest ? n.f32(0) : n.g.unary(Function.NEGATE, n.f32(0)), order);
        Shape turned = x.type().shape();
        List<Value> made = n.g.add(new SelectOp.TopK((int) k),
                n.g.reshape(x, turned.product(0, last), turned.dim(last)));
        Value[] out = new Value[2];
        for (int i = 0; i < 2; i++) {
            out[i] = Moves.permute(n.g, n.g.reshape(made.get(i), turned.with(last, k).dims()), order);
        }
        out[0] = largest ? out[0] : n.g.unary(Function.NEGATE, out[0]);
        out[0] = n.in(0).floating() ? out[0] : n.add(new Cast(DType.I32), out[0]);
        n.out(out);
    }

    /** By a matrix of ones on one side of the diagonal. */
    private static void cumulative(Imported n) {
        Shape s = n.shape(0);
        int axis = n.axis(n.known(1, "axes").getLong(0), s.rank());
        boolean exclusive = n.flag("exclusive", false);
        boolean reverse = n.flag("reverse", false);
        HostTensor known = n.in(0).known();
        int count = s.size(axis);
        if (known != null && n.onHost()) {
            HostTensor out = HostTensor.zeros(known.dtype(), s);
            long inner = s.product(axis + 1, s.rank());
            for (long o = 0; o < s.product(0, axis) * inner; o++) {
                double sum = 0;
                for (int i = 0; i < count; i++) {
                    int j = reverse ? count - 1 - i : i;
                    long at = (o / inner * count + j) * inner + o % inner;
                    double v = known.getDouble(at);
                    out.setDouble(at, exclusive ? sum : sum + v);
                    sum += v;
                }
            }
            n.out(out);
            return;
        }
        double[] triangle = new double[Math.multiplyExact(count, count)];
        for (int from = 0; from < count; from++) {
            for (int to = 0; to < count; to++) {
                boolean before = reverse ? from > to : from < to;
                triangle[from * count + to] = before || !exclusive && from == to ? 1 : 0;
            }
        }
        int last = s.rank() - 1;
        int[] order = IntStream.range(0, s.rank()).map(a -> a == last ? axis : a == axis ? last : a).toArray();
        Value x = Moves.permute(n.g, n.f32(0), order);
        Value flat = n.g.reshape(x, x.type().shape().product(0, last), count);
        Value sums = n.g.matMul(flat, n.g.constant(Host.floats(Shape.of(count, count), triangle)));
        Value y = Moves.permute(n.g, n.g.reshape(sums, x.type().shape().dims()), order);
        n.out(n.in(0).floating() ? y : n.add(new Cast(DType.I32), y));
    }
}
