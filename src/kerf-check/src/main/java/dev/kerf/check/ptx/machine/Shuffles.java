package dev.kerf.check.ptx.machine;

/** What lanes of a warp do together: {@code shfl.sync}, {@code vote.sync}, {@code bar.warp.sync}. */
final class Shuffles {
    private Shuffles() {}

    /** An instruction of this family; null if it is none. */
    static Op of(Operands o, Statement s) {
        return switch (s.opcode()) {
            case "shfl.sync.up.b32", "shfl.sync.down.b32", "shfl.sync.bfly.b32", "shfl.sync.idx.b32" -> shuffle(o, s);
            case "vote.sync.ballot.b32", "vote.sync.any.pred", "vote.sync.all.pred", "vote.sync.uni.pred" -> vote(o, s);
            case "activemask.b32" -> {
                int d = o.write(Type.Bank.INT, s.operand(0));
                yield (w, m) -> fill(w, d, m, m);
            }
            case "bar.warp.sync" -> {
                int members = o.ints(s.operand(0));
                yield (w, m) -> together(w, m, w.i[members]);
            }
            default -> null;
        };
    }

    /** All that are named, and haven't returned, must be there. */
    private static void together(Warp w, int m, int[] members) {
        int wanted = members[Integer.numberOfTrailingZeros(m)] & w.live;
        if ((wanted & ~m) != 0) {
            throw new Fault(Rule.MISSING_LANES, "lanes " + Integer.toHexString(m) + " of " + Integer.toHexString(wanted)
                    + " are there");
        }
    }

    private static Op shuffle(Operands o, Statement s) {
        String how = s.parts().get(2);
        String[] to = s.operand(0).split("\\|");
        int d = o.write(Type.Bank.INT, to[0]);
        int p = to.length > 1 ? o.write(Type.Bank.PREDICATE, to[1]) : -1;
        int a = o.ints(s.operand(1));
        int b = o.ints(s.operand(2));
        int c = o.ints(s.operand(3));
        int members = o.ints(s.operand(4));
        return (w, m) -> {
            together(w, m, w.i[members]);
            int[] z = w.i[0];
            int inside = 0;
            for (int k = m; k != 0; k &= k - 1) {
                int t = Integer.numberOfTrailingZeros(k);
                int from = source(how, t, w.i[b][t], w.i[c][t]);
                if (from >= 0) {
                    inside |= 1 << t;
                } else {
                    from = t;
                }
                if ((m >>> from & 1) == 0) {
                    throw new Fault(Rule.MISSING_LANES, "lane " + t + " reads from lane " + from + ", which isn't there");
                }
                z[t] = w.i[a][from];
            }
            w.put(z, d, m);
            if (p >= 0) {
                w.predicate(p, inside, m);
            }
        };
    }

    /** Which lane a lane reads from, −1 if that is outside of its segment (PTX ISA, shfl.sync). */
    static int source(String how, int lane, int b, int c) {
        int segment = c >> 8 & 31;
        int highest = lane & segment | c & 31 & ~segment;
        int by = b & 31;
        int from = switch (how) {
            case "up" -> lane - by;
            case "down" -> lane + by;
            case "bfly" -> lane ^ by;
            default -> lane & segment | by & ~segment;
        };
        boolean inside = how.equals("up") ? from >= highest : from <= highest;
        return inside ? from : -1;
    }

    private static Op vote(Operands o, Statement s) {
        String how = s.parts().get(2);
        boolean negated = s.operand(1).startsWith("!");
        int a = o.predicate(negated ? s.operand(1).substring(1) : s.operand(1));
        int members = o.ints(s.operand(2));
        boolean ballot = how.equals("ballot");
        int d = o.write(ballot ? Type.Bank.INT : Type.Bank.PREDICATE, s.operand(0));
        return (w, m) -> {
            together(w, m, w.i[members]);
            int votes = m & (negated ? ~w.p[a] : w.p[a]);
            switch (how) {
                case "ballot" -> fill(w, d, votes, m);
                case "any" -> w.predicate(d, votes != 0 ? -1 : 0, m);
                case "all" -> w.predicate(d, votes == m ? -1 : 0, m);
                default -> w.predicate(d, votes == m || votes == 0 ? -1 : 0, m);
            }
        };
    }

    private static void fill(Warp w, int d, int value, int m) {
        int[] z = w.ints(d, m);
        java.util.Arrays.fill(z, value);
        w.put(z, d, m);
    }
}
