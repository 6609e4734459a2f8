package dev.kerf.check.ptx.machine;

import dev.kerf.error.BadFileException;
import java.util.List;

/** {@code cvt}: numbers from one type to another. */
final class Conversions {
    /** From one bank's number to another's. */
    private interface FloatToInt {
        int of(float a);
    }

    private interface IntToFloat {
        float of(int a);
    }

    private interface FloatToFloat {
        float of(float a);
    }

    private Conversions() {}

    static Op of(Operands o, Statement s) {
        Op op = s.parts().size() < 3 ? null : known(o, s);
        if (op == null) {
            throw new BadFileException(s + ": no such conversion is known");
        }
        return op;
    }

    private static Op known(Operands o, Statement s) {
        List<String> parts = s.parts();
        Type to = Type.of(parts.get(parts.size() - 2));
        Type from = s.type();
        String how = String.join(".", parts.subList(1, parts.size() - 2));
        if (to == null || from == null) {
            return null;
        }
        return to == Type.F16X2 || to == Type.BF16X2 ? pair(o, s, to) : convert(o, s, how, to, from);
    }

    private static Op convert(Operands o, Statement s, String how, Type to, Type from) {
        if (to.integer() && from.integer()) {
            return how.isEmpty() ? integers(o, s, to, from) : null;
        }
        if (from == Type.F32) {
            return switch (to) {
                case F32 -> floats(o, s, rounding(how));
                case F16 -> how.equals("rn") ? toInt(o, s, a -> Float.floatToFloat16(a) & 0xFFFF) : null;
                case BF16 -> how.equals("rn") ? toInt(o, s, Halves::bfloat16) : null;
                case TF32 -> how.equals("rna") ? toInt(o, s, Halves::tf32) : null;
                case S32 -> toInt(o, s, how, false);
                case U32 -> toInt(o, s, how, true);
                case S64 -> toLong(o, s, how, false);
                case U64 -> toLong(o, s, how, true);
                default -> null;
            };
        }
        if (to == Type.F32) {
            return switch (from) {
                case F16 -> how.isEmpty() ? fromHalf(o, s) : null;
                case BF16 -> how.isEmpty() ? toFloat(o, s, a -> Float.intBitsToFloat(a << 16)) : null;
                case S32 -> how.equals("rn") ? fromInt(o, s) : null;
                case U32 -> how.equals("rn") ? toFloat(o, s, a -> (float) (a & 0xFFFFFFFFL)) : null;
                case U16, U8, S16, S8 -> how.equals("rn") ? toFloat(o, s, a -> (float) from.fit(a)) : null;
                case S64 -> how.equals("rn") ? fromLong(o, s, false) : null;
                case F64 -> how.equals("rn") ? fromLong(o, s, true) : null;
                default -> null;
            };
        }
        return to == Type.F64 ? doubles(o, s, how, from) : null;
    }

    private static FloatToFloat rounding(String how) {
        return switch (how) {
            case "rni" -> a -> (float) Math.rint(a);
            case "rzi" -> a -> (float) (a < 0 ? Math.ceil(a) : Math.floor(a));
            case "rmi" -> a -> (float) Math.floor(a);
            case "rpi" -> a -> (float) Math.ceil(a);
            case "sat" -> a -> a > 0 ? Math.min(a, 1) : 0; // NaN becomes 0
            default -> null;
        };
    }

    private static Op integers(Operands o, Statement s, Type to, Type from) {
        boolean fromLong = from.bank() == Type.Bank.LONG;
        if (to.bank() == Type.Bank.LONG) {
            int d = o.write(Type.Bank.LONG, s.operand(0));
            if (fromLong) {
                return Moves.longs(d, o.longs(s.operand(1)));
            }
            int a = o.ints(s.operand(1));
            // The frequent one has a loop of its own, which the compiler turns into vectors.
            if (from == Type.S32) {
                return (w, m) -> {
                    long[] z = w.longs(d, m);
                    int[] x = w.i[a];
                    for (int t = 0; t < 32; t++) {
                        z[t] = x[t];
                    }
                    w.put(z, d, m);
                };
            }
            boolean signed = from.signed();
            return (w, m) -> {
                long[] z = w.longs(d, m);
                int[] x = w.i[a];
                for (int t = 0; t < 32; t++) {
                    z[t] = signed ? from.fit(x[t]) : from.fit(x[t]) & 0xFFFFFFFFL;
                }
                w.put(z, d, m);
            };
        }
        // A result that is narrower than its register is extended to it.
        boolean narrow = o.type(s.operand(0)).bytes() == 2;
        int d = o.write(Type.Bank.INT, s.operand(0));
        if (fromLong) {
            int a = o.longs(s.operand(1));
            return (w, m) -> {
                int[] z = w.ints(d, m);
                long[] x = w.l[a];
                for (int t = 0; t < 32; t++) {
                    z[t] = to.fit((int) x[t]);
                    z[t] = narrow ? z[t] & 0xFFFF : z[t];
                }
                w.put(z, d, m);
            };
        }
        int a = o.ints(s.operand(1));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            int[] x = w.i[a];
            for (int t = 0; t < 32; t++) {
                int v = to.fit(from.fit(x[t]));
                z[t] = narrow ? v & 0xFFFF : v;
            }
            w.put(z, d, m);
        };
    }

    private static Op floats(Operands o, Statement s, FloatToFloat f) {
        if (f == null) {
            return null;
        }
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

    private static Op toInt(Operands o, Statement s, FloatToInt f) {
        int d = o.write(Type.Bank.INT, s.operand(0));
        int a = o.floats(s.operand(1));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            float[] x = w.f[a];
            for (int t = 0; t < 32; t++) {
                z[t] = f.of(x[t]);
            }
            w.put(z, d, m);
        };
    }

    /** Beyond the range is its end; NaN is 0. */
    private static Op toInt(Operands o, Statement s, String how, boolean unsigned) {
        FloatToFloat round = rounding(how);
        if (round == null || how.equals("sat")) {
            return null;
        }
        return toInt(o, s, unsigned
                ? a -> (int) Math.max(0, Math.min((long) round.of(a), 0xFFFFFFFFL))
                : a -> (int) round.of(a));
    }

    /** Beyond the range is its end; NaN is the highest bit alone (PTX ISA 9.0, cvt). */
    private static Op toLong(Operands o, Statement s, String how, boolean unsigned) {
        FloatToFloat round = rounding(how);
        if (round == null || how.equals("sat")) {
            return null;
        }
        int d = o.write(Type.Bank.LONG, s.operand(0));
        int a = o.floats(s.operand(1));
        return (w, m) -> {
            long[] z = w.longs(d, m);
            for (int t = 0; t < 32; t++) {
                float v = round.of(w.f[a][t]);
                z[t] = v != v ? Long.MIN_VALUE : unsigned ? unsigned(v) : (long) v;
            }
            w.put(z, d, m);
        };
    }

    private static long unsigned(float v) {
        return v < 0x1p63f ? (long) Math.max(0, v) : v < 0x1p64f ? (long) (v - 0x1p63f) + Long.MIN_VALUE : -1;
    }

    private static Op toFloat(Operands o, Statement s, IntToFloat f) {
        int d = o.write(Type.Bank.FLOAT, s.operand(0));
        int a = o.ints(s.operand(1));
        return (w, m) -> {
            float[] z = w.floats(d, m);
            int[] x = w.i[a];
            for (int t = 0; t < 32; t++) {
                z[t] = f.of(x[t]);
            }
            w.put(z, d, m);
        };
    }

    // The frequent ones have loops of their own, which the compiler turns into vectors: from float16 and from int.

    private static Op fromHalf(Operands o, Statement s) {
        int d = o.write(Type.Bank.FLOAT, s.operand(0));
        int a = o.ints(s.operand(1));
        return (w, m) -> {
            float[] z = w.floats(d, m);
            int[] x = w.i[a];
            for (int t = 0; t < 32; t++) {
                z[t] = Float.float16ToFloat((short) x[t]);
            }
            w.put(z, d, m);
        };
    }

    private static Op fromInt(Operands o, Statement s) {
        int d = o.write(Type.Bank.FLOAT, s.operand(0));
        int a = o.ints(s.operand(1));
        return (w, m) -> {
            float[] z = w.floats(d, m);
            int[] x = w.i[a];
            for (int t = 0; t < 32; t++) {
                z[t] = x[t];
            }
            w.put(z, d, m);
        };
    }

    private static Op fromLong(Operands o, Statement s, boolean real) {
        int d = o.write(Type.Bank.FLOAT, s.operand(0));
        int a = o.longs(s.operand(1));
        return (w, m) -> {
            float[] z = w.floats(d, m);
            for (int t = 0; t < 32; t++) {
                z[t] = real ? (float) Double.longBitsToDouble(w.l[a][t]) : w.l[a][t];
            }
            w.put(z, d, m);
        };
    }

    private static Op doubles(Operands o, Statement s, String how, Type from) {
        int d = o.write(Type.Bank.LONG, s.operand(0));
        if (from == Type.S64 && how.equals("rn")) {
            int a = o.longs(s.operand(1));
            return (w, m) -> {
                long[] z = w.longs(d, m);
                for (int t = 0; t < 32; t++) {
                    z[t] = Double.doubleToRawLongBits(w.l[a][t]);
                }
                w.put(z, d, m);
            };
        }
        if (from == Type.F32 && how.isEmpty()) {
            int a = o.floats(s.operand(1));
            return (w, m) -> {
                long[] z = w.longs(d, m);
                for (int t = 0; t < 32; t++) {
                    z[t] = Double.doubleToRawLongBits(w.f[a][t]);
                }
                w.put(z, d, m);
            };
        }
        return null;
    }

    /** Two float32 in one register, the first in its upper half. */
    private static Op pair(Operands o, Statement s, Type to) {
        if (s.type() != Type.F32 || !s.parts().get(1).equals("rn") || s.parts().size() != 4) {
            return null;
        }
        boolean half = to == Type.F16X2;
        int d = o.write(Type.Bank.INT, s.operand(0));
        int hi = o.floats(s.operand(1));
        int lo = o.floats(s.operand(2));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            float[] x = w.f[hi];
            float[] y = w.f[lo];
            for (int t = 0; t < 32; t++) {
                z[t] = half
                        ? Float.floatToFloat16(x[t]) << 16 | Float.floatToFloat16(y[t]) & 0xFFFF
                        : Halves.bfloat16(x[t]) << 16 | Halves.bfloat16(y[t]);
            }
            w.put(z, d, m);
        };
    }
}
