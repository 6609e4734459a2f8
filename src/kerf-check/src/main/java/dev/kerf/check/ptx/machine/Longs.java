package dev.kerf.check.ptx.machine;

import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/** Integer arithmetic of 64 bits, and products that are wider than their factors. */
final class Longs {
    private static final long LOW = 0xFFFFFFFFL;

    private Longs() {}

    /** An instruction of this family; null if it is none. */
    static Op of(Operands o, Statement s) {
        Type type = s.type();
        if (type == null || !type.integer()) {
            return null;
        }
        String what = s.untyped();
        if (what.equals("mul.wide") || what.equals("mad.wide")) {
            return wide(o, s);
        }
        if (type.bank() != Type.Bank.LONG) {
            return null;
        }
        boolean unsigned = !type.signed();
        return switch (what) {
            case "add" -> add(o, s);
            case "sub" -> two(o, s, (a, b) -> a - b);
            case "mul.lo" -> multiply(o, s);
            case "and" -> two(o, s, (a, b) -> a & b);
            case "or" -> two(o, s, (a, b) -> a | b);
            case "xor" -> two(o, s, (a, b) -> a ^ b);
            case "div" -> two(o, s, unsigned
                    ? (a, b) -> b == 0 ? -1 : Long.divideUnsigned(a, b)
                    : (a, b) -> b == 0 ? -1 : a / b);
            case "rem" -> two(o, s, unsigned
                    ? (a, b) -> b == 0 ? a : Long.remainderUnsigned(a, b)
                    : (a, b) -> b == 0 ? a : a % b);
            case "min" -> two(o, s, unsigned ? (a, b) -> Long.compareUnsigned(a, b) < 0 ? a : b : Math::min);
            case "max" -> two(o, s, unsigned ? (a, b) -> Long.compareUnsigned(a, b) > 0 ? a : b : Math::max);
            case "shl" -> shiftLeft(o, s);
            case "shr" -> unsigned
                    ? shifted(o, s, (a, b) -> Long.compareUnsigned(b, 64) < 0 ? a >>> b : 0)
                    : shifted(o, s, (a, b) -> a >> (Long.compareUnsigned(b, 63) < 0 ? b : 63));
            case "neg" -> one(o, s, a -> -a);
            case "abs" -> one(o, s, Math::abs);
            case "not" -> one(o, s, a -> ~a);
            case "popc" -> bitCount(o, s);
            case "bfi" -> insert(o, s);
            default -> null;
        };
    }

    private static Op wide(Operands o, Statement s) {
        boolean signed = s.type().signed();
        int a = o.ints(s.operand(1));
        int b = o.ints(s.operand(2));
        if (s.type().bytes() == 2 && s.base().equals("mul")) {
            int d = o.write(Type.Bank.INT, s.operand(0));
            Type type = s.type();
            return (w, m) -> {
                int[] z = w.ints(d, m);
                for (int t = 0; t < 32; t++) {
                    z[t] = type.fit(w.i[a][t]) * type.fit(w.i[b][t]);
                }
                w.put(z, d, m);
            };
        }
        if (s.type().bytes() != 4) {
            return null;
        }
        boolean sum = s.base().equals("mad");
        int d = o.write(Type.Bank.LONG, s.operand(0));
        int c = sum ? o.longs(s.operand(3)) : 0;
        return (w, m) -> {
            long[] z = w.longs(d, m);
            int[] x = w.i[a];
            int[] y = w.i[b];
            long[] v = w.l[c];
            for (int t = 0; t < 32; t++) {
                long p = signed ? (long) x[t] * y[t] : (x[t] & LOW) * (y[t] & LOW);
                z[t] = sum ? p + v[t] : p;
            }
            w.put(z, d, m);
        };
    }

    private static Op one(Operands o, Statement s, LongUnaryOperator f) {
        int d = o.write(Type.Bank.LONG, s.operand(0));
        int a = o.longs(s.operand(1));
        return (w, m) -> {
            long[] z = w.longs(d, m);
            long[] x = w.l[a];
            for (int t = 0; t < 32; t++) {
                z[t] = f.applyAsLong(x[t]);
            }
            w.put(z, d, m);
        };
    }

    private static Op two(Operands o, Statement s, LongBinaryOperator f) {
        int d = o.write(Type.Bank.LONG, s.operand(0));
        int a = o.longs(s.operand(1));
        int b = o.longs(s.operand(2));
        return (w, m) -> {
            long[] z = w.longs(d, m);
            long[] x = w.l[a];
            long[] y = w.l[b];
            for (int t = 0; t < 32; t++) {
                z[t] = f.applyAsLong(x[t], y[t]);
            }
            w.put(z, d, m);
        };
    }

    // The frequent ones have loops of their own, which the compiler turns into vectors.

    private static Op add(Operands o, Statement s) {
        int d = o.write(Type.Bank.LONG, s.operand(0));
        int a = o.longs(s.operand(1));
        int b = o.longs(s.operand(2));
        return (w, m) -> {
            long[] z = w.longs(d, m);
            long[] x = w.l[a];
            long[] y = w.l[b];
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] + y[t];
            }
            w.put(z, d, m);
        };
    }

    private static Op multiply(Operands o, Statement s) {
        int d = o.write(Type.Bank.LONG, s.operand(0));
        int a = o.longs(s.operand(1));
        int b = o.longs(s.operand(2));
        return (w, m) -> {
            long[] z = w.longs(d, m);
            long[] x = w.l[a];
            long[] y = w.l[b];
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] * y[t];
            }
            w.put(z, d, m);
        };
    }

    /** The distance is an int. */
    private static Op shifted(Operands o, Statement s, LongBinaryOperator f) {
        int d = o.write(Type.Bank.LONG, s.operand(0));
        int a = o.longs(s.operand(1));
        int b = o.ints(s.operand(2));
        return (w, m) -> {
            long[] z = w.longs(d, m);
            long[] x = w.l[a];
            int[] y = w.i[b];
            for (int t = 0; t < 32; t++) {
                z[t] = f.applyAsLong(x[t], y[t] & LOW);
            }
            w.put(z, d, m);
        };
    }

    private static Op shiftLeft(Operands o, Statement s) {
        int d = o.write(Type.Bank.LONG, s.operand(0));
        int a = o.longs(s.operand(1));
        int b = o.ints(s.operand(2));
        return (w, m) -> {
            long[] z = w.longs(d, m);
            long[] x = w.l[a];
            int[] y = w.i[b];
            for (int t = 0; t < 32; t++) {
                z[t] = (y[t] & LOW) < 64 ? x[t] << y[t] : 0;
            }
            w.put(z, d, m);
        };
    }

    private static Op bitCount(Operands o, Statement s) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int a = o.longs(s.operand(1));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            for (int t = 0; t < 32; t++) {
                z[t] = Long.bitCount(w.l[a][t]);
            }
            w.put(z, d, m);
        };
    }

    /** {@code bfi.b64 d, a, b, position, length}: bits of a in place of some of b's. */
    private static Op insert(Operands o, Statement s) {
        int d = o.write(Type.Bank.LONG, s.operand(0));
        int a = o.longs(s.operand(1));
        int b = o.longs(s.operand(2));
        int at = o.ints(s.operand(3));
        int length = o.ints(s.operand(4));
        return (w, m) -> {
            long[] z = w.longs(d, m);
            for (int t = 0; t < 32; t++) {
                int from = w.i[at][t] & 0xFF;
                int n = w.i[length][t] & 0xFF;
                long mask = from >= 64 || n == 0 ? 0 : (n >= 64 ? -1L : (1L << n) - 1) << from;
                z[t] = w.l[b][t] & ~mask | (from >= 64 ? 0 : w.l[a][t] << from) & mask;
            }
            w.put(z, d, m);
        };
    }
}
