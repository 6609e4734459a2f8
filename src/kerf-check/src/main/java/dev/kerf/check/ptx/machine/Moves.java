package dev.kerf.check.ptx.machine;

import dev.kerf.error.BadFileException;
import java.util.List;

/** {@code mov}, {@code selp}, {@code cvta}: numbers from one place to another. */
final class Moves {
    private Moves() {}

    /** An instruction of this family; null if it is none. */
    static Op of(Operands o, Statement s) {
        if (s.type() == null) {
            return null;
        }
        return switch (s.untyped()) {
            case "mov" -> move(o, s);
            // All address spaces are told apart by the instruction, so that an address is the same in each.
            case "cvta.global", "cvta.shared", "cvta.local", "cvta.to.global", "cvta.to.shared", "cvta.to.local" ->
                longs(o.write(Type.Bank.LONG, s.operand(0)), o.longs(s.operand(1)));
            case "selp" -> select(o, s);
            default -> null;
        };
    }

    private static Op move(Operands o, Statement s) {
        String to = s.operand(0);
        String from = s.operand(1);
        if (s.type() == Type.PRED) {
            int d = o.write(Type.Bank.PREDICATE, to);
            if (!o.register(from)) {
                boolean on = Operands.number(from) != 0;
                return (w, m) -> w.predicate(d, on ? -1 : 0, m);
            }
            int a = o.predicate(from);
            return (w, m) -> w.predicate(d, w.p[a], m);
        }
        if (to.startsWith("{")) {
            return apart(o, s);
        }
        if (from.startsWith("{")) {
            return together(o, s);
        }
        Type.Bank bank = o.register(to) ? o.type(to).bank() : s.type().bank();
        int d = o.write(bank, to);
        int a = o.read(bank, from);
        return switch (bank) {
            case INT -> ints(d, a);
            case FLOAT -> floats(d, a);
            case LONG -> longs(d, a);
            case PREDICATE -> throw new BadFileException(s + " mixes predicates and numbers");
        };
    }

    /** {@code mov.b64 {lo, hi}, x} and {@code mov.b32 {lo, hi}, x}. */
    private static Op apart(Operands o, Statement s) {
        List<String> to = Statement.elements(s.operand(0));
        if (to.size() != 2 || s.type().bytes() == 2) {
            throw new BadFileException(s + " isn't understood");
        }
        int lo = o.write(Type.Bank.INT, to.get(0));
        int hi = o.write(Type.Bank.INT, to.get(1));
        if (s.type().bytes() == 8) {
            int a = o.longs(s.operand(1));
            return (w, m) -> {
                long[] x = w.l[a];
                int[] z = w.ints(lo, m);
                for (int t = 0; t < 32; t++) {
                    z[t] = (int) x[t];
                }
                w.put(z, lo, m);
                z = w.ints(hi, m);
                for (int t = 0; t < 32; t++) {
                    z[t] = (int) (x[t] >>> 32);
                }
                w.put(z, hi, m);
            };
        }
        int a = o.ints(s.operand(1));
        return (w, m) -> {
            int[] x = w.i[a];
            int[] z = w.ints(lo, m);
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] & 0xFFFF;
            }
            w.put(z, lo, m);
            z = w.ints(hi, m);
            for (int t = 0; t < 32; t++) {
                z[t] = x[t] >>> 16;
            }
            w.put(z, hi, m);
        };
    }

    /** {@code mov.b64 x, {lo, hi}} and {@code mov.b32 x, {lo, hi}}. */
    private static Op together(Operands o, Statement s) {
        List<String> from = Statement.elements(s.operand(1));
        if (from.size() != 2 || s.type().bytes() == 2) {
            throw new BadFileException(s + " isn't understood");
        }
        int lo = o.ints(from.get(0));
        int hi = o.ints(from.get(1));
        if (s.type().bytes() == 8) {
            int d = o.write(Type.Bank.LONG, s.operand(0));
            return (w, m) -> {
                long[] z = w.longs(d, m);
                int[] x = w.i[lo];
                int[] y = w.i[hi];
                for (int t = 0; t < 32; t++) {
                    z[t] = (long) y[t] << 32 | x[t] & 0xFFFFFFFFL;
                }
                w.put(z, d, m);
            };
        }
        int d = o.write(Type.Bank.INT, s.operand(0));
        return (w, m) -> {
            int[] z = w.ints(d, m);
            int[] x = w.i[lo];
            int[] y = w.i[hi];
            for (int t = 0; t < 32; t++) {
                z[t] = y[t] << 16 | x[t] & 0xFFFF;
            }
            w.put(z, d, m);
        };
    }

    static Op ints(int d, int a) {
        return (w, m) -> {
            int[] z = w.ints(d, m);
            System.arraycopy(w.i[a], 0, z, 0, 32);
            w.put(z, d, m);
        };
    }

    static Op floats(int d, int a) {
        return (w, m) -> {
            float[] z = w.floats(d, m);
            System.arraycopy(w.f[a], 0, z, 0, 32);
            w.put(z, d, m);
        };
    }

    static Op longs(int d, int a) {
        return (w, m) -> {
            long[] z = w.longs(d, m);
            System.arraycopy(w.l[a], 0, z, 0, 32);
            w.put(z, d, m);
        };
    }

    static Op toFloat(int d, int a) {
        return (w, m) -> {
            float[] z = w.floats(d, m);
            int[] x = w.i[a];
            for (int t = 0; t < 32; t++) {
                z[t] = Float.intBitsToFloat(x[t]);
            }
            w.put(z, d, m);
        };
    }

    static Op toInt(int d, int a) {
        return (w, m) -> {
            int[] z = w.ints(d, m);
            float[] x = w.f[a];
            for (int t = 0; t < 32; t++) {
                z[t] = Float.floatToRawIntBits(x[t]);
            }
            w.put(z, d, m);
        };
    }

    private static Op select(Operands o, Statement s) {
        Type.Bank bank = s.type().bank();
        int d = o.write(bank, s.operand(0));
        int a = o.read(bank, s.operand(1));
        int b = o.read(bank, s.operand(2));
        int p = o.predicate(s.operand(3));
        return switch (bank) {
            case INT -> (w, m) -> {
                int[] z = w.ints(d, m);
                int[] x = w.i[a];
                int[] y = w.i[b];
                int q = w.p[p];
                for (int t = 0; t < 32; t++) {
                    z[t] = (q >>> t & 1) != 0 ? x[t] : y[t];
                }
                w.put(z, d, m);
            };
            case FLOAT -> (w, m) -> {
                float[] z = w.floats(d, m);
                float[] x = w.f[a];
                float[] y = w.f[b];
                int q = w.p[p];
                for (int t = 0; t < 32; t++) {
                    z[t] = (q >>> t & 1) != 0 ? x[t] : y[t];
                }
                w.put(z, d, m);
            };
            case LONG -> (w, m) -> {
                long[] z = w.longs(d, m);
                long[] x = w.l[a];
                long[] y = w.l[b];
                int q = w.p[p];
                for (int t = 0; t < 32; t++) {
                    z[t] = (q >>> t & 1) != 0 ? x[t] : y[t];
                }
                w.put(z, d, m);
            };
            case PREDICATE -> throw new BadFileException(s + " selects predicates");
        };
    }
}
