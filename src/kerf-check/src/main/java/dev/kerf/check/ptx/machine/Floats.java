package dev.kerf.check.ptx.machine;

import dev.kerf.error.BadFileException;
import java.util.function.DoubleBinaryOperator;

/** Arithmetic of float32, and the little that there is of float64. */
final class Floats {
    private static final double LN2 = Math.log(2);

    /** A function of one number. */
    private interface One {
        float of(float a);
    }

    /** A function of two numbers. */
    private interface Two {
        float of(float a, float b);
    }

    private Floats() {}

    /** An instruction of this family; null if it is none. */
    static Op of(Operands o, Statement s) {
        if (s.type() == Type.F64) {
            return doubles(o, s);
        }
        if (s.type() != Type.F32) {
            return null;
        }
        // Subnormal numbers: .ftz is taken by the approximations alone, which flush them.
        boolean flush = s.has("ftz");
        Op op = switch (s.opcode()) {
            case "add.rn.f32", "add.f32" -> add(o, s);
            case "sub.rn.f32", "sub.f32" -> subtract(o, s);
            case "mul.rn.f32", "mul.f32" -> multiply(o, s);
            case "fma.rn.f32" -> fma(o, s);
            case "fma.rm.f32" -> fmaDown(o, s);
            case "max.f32" -> maximum(o, s);
            case "min.f32" -> two(o, s, (a, b) -> a != a ? b : b != b ? a : Math.min(a, b));
            case "div.rn.f32" -> two(o, s, (a, b) -> a / b);
            case "copysign.f32" -> two(o, s, (a, b) -> Math.copySign(b, a));
            case "neg.f32" -> one(o, s, a -> Float.intBitsToFloat(Float.floatToRawIntBits(a) ^ 0x80000000));
            case "abs.f32" -> one(o, s, a -> Float.intBitsToFloat(Float.floatToRawIntBits(a) & 0x7FFFFFFF));
            case "sqrt.rn.f32" -> one(o, s, a -> (float) Math.sqrt(a));
            case "rcp.rn.f32" -> one(o, s, a -> 1 / a);
            case "rcp.approx.f32" -> one(o, s, a -> 1 / a);
            case "rcp.approx.ftz.f32" -> one(o, s, a -> flushed(1 / flushed(a)));
            case "ex2.approx.f32" -> one(o, s, a -> (float) Math.exp(a * LN2));
            case "ex2.approx.ftz.f32" -> one(o, s, a -> flushed((float) Math.exp(flushed(a) * LN2)));
            default -> null;
        };
        if (op == null && flush) {
            throw new BadFileException(s + ": subnormal numbers are flushed to 0 by approximations alone");
        }
        return op;
    }

    private static float flushed(float a) {
        return Math.abs(a) < Float.MIN_NORMAL ? Math.copySign(0f, a) : a;
    }

    private static Op one(Operands o, Statement s, One f) {
        int d = o.write(Type.Bank.FLOAT, s.operand(0));
        int a = o.floats(s.operand(1));
        return (w, m) -> {
            float[] z = w.floats(d, m);
            float[] x = w.f[a];
            for (int t = 0; t < 32; t++) {
                z[t] = f.of(x[t]);
            }
            w.put(z, d, m);
        };
    }

    private static Op two(Operands o, Statement s, Two f) {
        int d = o.write(Type.Bank.FLOAT, s.operand(0));
        int a = o.floats(s.operand(1));
        int b = o.floats(s.operand(2));
        return (w, m) -> {
            float[] z = w.floats(d, m);
            float[] x = w.f[a];
            float[] y = w.f[b];
            for (int t = 0; t < 32; t++) {
                z[t] = f.of(x[t], y[t]);
            }
            w.put(z, d, m);
        };
    }

    // The frequent ones have loops of their own, which the compiler turns into vectors.

    private static Op add(Operands o, Statement s) {
        int d = o.write(Type.Bank.FLOAT, s.operand(0));
        int a = o.floats(s.operand(1));
        int b = o.floats(s.operand(2));
        return (w, m) -> {
            float[] z = w.floats(d, m);
            float[] x = w.f[a];
            float[] y = w.f[b];
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] + y[t];
            }
            w.put(z, d, m);
        };
    }

    private static Op subtract(Operands o, Statement s) {
        int d = o.write(Type.Bank.FLOAT, s.operand(0));
        int a = o.floats(s.operand(1));
        int b = o.floats(s.operand(2));
        return (w, m) -> {
            float[] z = w.floats(d, m);
            float[] x = w.f[a];
            float[] y = w.f[b];
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] - y[t];
            }
            w.put(z, d, m);
        };
    }

    private static Op multiply(Operands o, Statement s) {
        int d = o.write(Type.Bank.FLOAT, s.operand(0));
        int a = o.floats(s.operand(1));
        int b = o.floats(s.operand(2));
        return (w, m) -> {
            float[] z = w.floats(d, m);
            float[] x = w.f[a];
            float[] y = w.f[b];
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] * y[t];
            }
            w.put(z, d, m);
        };
    }

    private static Op maximum(Operands o, Statement s) {
        int d = o.write(Type.Bank.FLOAT, s.operand(0));
        int a = o.floats(s.operand(1));
        int b = o.floats(s.operand(2));
        return (w, m) -> {
            float[] z = w.floats(d, m);
            float[] x = w.f[a];
            float[] y = w.f[b];
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] != x[t] ? y[t] : y[t] != y[t] ? x[t] : Math.max(x[t], y[t]);
            }
            w.put(z, d, m);
        };
    }

    private static Op fma(Operands o, Statement s) {
        int d = o.write(Type.Bank.FLOAT, s.operand(0));
        int a = o.floats(s.operand(1));
        int b = o.floats(s.operand(2));
        int c = o.floats(s.operand(3));
        return (w, m) -> {
            float[] z = w.floats(d, m);
            float[] x = w.f[a];
            float[] y = w.f[b];
            float[] v = w.f[c];
            for (int t = 0; t < 32; t++) {
                z[t] = Math.fma(x[t], y[t], v[t]);
            }
            w.put(z, d, m);
        };
    }

    private static Op fmaDown(Operands o, Statement s) {
        int d = o.write(Type.Bank.FLOAT, s.operand(0));
        int a = o.floats(s.operand(1));
        int b = o.floats(s.operand(2));
        int c = o.floats(s.operand(3));
        return (w, m) -> {
            float[] z = w.floats(d, m);
            for (int t = 0; t < 32; t++) {
                z[t] = fmaDown(w.f[a][t], w.f[b][t], w.f[c][t]);
            }
            w.put(z, d, m);
        };
    }

    /** a · b + c rounded towards −∞: the product is exact as a double, the sum's error is known (Knuth's TwoSum). */
    static float fmaDown(float a, float b, float c) {
        double p = (double) a * b;
        double sum = p + c;
        double back = sum - p;
        double error = (p - (sum - back)) + (c - back);
        float f = (float) sum;
        return f > sum || f == sum && error < 0 ? Math.nextDown(f) : f;
    }

    private static Op doubles(Operands o, Statement s) {
        return switch (s.opcode()) {
            case "add.rn.f64", "add.f64" -> doubles(o, s, (a, b) -> a + b);
            case "sub.rn.f64", "sub.f64" -> doubles(o, s, (a, b) -> a - b);
            case "mul.rn.f64", "mul.f64" -> doubles(o, s, (a, b) -> a * b);
            case "div.rn.f64" -> doubles(o, s, (a, b) -> a / b);
            default -> null;
        };
    }

    private static Op doubles(Operands o, Statement s, DoubleBinaryOperator f) {
        int d = o.write(Type.Bank.LONG, s.operand(0));
        int a = o.longs(s.operand(1));
        int b = o.longs(s.operand(2));
        return (w, m) -> {
            long[] z = w.longs(d, m);
            for (int t = 0; t < 32; t++) {
                z[t] = Double.doubleToRawLongBits(
                        f.applyAsDouble(Double.longBitsToDouble(w.l[a][t]), Double.longBitsToDouble(w.l[b][t])));
            }
            w.put(z, d, m);
        };
    }
}
