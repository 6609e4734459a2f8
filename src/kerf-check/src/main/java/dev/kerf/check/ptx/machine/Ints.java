package dev.kerf.check.ptx.machine;

import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;

/** Integer arithmetic of 32 and 16 bits, and logic of bits and predicates. */
final class Ints {
    private Ints() {}

    /** An instruction of this family; null if it is none. */
    static Op of(Operands o, Statement s) {
        Type type = s.type();
        if (type == Type.PRED) {
            return predicates(o, s);
        }
        if (type == null || !type.integer() || type.bank() != Type.Bank.INT || type.bytes() < 2) {
            return null;
        }
        boolean unsigned = !type.signed();
        return switch (s.untyped()) {
            case "add" -> type.bytes() == 4 ? add(o, s) : two(o, s, (a, b) -> a + b);
            case "sub" -> type.bytes() == 4 ? subtract(o, s) : two(o, s, (a, b) -> a - b);
            case "and" -> type.bytes() == 4 ? and(o, s) : two(o, s, (a, b) -> a & b);
            case "or" -> two(o, s, (a, b) -> a | b);
            case "xor" -> two(o, s, (a, b) -> a ^ b);
            case "mul.lo" -> type.bytes() == 4 ? multiply(o, s) : two(o, s, (a, b) -> a * b);
            case "mul.hi" -> type.bytes() == 4
                    ? two(o, s, unsigned
                            ? (a, b) -> (int) ((a & 0xFFFFFFFFL) * (b & 0xFFFFFFFFL) >>> 32)
                            : (a, b) -> (int) ((long) a * b >> 32))
                    : null;
            case "mad.lo" -> type.bytes() == 4 ? multiplyAdd(o, s) : null;
            case "div" -> two(o, s, unsigned
                    ? (a, b) -> b == 0 ? -1 : Integer.divideUnsigned(a, b)
                    : (a, b) -> b == 0 ? -1 : a / b);
            case "rem" -> two(o, s, unsigned
                    ? (a, b) -> b == 0 ? a : Integer.remainderUnsigned(a, b)
                    : (a, b) -> b == 0 ? a : a % b);
            case "min" -> two(o, s, unsigned ? (a, b) -> Integer.compareUnsigned(a, b) < 0 ? a : b : Math::min);
            case "max" -> two(o, s, unsigned ? (a, b) -> Integer.compareUnsigned(a, b) > 0 ? a : b : Math::max);
            case "shl" -> shiftLeft(o, s);
            case "shr" -> shiftRight(o, s);
            case "neg" -> one(o, s, a -> -a);
            case "abs" -> one(o, s, Math::abs);
            case "not" -> one(o, s, a -> ~a);
            case "popc" -> one(o, s, Integer::bitCount);
            case "clz" -> one(o, s, Integer::numberOfLeadingZeros);
            case "brev" -> one(o, s, Integer::reverse);
            case "prmt" -> permuteBytes(o, s);
            case "dp2a.lo.u32" -> type == Type.U32 ? dotLow(o, s) : null;
            case "lop3" -> lookUp(o, s);
            case "bfi" -> insert(o, s);
            default -> null;
        };
    }

    private static Op predicates(Operands o, Statement s) {
        int d = o.write(Type.Bank.PREDICATE, s.operand(0));
        int a = o.predicate(s.operand(1));
        if (s.opcode().equals("not.pred")) {
            return (w, m) -> w.predicate(d, ~w.p[a], m);
        }
        int b = o.predicate(s.operand(2));
        return switch (s.untyped()) {
            case "and" -> (w, m) -> w.predicate(d, w.p[a] & w.p[b], m);
            case "or" -> (w, m) -> w.predicate(d, w.p[a] | w.p[b], m);
            case "xor" -> (w, m) -> w.predicate(d, w.p[a] ^ w.p[b], m);
            default -> null;
        };
    }

    private static Op one(Operands o, Statement s, IntUnaryOperator f) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int a = o.ints(s.operand(1));
        Type type = s.type();
        return (w, m) -> {
            int[] z = w.ints(d, m);
            int[] x = w.i[a];
            for (int t = 0; t < 32; t++) {
                z[t] = result(f.applyAsInt(type.fit(x[t])), type);
            }
            w.put(z, d, m);
        };
    }

    private static Op two(Operands o, Statement s, IntBinaryOperator f) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int a = o.ints(s.operand(1));
        int b = o.ints(s.operand(2));
        Type type = s.type();
        if (type.bytes() == 4) {
            return (w, m) -> {
                int[] z = w.ints(d, m);
                int[] x = w.i[a];
                int[] y = w.i[b];
                for (int t = 0; t < 32; t++) {
                    z[t] = f.applyAsInt(x[t], y[t]);
                }
                w.put(z, d, m);
            };
        }
        return (w, m) -> {
            int[] z = w.ints(d, m);
            int[] x = w.i[a];
            int[] y = w.i[b];
            for (int t = 0; t < 32; t++) {
                z[t] = result(f.applyAsInt(type.fit(x[t]), type.fit(y[t])), type);
            }
            w.put(z, d, m);
        };
    }

    /** A register of 16 bits holds zeros above them. */
    private static int result(int v, Type type) {
        return type.bytes() == 2 ? v & 0xFFFF : v;
    }

    // The frequent ones have loops of their own, which the compiler turns into vectors.

    private static Op add(Operands o, Statement s) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int a = o.ints(s.operand(1));
        int b = o.ints(s.operand(2));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            int[] x = w.i[a];
            int[] y = w.i[b];
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] + y[t];
            }
            w.put(z, d, m);
        };
    }

    private static Op subtract(Operands o, Statement s) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int a = o.ints(s.operand(1));
        int b = o.ints(s.operand(2));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            int[] x = w.i[a];
            int[] y = w.i[b];
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] - y[t];
            }
            w.put(z, d, m);
        };
    }

    private static Op and(Operands o, Statement s) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int a = o.ints(s.operand(1));
        int b = o.ints(s.operand(2));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            int[] x = w.i[a];
            int[] y = w.i[b];
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] & y[t];
            }
            w.put(z, d, m);
        };
    }

    private static Op multiply(Operands o, Statement s) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int a = o.ints(s.operand(1));
        int b = o.ints(s.operand(2));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            int[] x = w.i[a];
            int[] y = w.i[b];
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] * y[t];
            }
            w.put(z, d, m);
        };
    }

    private static Op multiplyAdd(Operands o, Statement s) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int a = o.ints(s.operand(1));
        int b = o.ints(s.operand(2));
        int c = o.ints(s.operand(3));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            int[] x = w.i[a];
            int[] y = w.i[b];
            int[] v = w.i[c];
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] * y[t] + v[t];
            }
            w.put(z, d, m);
        };
    }

    /** Shifts by more than there are bits give what shifting one by one would. */
    private static Op shiftLeft(Operands o, Statement s) {
        int bits = s.type().bytes() * 8;
        return two(o, s, (a, b) -> Integer.compareUnsigned(b, bits) < 0 ? a << b : 0);
    }

    private static Op shiftRight(Operands o, Statement s) {
        return s.type().signed()
                ? two(o, s, (a, b) -> a >> (Integer.compareUnsigned(b, 31) < 0 ? b : 31))
                : two(o, s, (a, b) -> Integer.compareUnsigned(b, 32) < 0 ? a >>> b : 0);
    }

    private static Op permuteBytes(Operands o, Statement s) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int a = o.ints(s.operand(1));
        int b = o.ints(s.operand(2));
        int c = o.ints(s.operand(3));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            for (int t = 0; t < 32; t++) {
                z[t] = permuted((long) w.i[b][t] << 32 | w.i[a][t] & 0xFFFFFFFFL, w.i[c][t]);
            }
            w.put(z, d, m);
        };
    }

    /** The lowest bits of one number, as many as are told, in place of those of another from a position on. */
    private static Op insert(Operands o, Statement s) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int from = o.ints(s.operand(1));
        int into = o.ints(s.operand(2));
        int position = o.ints(s.operand(3));
        int length = o.ints(s.operand(4));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            for (int t = 0; t < 32; t++) {
                int at = w.i[position][t] & 0xFF;
                int bits = w.i[length][t] & 0xFF;
                int mask = at > 31 ? 0 : (int) ((1L << Math.min(bits, 32)) - 1) << at;
                z[t] = w.i[into][t] & ~mask | (at > 31 ? 0 : w.i[from][t] << at) & mask;
            }
            w.put(z, d, m);
        };
    }

    /** Four of eight bytes, each picked by four bits: three for which, one for its sign in all bits. */
    static int permuted(long bytes, int picks) {
        int out = 0;
        for (int k = 0; k < 4; k++) {
            int pick = picks >>> 4 * k;
            int v = (byte) (bytes >>> 8 * (pick & 7));
            out |= ((pick & 8) != 0 ? v >> 7 : v) << 8 * k & 0xFF << 8 * k;
        }
        return out;
    }

    private static Op dotLow(Operands o, Statement s) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int a = o.ints(s.operand(1));
        int b = o.ints(s.operand(2));
        int c = o.ints(s.operand(3));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            for (int t = 0; t < 32; t++) {
                int x = w.i[a][t];
                int y = w.i[b][t];
                z[t] = w.i[c][t] + (x & 0xFFFF) * (y & 0xFF) + (x >>> 16) * (y >>> 8 & 0xFF);
            }
            w.put(z, d, m);
        };
    }

    private static Op lookUp(Operands o, Statement s) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int a = o.ints(s.operand(1));
        int b = o.ints(s.operand(2));
        int c = o.ints(s.operand(3));
        int table = (int) Operands.number(s.operand(4));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            for (int t = 0; t < 32; t++) {
                int out = 0;
                for (int k = 0; k < 8; k++) {
                    if ((table >>> k & 1) != 0) {
                        out |= ((k & 4) != 0 ? w.i[a][t] : ~w.i[a][t]) & ((k & 2) != 0 ? w.i[b][t] : ~w.i[b][t])
                                & ((k & 1) != 0 ? w.i[c][t] : ~w.i[c][t]);
                    }
                }
                z[t] = out;
            }
            w.put(z, d, m);
        };
    }
}
