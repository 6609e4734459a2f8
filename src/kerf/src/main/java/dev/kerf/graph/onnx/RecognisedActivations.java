package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Clamp;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.PointwiseOp.Unary;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Functions of one number that exporters take apart, their factors in any order.
 *
 * <ul>
 *   <li>x · sigmoid(x): SiLU;
 *   <li>0.5 · x · (1 + erf(x / √2)) and the form with tanh: GELU;
 *   <li>x · min(max(x + 3, 0), 6) / 6 and x · min(max(x / 6 + 0.5, 0), 1): hard swish.
 * </ul>
 */
final class RecognisedActivations {
    private static final double CLOSE = 1e-4;
    private static final int DEEPEST = 4;
    private static final Unary RELU6 = new Unary(Function.RELU6);

    private final Recognised before;
    private final GraphBuilder g;
    /** What erf is taken of, by the value that it is. */
    private final Map<Integer, Value> erfs = new HashMap<>();

    RecognisedActivations(Recognised before, GraphBuilder g) {
        this.before = before;
        this.g = g;
    }

    /** Notes that {@code y} is erf(x), which takes several ops. */
    void erf(Value y, Value x) {
        erfs.put(y.id(), x);
    }

    /** The function that a · b finishes, if it does. */
    @Nullable
    Value multiplied(Value a, Value b) {
        for (Value[] pair : new Value[][] {{a, b}, {b, a}}) {
            if (g.producer(pair[1]).op().equals(new Unary(Function.SIGMOID)) && g.producer(pair[1]).input(0).equals(pair[0])) {
                return g.unary(Function.SILU, pair[0]);
            }
        }
        List<Value> values = new ArrayList<>();
        double number = collect(a, values, 0) * collect(b, values, 0);
        return made(number, values, Math.max(rank(a), rank(b)));
    }

    /** The function that a / b finishes, if it does. */
    @Nullable
    Value divided(Value a, Value b) {
        List<Value> values = new ArrayList<>();
        double number = collect(a, values, 0) / before.number(b);
        return made(number, values, Math.max(rank(a), rank(b)));
    }

    private static int rank(Value v) {
        return v.type().shape().rank();
    }

    /** The function that a number and two values multiply to, whose rank no factor of one element has raised. */
    private @Nullable Value made(double number, List<Value> values, int rank) {
        if (values.size() != 2 || !values.get(0).type().equals(values.get(1).type()) || rank(values.get(0)) != rank) {
            return null;
        }
        for (int i = 0; i < 2; i++) {
            Value x = values.get(i);
            Value other = values.get(1 - i);
            if (isHardGate(other, x, number)) {
                return g.unary(Function.HARD_SWISH, x);
            }
            Value inner = close(number, 0.5) ? plusOne(other) : null;
            if (inner != null) {
                Value erf = erfs.get(inner.id());
                if (erf != null && isTimes(erf, x, Math.sqrt(0.5))) {
                    return g.unary(Function.GELU_ERF, x);
                }
                if (g.producer(inner).op().equals(new Unary(Function.TANH)) && isCubic(g.producer(inner).input(0), x)) {
                    return g.unary(Function.GELU_TANH, x);
                }
            }
        }
        return null;
    }

    /** Whether a value is min(max(x + 3, 0), 6) / 6 but for a number that it is multiplied with. */
    private boolean isHardGate(Value v, Value x, double number) {
        Node bend = g.producer(v);
        double high = bend.op() instanceof Clamp c && c.low() == 0 ? c.high() : bend.op().equals(RELU6) ? 6 : Double.NaN;
        if (!close(number * high, 1)) {
            return false;
        }
        Node line = before.binary(bend.input(0), Arithmetic.ADD);
        for (int i = 0; line != null && i < 2; i++) {
            if (close(before.number(line.input(i)), high / 2) && isTimes(line.input(1 - i), x, high / 6)) {
                return true;
            }
        }
        return false;
    }

    /** v where the value is v + 1. */
    private @Nullable Value plusOne(Value sum) {
        Node n = before.binary(sum, Arithmetic.ADD);
        return n == null
                ? null
                : before.number(n.input(1)) == 1 ? n.input(0) : before.number(n.input(0)) == 1 ? n.input(1) : null;
    }

    private boolean isTimes(Value v, Value x, double factor) {
        List<Value> values = new ArrayList<>();
        double number = collect(v, values, 0);
        List<Value> own = new ArrayList<>();
        double within = collect(x, own, 0);
        return values.equals(own) && close(number, factor * within);
    }

    /** √(2/π) · (x + 0.044715 · x³), the outer factor taken in or not. */
    private boolean isCubic(Value v, Value x) {
        List<Value> values = new ArrayList<>();
        double number = collect(v, values, 0);
        Node sum = values.size() == 1 ? before.binary(values.getFirst(), Arithmetic.ADD) : null;
        if (sum == null || !close(number, Math.sqrt(2 / Math.PI))) {
            return false;
        }
        for (int i = 0; i < 2; i++) {
            List<Value> cube = new ArrayList<>();
            if (sum.input(i).equals(x) && close(collect(sum.input(1 - i), cube, 0), 0.044715)
                    && cube.equals(List.of(x, x, x))) {
                return true;
            }
        }
        return false;
    }

    private double collect(Value v, List<Value> into, int depth) {
        double known = before.number(v);
        if (!Double.isNaN(known)) {
            return known;
        }
        Node product = depth < DEEPEST ? before.binary(v, Arithmetic.MULTIPLY) : null;
        if (product != null) {
            return collect(product.input(0), into, depth + 1) * collect(product.input(1), into, depth + 1);
        }
        Node quotient = depth < DEEPEST ? before.binary(v, Arithmetic.DIVIDE) : null;
        if (quotient != null && !Double.isNaN(before.number(quotient.input(1)))) {
            return collect(quotient.input(0), into, depth + 1) / before.number(quotient.input(1));
        }
        into.add(v);
        return 1;
    }

    private static boolean close(double a, double b) {
        return Math.abs(a - b) <= CLOSE * Math.max(1e-3, Math.abs(b));
    }
}
