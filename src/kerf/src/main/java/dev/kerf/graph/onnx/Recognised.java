package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Binary;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.PointwiseOp.Unary;
import dev.kerf.graph.ReduceOp.Reduce;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.graph.SourceOp;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What exporters take apart, put together again: when its last operator is recorded, the ones before are looked at, and one op is
 * recorded in their place. Those that nobody else reads are dropped when the graph is compiled.
 *
 * <ul>
 *   <li>SiLU, GELU and hard swish ({@link RecognisedActivations});
 *   <li>(x − mean) / √(mean of squares + ε) · weight + bias along an axis: LayerNorm;
 *   <li>A·B + bias of one number a column: a product with a bias;
 *   <li>softmax(scale · Q·Kᵀ + bias)·V: attention ({@link RecognisedAttention});
 *   <li>slices put together the other way around: rows picked ({@link RecognisedRolls}).
 * </ul>
 */
final class Recognised {
    private final GraphBuilder g;
    private final Map<Integer, Value> turned = new HashMap<>();
    private final RecognisedActivations activations;
    private final RecognisedRolls rolls;
    private final java.util.function.Function<String, @Nullable HostTensor> weights;

    /** @param weights the numbers of an initializer, by name */
    Recognised(GraphBuilder g, java.util.function.Function<String, @Nullable HostTensor> weights) {
        this.g = g;
        this.weights = weights;
        this.activations = new RecognisedActivations(this, g);
        this.rolls = new RecognisedRolls(g);
    }

    /** Windows that are shifted. */
    RecognisedRolls rolls() {
        return rolls;
    }

    /** The numbers of a constant or weight, or of one under other extents; null of what a run computes. */
    @Nullable
    HostTensor numbers(Value v) {
        Node n = g.producer(v);
        HostTensor known = switch (n.op()) {
            case SourceOp.Constant c -> c.value();
            case SourceOp.Weight w when w.expr() instanceof SourceOp.WeightExpr.Tensor t -> weights.apply(t.name());
            case MoveOp.Reshape _ -> numbers(n.input(0));
            default -> null;
        };
        return known == null ? null : known.reshape(v.type().shape());
    }

    /** Functions of one number. */
    RecognisedActivations activations() {
        return activations;
    }

    /** Notes that {@code y} is {@code rows}, which are counted, with its axes exchanged, which no count can say. */
    void turned(Value y, Value rows) {
        turned.put(y.id(), rows);
    }

    /** The counted rows whose axes were exchanged. */
    @Nullable
    Value turned(Value y) {
        return turned.get(y.id());
    }

    @Nullable
    Value attention(Value left, Value right) {
        return RecognisedAttention.of(this, g, left, right);
    }

    /** What a ∘ b finishes, if it does. */
    @Nullable
    Value arithmetic(Arithmetic f, Value a, Value b) {
        return switch (f) {
            case MULTIPLY -> activations.multiplied(a, b);
            case DIVIDE -> activations.divided(a, b);
            case ADD -> {
                Value norm = added(a, b);
                yield norm != null ? norm : added(b, a);
            }
            default -> null;
        };
    }

    /** A number that is known, of a constant of one element; NaN otherwise. */
    double number(Value v) {
        return g.producer(v).op() instanceof SourceOp.Constant c && c.value().elements() == 1
                ? c.value().getDouble(0)
                : Double.NaN;
    }

    /** The node that makes a value, if it is such an arithmetic without activation. */
    @Nullable
    Node binary(Value v, Arithmetic f) {
        Node n = g.producer(v);
        return n.op().equals(new Binary(f, Activation.NONE)) ? n : null;
    }

    private @Nullable Value added(Value sum, Value bias) {
        Node made = g.producer(sum);
        if (made.op() instanceof MatMul m && m.equals(plain(m)) && isFixed(bias)
                && bias.type().shape().equals(Shape.of(sum.type().shape().dim(-1)))) {
            return g.apply(new MatMul(m.transposeA(), m.transposeB(), m.alpha(), Activation.NONE, true, false), made.input(0),
                    made.input(1), bias);
        }
        Node scaled = binary(sum, Arithmetic.MULTIPLY);
        if (scaled == null || !isFixed(bias)) {
            return null;
        }
        for (int i = 0; i < 2; i++) {
            Value norm = isFixed(scaled.input(1 - i)) ? norm(scaled.input(i), scaled.input(1 - i), bias) : null;
            if (norm != null) {
                return norm;
            }
        }
        return null;
    }

    private static Op plain(MatMul m) {
        return new MatMul(m.transposeA(), m.transposeB(), m.alpha(), Activation.NONE, false, false);
    }

    private boolean isFixed(Value v) {
        Op op = g.producer(v).op();
        return op instanceof SourceOp.Constant || op instanceof SourceOp.Weight;
    }

    /** (x − mean) / √(mean of squares + ε) as a norm with weight and bias along the axis of the mean. */
    private @Nullable Value norm(Value v, Value weight, Value bias) {
        Node quotient = binary(v, Arithmetic.DIVIDE);
        Node off = quotient == null ? null : binary(quotient.input(0), Arithmetic.SUBTRACT);
        Node root = quotient == null ? null : g.producer(quotient.input(1));
        Node sum = root != null && root.op().equals(new Unary(Function.SQRT)) ? binary(root.input(0), Arithmetic.ADD) : null;
        if (off == null || sum == null) {
            return null;
        }
        double eps = number(sum.input(1));
        Node squares = g.producer(sum.input(0));
        Node mean = g.producer(off.input(1));
        if (Double.isNaN(eps) || !(mean.op() instanceof Reduce m && squares.op() instanceof Reduce s && m.equals(s))
                || m.reduction() != Reduction.MEAN || m.axes().size() != 1 || !m.keepDims()
                || !mean.input(0).equals(off.input(0))) {
            return null;
        }
        Node square = binary(squares.input(0), Arithmetic.MULTIPLY);
        if (square == null || !square.inputs().equals(List.of(off.output(), off.output()))) {
            return null;
        }
        Value x = off.input(0);
        int axis = m.axes().getFirst();
        long count = x.type().shape().dim(axis);
        if (!along(weight, x, axis) || !along(bias, x, axis)) {
            return null;
        }
        return g.apply(new NormOp.LayerNorm(axis, eps), x, g.reshape(weight, count), g.reshape(bias, count));
    }

    /** Whether a value has one number for each place along an axis of another. */
    private static boolean along(Value v, Value x, int axis) {
        Shape s = v.type().shape();
        int from = s.rank() - (x.type().shape().rank() - axis);
        return from >= 0 && s.dim(from) == x.type().shape().dim(axis) && s.elements() == s.dim(from);
    }
}
