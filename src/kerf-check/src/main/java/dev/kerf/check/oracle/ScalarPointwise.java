package dev.kerf.check.oracle;

import dev.kerf.backend.cpu.kernel.Functions;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.tensor.DType;
import java.util.List;

/** Ops on each element. */
final class ScalarPointwise {
    private ScalarPointwise() {}

    static void run(PointwiseOp op, List<Wide> in, Wide y) {
        var shape = y.type().shape();
        long[][] strides = new long[in.size()][];
        for (int i = 0; i < strides.length; i++) {
            strides[i] = in.get(i).type().shape().stridesTo(shape);
        }
        double[] x = new double[in.size()];
        for (int at = 0; at < y.v().length; at++) {
            for (int i = 0; i < x.length; i++) {
                x[i] = in.get(i).v()[ScalarMatrix.offset(shape, strides[i], at)];
            }
            y.v()[at] = switch (op) {
                case PointwiseOp.Unary u -> Functions.apply(u.function(), x[0]);
                case PointwiseOp.Binary b when y.type().dtype() == DType.I32 ->
                    integer(b.arithmetic(), (int) x[0], (int) x[1]);
                case PointwiseOp.Binary b ->
                    Functions.apply(b.activation(), arithmetic(b.arithmetic(), x[0], x[1]));
                case PointwiseOp.Compare c -> compare(c.relation(), x[0], x[1]) ? 1 : 0;
                case PointwiseOp.Where w -> x[0] != 0 ? x[1] : x[2];
                case PointwiseOp.Clamp c -> Math.min(Math.max(x[0], c.low()), c.high());
                case PointwiseOp.Cast c -> cast(c.to(), in.getFirst().type().dtype(), x[0]);
            };
        }
    }

    private static double arithmetic(PointwiseOp.Arithmetic f, double a, double b) {
        return switch (f) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case MAX -> Math.max(a, b);
            case MIN -> Math.min(a, b);
            case POWER -> Math.pow(a, b);
        };
    }

    /** Two's complement, division towards zero; dividing by 0 gives 0. */
    static int integer(PointwiseOp.Arithmetic f, int a, int b) {
        return switch (f) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> b == 0 ? 0 : a / b;
            case MAX -> Math.max(a, b);
            case MIN -> Math.min(a, b);
            case POWER -> throw new IllegalArgumentException("int32 has no power");
        };
    }

    private static boolean compare(PointwiseOp.Relation r, double a, double b) {
        return switch (r) {
            case GREATER -> a > b;
            case GREATER_OR_EQUAL -> a >= b;
            case LESS -> a < b;
            case LESS_OR_EQUAL -> a <= b;
            case EQUAL -> a == b;
            case NOT_EQUAL -> a != b;
        };
    }

    /** From float towards zero and saturating; from a wider integer the low bits, as torch and C have it. */
    private static double cast(DType to, DType from, double x) {
        boolean saturate = from.floating();
        return switch (to) {
            case I32 -> saturate ? (int) x : (int) (long) x;
            case U8 -> saturate ? Math.clamp((long) x, 0, 255) : (long) x & 0xFF;
            case U16 -> saturate ? Math.clamp((long) x, 0, 65535) : (long) x & 0xFFFF;
            case I64 -> (long) x;
            default -> x;
        };
    }
}
