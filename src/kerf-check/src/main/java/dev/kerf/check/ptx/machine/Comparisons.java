package dev.kerf.check.ptx.machine;

import dev.kerf.error.BadFileException;
import java.util.Set;

/** {@code setp}: comparisons, whose results are predicates. All are made of less, less or equal, and equal. */
final class Comparisons {
    private static final Set<String> JOINS = Set.of("and", "or", "xor");

    /** A comparison of all lanes, one bit each. */
    private interface Test {
        int of(Warp w);
    }

    private Comparisons() {}

    static Op of(Operands o, Statement s) {
        Test test = test(o, s);
        if (test == null) {
            throw new BadFileException(s + ": no such comparison is known");
        }
        String[] to = s.operand(0).split("\\|");
        int d = o.write(Type.Bank.PREDICATE, to[0]);
        if (s.operands().size() == 3 && to.length == 1) {
            return (w, m) -> w.predicate(d, test.of(w), m);
        }
        int e = to.length > 1 ? o.write(Type.Bank.PREDICATE, to[1]) : 0;
        boolean joined = s.operands().size() > 3;
        String other = joined ? s.operand(3) : "";
        boolean negated = other.startsWith("!");
        int c = joined ? o.predicate(negated ? other.substring(1) : other) : 0;
        String join = joined ? s.parts().get(2) : "";
        return (w, m) -> {
            int r = test.of(w);
            int q = negated ? ~w.p[c] : w.p[c];
            w.predicate(d, joined(join, r, q), m);
            w.predicate(e, joined(join, ~r, q), m);
        };
    }

    /** Null for what isn't known: {@code .ftz} too, which would take subnormal numbers for 0. */
    private static Test test(Operands o, Statement s) {
        Type type = s.type();
        boolean joined = s.parts().size() == 4 && JOINS.contains(s.parts().get(2));
        if (type == null || s.parts().size() != (joined ? 4 : 3) || s.operands().size() != (joined ? 4 : 3)
                || type != Type.F32 && (!type.integer() || type.bytes() < 2)) {
            return null;
        }
        String how = s.parts().get(1);
        return switch (type.bank()) {
            case FLOAT -> floats(how, o.floats(s.operand(1)), o.floats(s.operand(2)));
            case LONG -> longs(how, !signed(how, type), o.longs(s.operand(1)), o.longs(s.operand(2)));
            case INT -> ints(how, type, o.ints(s.operand(1)), o.ints(s.operand(2)));
            case PREDICATE -> null;
        };
    }

    private static int joined(String how, int a, int b) {
        return switch (how) {
            case "and" -> a & b;
            case "or" -> a | b;
            case "xor" -> a ^ b;
            default -> a;
        };
    }

    private static boolean signed(String how, Type type) {
        return type.signed() && !how.equals("lo") && !how.equals("ls") && !how.equals("hi") && !how.equals("hs");
    }

    private static Test ints(String how, Type type, int a, int b) {
        // Unsigned numbers compare as signed ones with the highest bit turned.
        int turn = signed(how, type) ? 0 : Integer.MIN_VALUE;
        boolean narrow = type.bytes() < 4;
        return switch (how) {
            case "eq" -> narrow ? w -> equal(w.i[a], w.i[b], type) : w -> equal(w.i[a], w.i[b]);
            case "ne" -> narrow ? w -> ~equal(w.i[a], w.i[b], type) : w -> ~equal(w.i[a], w.i[b]);
            case "lt", "lo" -> narrow ? w -> less(w.i[a], w.i[b], type) : w -> less(w.i[a], w.i[b], turn);
            case "gt", "hi" -> narrow ? w -> less(w.i[b], w.i[a], type) : w -> less(w.i[b], w.i[a], turn);
            case "ge", "hs" -> narrow ? w -> ~less(w.i[a], w.i[b], type) : w -> ~less(w.i[a], w.i[b], turn);
            case "le", "ls" -> narrow ? w -> ~less(w.i[b], w.i[a], type) : w -> ~less(w.i[b], w.i[a], turn);
            default -> null;
        };
    }

    private static int less(int[] x, int[] y, int turn) {
        int r = 0;
        for (int t = 0; t < 32; t++) {
            r |= ((x[t] ^ turn) < (y[t] ^ turn) ? 1 : 0) << t;
        }
        return r;
    }

    private static int equal(int[] x, int[] y) {
        int r = 0;
        for (int t = 0; t < 32; t++) {
            r |= (x[t] == y[t] ? 1 : 0) << t;
        }
        return r;
    }

    private static int less(int[] x, int[] y, Type type) {
        int r = 0;
        for (int t = 0; t < 32; t++) {
            r |= (type.fit(x[t]) < type.fit(y[t]) ? 1 : 0) << t;
        }
        return r;
    }

    private static int equal(int[] x, int[] y, Type type) {
        int r = 0;
        for (int t = 0; t < 32; t++) {
            r |= (type.fit(x[t]) == type.fit(y[t]) ? 1 : 0) << t;
        }
        return r;
    }

    private static Test longs(String how, boolean unsigned, int a, int b) {
        long turn = unsigned ? Long.MIN_VALUE : 0;
        return switch (how) {
            case "eq" -> w -> equal(w.l[a], w.l[b]);
            case "ne" -> w -> ~equal(w.l[a], w.l[b]);
            case "lt", "lo" -> w -> less(w.l[a], w.l[b], turn);
            case "gt", "hi" -> w -> less(w.l[b], w.l[a], turn);
            case "ge", "hs" -> w -> ~less(w.l[a], w.l[b], turn);
            case "le", "ls" -> w -> ~less(w.l[b], w.l[a], turn);
            default -> null;
        };
    }

    private static int less(long[] x, long[] y, long turn) {
        int r = 0;
        for (int t = 0; t < 32; t++) {
            r |= ((x[t] ^ turn) < (y[t] ^ turn) ? 1 : 0) << t;
        }
        return r;
    }

    private static int equal(long[] x, long[] y) {
        int r = 0;
        for (int t = 0; t < 32; t++) {
            r |= (x[t] == y[t] ? 1 : 0) << t;
        }
        return r;
    }

    /** With a {@code u} behind it, a comparison holds where one of the numbers is none. */
    private static Test floats(String how, int a, int b) {
        return switch (how) {
            case "eq" -> w -> equal(w.f[a], w.f[b]);
            case "ne" -> w -> less(w.f[a], w.f[b]) | less(w.f[b], w.f[a]);
            case "lt" -> w -> less(w.f[a], w.f[b]);
            case "gt" -> w -> less(w.f[b], w.f[a]);
            case "le" -> w -> lessOrEqual(w.f[a], w.f[b]);
            case "ge" -> w -> lessOrEqual(w.f[b], w.f[a]);
            case "equ" -> w -> ~(less(w.f[a], w.f[b]) | less(w.f[b], w.f[a]));
            case "neu" -> w -> ~equal(w.f[a], w.f[b]);
            case "ltu" -> w -> ~lessOrEqual(w.f[b], w.f[a]);
            case "gtu" -> w -> ~lessOrEqual(w.f[a], w.f[b]);
            case "leu" -> w -> ~less(w.f[b], w.f[a]);
            case "geu" -> w -> ~less(w.f[a], w.f[b]);
            case "num" -> w -> equal(w.f[a], w.f[a]) & equal(w.f[b], w.f[b]);
            case "nan" -> w -> ~(equal(w.f[a], w.f[a]) & equal(w.f[b], w.f[b]));
            default -> null;
        };
    }

    private static int less(float[] x, float[] y) {
        int r = 0;
        for (int t = 0; t < 32; t++) {
            r |= (x[t] < y[t] ? 1 : 0) << t;
        }
        return r;
    }

    private static int lessOrEqual(float[] x, float[] y) {
        int r = 0;
        for (int t = 0; t < 32; t++) {
            r |= (x[t] <= y[t] ? 1 : 0) << t;
        }
        return r;
    }

    private static int equal(float[] x, float[] y) {
        int r = 0;
        for (int t = 0; t < 32; t++) {
            r |= (x[t] == y[t] ? 1 : 0) << t;
        }
        return r;
    }
}
