package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Binary;
import dev.kerf.graph.PointwiseOp.Compare;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.graph.PointwiseOp.Unary;
import dev.kerf.graph.PointwiseOp.Where;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/** Arithmetic, functions, comparisons, logic: element by element. */
final class PointwiseRules {
    private PointwiseRules() {}

    static Map<String, Rule> rules() {
        return Map.ofEntries(
                Map.entry("Add", n -> arithmetic(n, Arithmetic.ADD, Long::sum, Double::sum)),
                Map.entry("Sub", n -> arithmetic(n, Arithmetic.SUBTRACT, (a, b) -> a - b, (a, b) -> a - b)),
                Map.entry("Mul", n -> arithmetic(n, Arithmetic.MULTIPLY, (a, b) -> a * b, (a, b) -> a * b)),
                Map.entry("Div", n -> arithmetic(n, Arithmetic.DIVIDE, (a, b) -> b == 0 ? 0 : a / b, (a, b) -> a / b)),
                Map.entry("Max", n -> folded(n, Arithmetic.MAX, Math::max, Math::max)),
                Map.entry("Min", n -> folded(n, Arithmetic.MIN, Math::min, Math::min)),
                Map.entry("Sum", n -> folded(n, Arithmetic.ADD, Long::sum, Double::sum)),
                Map.entry("Mean", PointwiseRules::mean),
                Map.entry("Pow", PointwiseRules::power),
                Map.entry("Mod", PointwiseRules::modulo),
                Map.entry("Exp", n -> function(n, Function.EXP, x -> x, Math::exp)),
                Map.entry("Log", n -> function(n, Function.LOG, x -> x, Math::log)),
                Map.entry("Sqrt", n -> function(n, Function.SQRT, x -> x, Math::sqrt)),
                Map.entry("Reciprocal", n -> function(n, Function.RECIPROCAL, x -> x, x -> 1 / x)),
                Map.entry("Abs", n -> whole(n, Function.ABS, Math::abs, Math::abs)),
                Map.entry("Neg", n -> whole(n, Function.NEGATE, x -> -x, x -> -x)),
                Map.entry("Sin", n -> function(n, Function.SIN, x -> x, Math::sin)),
                Map.entry("Cos", n -> function(n, Function.COS, x -> x, Math::cos)),
                Map.entry("Floor", n -> function(n, Function.FLOOR, x -> x, Math::floor)),
                Map.entry("Ceil", n -> function(n, Function.CEIL, x -> x, Math::ceil)),
                Map.entry("Round", n -> function(n, Function.ROUND_HALF_EVEN, x -> x, Math::rint)),
                Map.entry("Greater", n -> compare(n, Relation.GREATER, (a, b) -> a > b ? 1 : 0, (a, b) -> a > b ? 1 : 0)),
                Map.entry("GreaterOrEqual",
                        n -> compare(n, Relation.GREATER_OR_EQUAL, (a, b) -> a >= b ? 1 : 0, (a, b) -> a >= b ? 1 : 0)),
                Map.entry("Less", n -> compare(n, Relation.LESS, (a, b) -> a < b ? 1 : 0, (a, b) -> a < b ? 1 : 0)),
                Map.entry("LessOrEqual",
                        n -> compare(n, Relation.LESS_OR_EQUAL, (a, b) -> a <= b ? 1 : 0, (a, b) -> a <= b ? 1 : 0)),
                Map.entry("Equal", n -> compare(n, Relation.EQUAL, (a, b) -> a == b ? 1 : 0, (a, b) -> a == b ? 1 : 0)),
                Map.entry("And", n -> logic(n, Arithmetic.MULTIPLY, (a, b) -> a & b)),
                Map.entry("Or", n -> logic(n, Arithmetic.MAX, (a, b) -> a | b)),
                Map.entry("Xor", n -> compare(n, Relation.NOT_EQUAL, (a, b) -> a ^ b, (a, b) -> a != b ? 1 : 0)),
                Map.entry("Not", PointwiseRules::not),
                Map.entry("Where", PointwiseRules::where),
                Map.entry("IsNaN", n -> n.out(n.add(new Compare(Relation.NOT_EQUAL), n.f32(0), n.f32(0)))),
                Map.entry("IsInf", PointwiseRules::infinite),
                Map.entry("Sign", PointwiseRules::sign));
    }

    /** The type that two operands are computed in: float32 if one is, else int32. */
    private static DType common(Operand a, Operand b) {
        return a.floating() || b.floating() ? DType.F32 : DType.I32;
    }

    /** What two shapes broadcast to. */
    static Shape broadcast(Imported n, Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        long[] out = new long[rank];
        for (int i = 1; i <= rank; i++) {
            long x = i <= a.rank() ? a.dim(-i) : 1;
            long y = i <= b.rank() ? b.dim(-i) : 1;
            if (x != y && x != 1 && y != 1) {
                throw n.bad("shapes " + a + " and " + b + " don't broadcast");
            }
            out[rank - i] = x == 1 ? y : x;
        }
        return Shape.of(out);
    }

    private static void arithmetic(Imported n, Arithmetic f, LongBinaryOperator whole, DoubleBinaryOperator real) {
        n.out(arithmetic(n, n.in(0), n.in(1), f, whole, real));
    }

    private static Operand arithmetic(Imported n, Operand a, Operand b, Arithmetic f, LongBinaryOperator whole,
            DoubleBinaryOperator real) {
        HostTensor x = a.known();
        HostTensor y = b.known();
        if (a.fixed() && b.fixed() && x != null && y != null) {
            DType to = x.dtype().floating() ? x.dtype() : y.dtype().floating() ? y.dtype() : x.dtype();
            return Operand.of(Host.binary(x, y, broadcast(n, a.shape(), b.shape()), to, whole, real));
        }
        DType type = common(a, b);
        Value left = a.as(type, n.g);
        Value right = b.as(type, n.g);
        Value known = type == DType.F32 ? n.before.arithmetic(f, left, right) : null;
        return Operand.of(known != null ? known : n.g.binary(f, left, right));
    }

    private static void folded(Imported n, Arithmetic f, LongBinaryOperator whole, DoubleBinaryOperator real) {
        Operand sum = n.in(0);
        for (int i = 1; i < n.operandCount(); i++) {
            sum = arithmetic(n, sum, n.in(i), f, whole, real);
        }
        n.out(sum);
    }

    private static void mean(Imported n) {
        Value sum = n.f32(0);
        for (int i = 1; i < n.operandCount(); i++) {
            sum = n.g.add(sum, n.f32(i));
        }
        n.out(n.g.multiply(sum, n.g.constant(1f / n.operandCount())));
    }

    private static void power(Imported n) {
        HostTensor exponent = n.in(1).known();
        if (n.fixed()) {
            arithmetic(n, Arithmetic.POWER, (a, b) -> (long) Math.pow(a, b), Math::pow);
            return;
        }
        boolean whole = !n.in(0).floating();
        Value x = n.f32(0);
        double p = exponent != null && exponent.elements() == 1 && exponent.shape().rank() <= n.shape(0).rank()
                ? exponent.getDouble(0)
                : Double.NaN;
        Value y = p == 1
                ? x
                : p == 2
                        ? n.g.multiply(x, x)
                        : p == 3
                                ? n.g.multiply(n.g.multiply(x, x), x)
                                : p == 0.5
                                        ? n.g.unary(Function.SQRT, x)
                                        : p == -1
                                                ? n.g.unary(Function.RECIPROCAL, x)
                                                : n.g.binary(Arithmetic.POWER, x, n.f32(1));
        n.out(whole ? n.add(new dev.kerf.graph.PointwiseOp.Cast(DType.I32), y) : y);
    }

    /** a − b · ⌊a / b⌋; with {@code fmod} towards zero, the sign being a's. */
    private static void modulo(Imported n) {
        boolean c = n.flag("fmod", false);
        if (n.fixed()) {
            arithmetic(n, Arithmetic.SUBTRACT, (a, b) -> b == 0 ? 0 : c ? a % b : Math.floorMod(a, b),
                    (a, b) -> c ? a % b : a - b * Math.floor(a / b));
            return;
        }
        DType type = common(n.in(0), n.in(1));
        if (type == DType.I32) {
            Value a = n.in(0).as(type, n.g);
            Value b = n.in(1).as(type, n.g);
            Value rest = n.g.binary(Arithmetic.SUBTRACT, a,
                    n.g.multiply(b, n.g.binary(Arithmetic.DIVIDE, a, b)));
            // Division is towards zero: a rest of the other sign than b's is one b too far down.
            Value zero = n.g.constant(HostTensor.of(Shape.of(), new int[] {0}));
            Value off = n.add(new Compare(Relation.LESS), n.g.multiply(rest, b), zero);
            n.out(c ? rest : n.add(new Where(), off, n.g.add(rest, b), rest));
            return;
        }
        Value a = n.f32(0);
        Value b = n.f32(1);
        Value q = n.g.binary(Arithmetic.DIVIDE, a, b);
        Value down = n.g.unary(Function.FLOOR, q);
        Value towards = n.add(new Where(), n.add(new Compare(Relation.LESS), q, n.g.constant(0)), n.g.unary(Function.CEIL, q),
                down);
        Value rest = n.g.binary(Arithmetic.SUBTRACT, a, n.g.multiply(b, c ? towards : down));
        // Of an infinite b nothing is taken off; a has another sign where all of it would have to be added.
        Value far = n.add(new Compare(Relation.EQUAL), n.g.unary(Function.ABS, b), n.g.constant(Float.POSITIVE_INFINITY));
        Value across = n.add(new Compare(Relation.LESS), n.g.multiply(a, b), n.g.constant(0));
        Value own = c ? a : n.add(new Where(), across, b, a);
        Value finite = n.add(new Compare(Relation.LESS), n.g.unary(Function.ABS, a), n.g.constant(Float.POSITIVE_INFINITY));
        n.out(n.add(new Where(), far, n.add(new Where(), finite, own, n.g.constant(Float.NaN)), rest));
    }

    private static void function(Imported n, Function f, LongUnaryOperator whole, DoubleUnaryOperator real) {
        HostTensor x = n.in(0).known();
        if (n.fixed() && x != null) {
            n.out(Host.unary(x, whole, real));
        } else {
            n.out(n.g.unary(f, n.f32(0)));
        }
    }

    private static void whole(Imported n, Function f, LongUnaryOperator whole, DoubleUnaryOperator real) {
        if (n.fixed() || n.in(0).floating()) {
            function(n, f, whole, real);
            return;
        }
        Value x = n.in(0).as(DType.I32, n.g);
        Value negative = n.g.binary(Arithmetic.SUBTRACT, n.g.constant(HostTensor.of(Shape.of(), new int[] {0})), x);
        n.out(f == Function.ABS ? n.g.binary(Arithmetic.MAX, x, negative) : negative);
    }

    private static void compare(Imported n, Relation r, LongBinaryOperator whole, DoubleBinaryOperator real) {
        Operand a = n.in(0);
        Operand b = n.in(1);
        HostTensor x = a.known();
        HostTensor y = b.known();
        if (n.fixed() && x != null && y != null) {
            n.out(Host.binary(x, y, broadcast(n, a.shape(), b.shape()), DType.BOOL, whole, real));
            return;
        }
        DType type = a.truth() && b.truth() ? DType.U8 : common(a, b);
        n.out(n.add(new Compare(r), a.as(type, n.g), b.as(type, n.g)));
    }

    private static void logic(Imported n, Arithmetic f, LongBinaryOperator whole) {
        HostTensor x = n.in(0).known();
        HostTensor y = n.in(1).known();
        if (n.fixed() && x != null && y != null) {
            n.out(Host.binary(x, y, broadcast(n, x.shape(), y.shape()), DType.BOOL, whole, (a, b) -> a));
            return;
        }
        Value both = n.g.binary(f, n.in(0).as(DType.I32, n.g), n.in(1).as(DType.I32, n.g));
        n.out(n.add(new dev.kerf.graph.PointwiseOp.Cast(DType.U8), both));
    }

    private static void not(Imported n) {
        HostTensor x = n.in(0).known();
        if (n.fixed() && x != null) {
            n.out(Host.unary(x, v -> v == 0 ? 1 : 0, v -> v));
        } else {
            n.out(n.add(new Compare(Relation.EQUAL), n.in(0).as(DType.U8, n.g),
                    n.g.constant(HostTensor.of(Shape.of(), new byte[] {0}))));
        }
    }

    private static void where(Imported n) {
        Operand a = n.in(1);
        Operand b = n.in(2);
        HostTensor c = n.in(0).known();
        HostTensor x = a.known();
        HostTensor y = b.known();
        if (n.fixed() && c != null && x != null && y != null) {
            Shape to = broadcast(n, broadcast(n, a.shape(), b.shape()), c.shape());
            HostTensor wide = Host.walk(c, to, 0, c.shape().stridesTo(to));
            HostTensor left = Host.walk(x, to, 0, x.shape().stridesTo(to));
            HostTensor right = Host.walk(y, to, 0, y.shape().stridesTo(to));
            HostTensor out = HostTensor.zeros(x.dtype(), to);
            for (long i = 0; i < out.elements(); i++) {
                HostTensor from = wide.getLong(i) != 0 ? left : right;
                if (out.dtype().floating()) {
                    out.setDouble(i, from.getDouble(i));
                } else {
                    Host.set(out, i, from.getLong(i));
                }
            }
            n.out(out);
            return;
        }
        DType type = common(a, b);
        Value made = n.add(new Where(), n.in(0).as(DType.U8, n.g), a.as(type, n.g), b.as(type, n.g));
        n.out(a.truth() && b.truth() ? n.add(new dev.kerf.graph.PointwiseOp.Cast(DType.U8), made) : made);
    }

    private static void infinite(Imported n) {
        Value x = n.f32(0);
        boolean up = n.flag("detect_positive", true);
        boolean down = n.flag("detect_negative", true);
        Value of = up && down ? n.g.unary(Function.ABS, x) : up ? x : n.g.unary(Function.NEGATE, x);
        float than = up || down ? Float.POSITIVE_INFINITY : Float.NaN;
        n.out(n.add(new Compare(Relation.EQUAL), of, n.g.constant(than)));
    }

    private static void sign(Imported n) {
        HostTensor x = n.in(0).known();
        if (n.fixed() && x != null) {
            n.out(Host.unary(x, Long::signum, Math::signum));
            return;
        }
        DType type = n.in(0).floating() ? DType.F32 : DType.I32;
        Value v = n.in(0).as(type, n.g);
        Value zero = type == DType.F32 ? n.g.constant(0) : n.g.constant(HostTensor.of(Shape.of(), new int[] {0}));
        var cast = new dev.kerf.graph.PointwiseOp.Cast(type);
        n.out(n.add(new Binary(Arithmetic.SUBTRACT, Activation.NONE),
                n.add(cast, n.add(new Compare(Relation.GREATER), v, zero)),
                n.add(cast, n.add(new Compare(Relation.LESS), v, zero))));
    }

    /** A function of one float32 value. */
    static Value unary(Imported n, Function f, Value x) {
        return n.add(new Unary(f), x);
    }
}
