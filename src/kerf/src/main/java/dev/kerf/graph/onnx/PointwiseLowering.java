package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Ops on each element as ONNX operators. */
final class PointwiseLowering {
    private PointwiseLowering() {}

    static String lower(OnnxGraph g, Node n, PointwiseOp op) {
        String x = g.in(n, 0);
        return switch (op) {
            case PointwiseOp.Unary u -> unary(g, x, u.function());
            case PointwiseOp.Binary b when b.arithmetic() == PointwiseOp.Arithmetic.DIVIDE
                    && n.output().type().dtype() == DType.I32 ->
                divide(g, x, g.in(n, 1));
            case PointwiseOp.Binary b -> g.activate(b.activation(), g.op(switch (b.arithmetic()) {
                case ADD -> "Add";
                case SUBTRACT -> "Sub";
                case MULTIPLY -> "Mul";
                case DIVIDE -> "Div";
                case MAX -> "Max";
                case MIN -> "Min";
                case POWER -> "Pow";
            }, x, g.in(n, 1)));
            case PointwiseOp.Compare c -> g.cast(compare(g, n, c.relation()), DType.U8);
            case PointwiseOp.Where w -> g.op("Where", List.of(g.bool(x), g.in(n, 1), g.in(n, 2)));
            case PointwiseOp.Clamp c -> g.op("Clip", List.of(x, g.scalar(DType.F32, c.low()),
                    g.scalar(DType.F32, c.high())));
            case PointwiseOp.Cast c -> cast(g, x, n.input(0).type().dtype(), c.to());
        };
    }

    /**
     * x / 0 is 0, and the quotient that int32 can't hold wraps: both would end the process in a runtime that just
     * divides.
     */
    private static String divide(OnnxGraph g, String a, String b) {
        String zero = g.scalar(DType.I32, 0);
        String none = g.op("Equal", b, zero);
        String divisor = g.cast(g.op("Where", List.of(none, g.scalar(DType.I32, 1), b)), DType.I64);
        String quotient = g.cast(g.op("Div", g.cast(a, DType.I64), divisor), DType.I32);
        return g.op("Where", List.of(none, zero, quotient));
    }

    private static String unary(OnnxGraph g, String x, PointwiseOp.Function f) {
        return switch (f) {
            case RELU -> g.activate(Activation.RELU, x);
            case GELU_ERF -> g.activate(Activation.GELU_ERF, x);
            case GELU_TANH -> g.activate(Activation.GELU_TANH, x);
            case SIGMOID -> g.activate(Activation.SIGMOID, x);
            case SILU -> g.activate(Activation.SILU, x);
            case TANH -> g.activate(Activation.TANH, x);
            case EXP -> g.op("Exp", x);
            case LOG -> g.op("Log", x);
            case SQRT -> g.op("Sqrt", x);
            case RECIPROCAL -> g.op("Reciprocal", x);
            case ABS -> g.op("Abs", x);
            case NEGATE -> g.op("Neg", x);
            case SIN -> g.op("Sin", x);
            case COS -> g.op("Cos", x);
            case FLOOR -> g.op("Floor", x);
            case CEIL -> g.op("Ceil", x);
            case ROUND_HALF_EVEN -> g.op("Round", x);
            case HARD_SWISH -> g.activate(Activation.HARD_SWISH, x);
            case RELU6 -> g.activate(Activation.RELU6, x);
        };
    }

    private static String compare(OnnxGraph g, Node n, PointwiseOp.Relation relation) {
        boolean bytes = n.input(0).type().dtype() == DType.U8;
        String a = bytes ? g.cast(g.in(n, 0), DType.I32) : g.in(n, 0);
        String b = bytes ? g.cast(g.in(n, 1), DType.I32) : g.in(n, 1);
        return switch (relation) {
            case GREATER -> g.op("Greater", a, b);
            case GREATER_OR_EQUAL -> g.op("GreaterOrEqual", a, b);
            case LESS -> g.op("Less", a, b);
            case LESS_OR_EQUAL -> g.op("LessOrEqual", a, b);
            case EQUAL -> g.op("Equal", a, b);
            case NOT_EQUAL -> g.op("Not", g.op("Equal", a, b));
        };
    }

    /**
     * ONNX leaves casts out of range undefined, so numbers are brought into range first, in float64, which holds every
     * bound.
     */
    private static String cast(OnnxGraph g, String x, DType from, DType to) {
        if (from == to) {
            return g.op("Identity", x);
        }
        if (from != DType.F32) {
            return g.cast(x, to);
        }
        String wide = g.cast(x, DType.F64);
        String number = g.op("Where", List.of(g.op("IsNaN", wide), g.scalar(DType.F64, 0), wide));
        double low = switch (to) {
            case I32 -> Integer.MIN_VALUE;
            case I64 -> Long.MIN_VALUE;
            default -> 0;
        };
        double high = switch (to) {
            case U8 -> 255;
            case U16 -> 65535;
            case I32 -> Integer.MAX_VALUE;
            default -> Math.nextDown(0x1p63);
        };
        String clipped = g.op("Clip", List.of(number, g.scalar(DType.F64, low), g.scalar(DType.F64, high)));
        String y = g.cast(clipped, to);
        if (to != DType.I64) {
            return y;
        }
        String most = g.tensor("most", HostTensor.of(Shape.of(), new long[] {Long.MAX_VALUE}));
        String over = g.op("GreaterOrEqual", number, g.scalar(DType.F64, 0x1p63));
        return g.op("Where", List.of(over, most, y));
    }
}
