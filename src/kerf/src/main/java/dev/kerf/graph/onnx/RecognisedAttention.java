package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** softmax(scale · Q·Kᵀ + bias)·V as one op, the scale on the scores, on Q, on K, or on several of them. */
final class RecognisedAttention {
    private static final int DEEPEST = 6;
    /** Most numbers that are added while recording. */
    private static final long FIXED = 1 << 22;

    private final Recognised before;
    private final GraphBuilder g;
    private double scale = 1;

    private RecognisedAttention(Recognised before, GraphBuilder g) {
        this.before = before;
        this.g = g;
    }

    /** The attention that softmax(…)·V finishes, if it does. */
    static @Nullable Value of(Recognised before, GraphBuilder g, Value left, Value right) {
        Node soft = g.producer(left);
        int rank = left.type().shape().rank();
        if (rank < 3 || right.type().shape().rank() != rank
                || !(soft.op() instanceof NormOp.Softmax s && s.axis() == rank - 1)) {
            return null;
        }
        return new RecognisedAttention(before, g).made(soft.input(0), right);
    }

    private @Nullable Value made(Value scores, Value v) {
        List<Added> biases = new ArrayList<>();
        Value product = product(scores, biases, 0);
        if (product == null || !product.type().shape().equals(scores.type().shape())) {
            return null;
        }
        Node matMul = g.producer(product);
        if (!(matMul.op() instanceof MatMul m) || m.bias() || m.residual() || m.transposeA() || m.transposeB()
                || m.activation() != Activation.NONE) {
            return null;
        }
        scale *= m.alpha();
        Value q = scaled(matMul.input(0));
        Value k = turned(scaled(matMul.input(1)));
        return recorded(q, k, v, biases, product.type().shape());
    }

    /** What is added to scores that have been given some extents. */
    private record Added(Value bias, Shape scores) {}

    /** The product below scales, sums and, between sums, other extents; null if there is none. What is added goes into the list. */
    private @Nullable Value product(Value v, List<Added> biases, int depth) {
        Value inner = scaled(v);
        if (g.producer(inner).op() instanceof MatMul) {
            return inner;
        }
        Node n = g.producer(v);
        if (scale != 1 || depth > DEEPEST) {
            return null;
        }
        if (n.op() instanceof MoveOp.Reshape) {
            return product(n.input(0), biases, depth + 1);
        }
        Node sum = before.binary(v, Arithmetic.ADD);
        for (int i = 0; sum != null && i < 2; i++) {
            scale = 1;
            Value found = sum.input(i).type().equals(v.type()) ? product(sum.input(i), biases, depth + 1) : null;
            if (found != null) {
                biases.add(new Added(sum.input(1 - i), v.type().shape()));
                return found;
            }
        }
        scale = 1;
        return null;
    }

    /** What a value is a number times of; the number goes into the scale. */
    private Value scaled(Value v) {
        Node product = before.binary(v, Arithmetic.MULTIPLY);
        for (int i = 0; product != null && i < 2; i++) {
            double number = before.number(product.input(1 - i));
            if (!Double.isNaN(number) && product.input(i).type().equals(v.type())) {
                scale *= number;
                return product.input(i);
            }
        }
        Node quotient = before.binary(v, Arithmetic.DIVIDE);
        if (quotient != null && !Double.isNaN(before.number(quotient.input(1))) && quotient.input(0).type().equals(v.type())) {
            scale /= before.number(quotient.input(1));
            return quotient.input(0);
        }
        return v;
    }

    /** Kᵀ with its last axes changed; what was permuted before is permuted once. */
    private Value turned(Value k) {
        int rank = k.type().shape().rank();
        List<Integer> order = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
        Value from = k;
        if (g.producer(k).op() instanceof MoveOp.Permute p) {
            order = new ArrayList<>(p.order());
            from = g.producer(k).input(0);
        }
        order.add(order.remove(rank - 2));
        return Moves.permute(g, scaled(from), order.stream().mapToInt(i -> i).toArray());
    }

    /** (…, L, D) as (B, heads, L, D). */
    private static long[] four(Shape s) {
        int rank = s.rank();
        return rank == 3
                ? new long[] {1, s.dim(0), s.dim(1), s.dim(2)}
                : new long[] {s.product(0, rank - 3), s.dim(-3), s.dim(-2), s.dim(-1)};
    }

    private @Nullable Value recorded(Value q, Value k, Value v, List<Added> biases, Shape scores) {
        Shape sq = q.type().shape();
        Shape sk = k.type().shape();
        Shape sv = v.type().shape();
        int rank = scores.rank();
        for (int i = 0; i < rank - 2; i++) {
            if (sq.rank() != rank || sk.rank() != rank || sq.dim(i) != sk.dim(i) || sq.dim(i) != sv.dim(i)) {
                return null;
            }
        }
        Value added = null;
        for (Added b : biases) {
            Value one = biasFor(b, scores);
            if (one == null) {
                return null;
            }
            added = added == null ? one : sum(added, one);
        }
        if (!Double.isFinite(scale) || scale == 0) {
            return null;
        }
        var op = new MatrixOp.Attention((float) scale, added != null);
        Value a = g.reshape(q, four(sq));
        Value b = g.reshape(k, four(sk));
        Value c = g.reshape(v, four(sv));
        Value y = added == null ? g.apply(op, a, b, c) : g.apply(op, a, b, c, added);
        return g.reshape(y, scores.with(-1, sv.dim(-1)).dims());
    }

    /** Numbers that are known are added once and for all. */
    private Value sum(Value a, Value b) {
        HostTensor x = before.numbers(a);
        HostTensor y = before.numbers(b);
        Value sum = g.add(a, b);
        return x == null || y == null || sum.type().shape().elements() > FIXED
                ? sum
                : g.constant(Host.binary(x, y, sum.type().shape(), DType.F32, Long::sum, Double::sum));
    }

    /**
     * A bias of scores that were given other extents when it was added: windows (W, heads, Lq, Lk) as (1, W, heads, Lq, Lk), of one
     * picture.
     */
    private @Nullable Value biasFor(Added added, Shape scores) {
        Shape s = added.scores;
        Value bias = added.bias;
        if (s.equals(scores)) {
            return biasFor(bias, scores);
        }
        boolean windows = scores.rank() == 4 && s.rank() == 5 && s.dim(0) == 1 && s.dim(1) == scores.dim(0)
                && s.dim(2) == scores.dim(1) && s.dim(3) == scores.dim(2);
        if (!windows || bias.type().shape().rank() > 5) {
            return null;
        }
        long[] b = bias.type().shape().dims();
        return biasFor(b.length < 5 ? bias : g.reshape(bias, Arrays.copyOfRange(b, 1, 5)), scores);
    }

    /** A bias of scores of four axes, or one that is alike for all before the last three. */
    private @Nullable Value biasFor(Value bias, Shape scores) {
        Shape s = bias.type().shape();
        int rank = scores.rank();
        boolean fits = s.rank() <= rank;
        for (int i = 1; fits && i <= s.rank(); i++) {
            fits = s.dim(-i) == 1 || s.dim(-i) == scores.dim(-i);
        }
        long outer = s.rank() > 3 ? s.product(0, s.rank() - 3) : 1;
        if (!fits || outer != 1 && rank != 4) {
            return null;
        }
        long[] four = {outer, 1, 1, 1};
        for (int i = 1; i <= Math.min(3, s.rank()); i++) {
            four[4 - i] = s.dim(-i);
        }
        return g.reshape(bias, four);
    }
}
