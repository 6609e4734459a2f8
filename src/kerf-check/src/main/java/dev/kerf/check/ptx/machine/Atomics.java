package dev.kerf.check.ptx.machine;

/** {@code atom} and {@code red}: a lane after the other changes a number in memory and gets what was there. */
final class Atomics {
    /** What becomes of a number: of {@code was}, the operand and, for an exchange on condition, what replaces it. */
    interface Change {
        long of(long was, long operand, long swap);
    }

    private Atomics() {}

    /** Null for what isn't known. */
    static Change change(Statement s) {
        Type type = s.type();
        String how = s.parts().get(s.parts().size() - 2);
        if (!type.integer() || type.bytes() < 4) {
            return null;
        }
        boolean signed = type.signed();
        return switch (how) {
            case "add" -> (was, a, b) -> was + a;
            case "and" -> (was, a, b) -> was & a;
            case "or" -> (was, a, b) -> was | a;
            case "xor" -> (was, a, b) -> was ^ a;
            case "exch" -> (was, a, b) -> a;
            case "cas" -> (was, a, b) -> was == a ? b : was;
            case "min" -> signed ? (was, a, b) -> Math.min(was, a) : (was, a, b) -> Long.compareUnsigned(was, a) < 0 ? was : a;
            case "max" -> signed ? (was, a, b) -> Math.max(was, a) : (was, a, b) -> Long.compareUnsigned(was, a) > 0 ? was : a;
            default -> null;
        };
    }

    /** Does it for the places in {@link Warp#at}. */
    static void apply(Warp w, int lanes, Change change, int bytes, byte[] memory, Transfer.Cell[] result, Transfer.Cell operand,
            Transfer.Cell swap) {
        for (int m = lanes; m != 0; m &= m - 1) {
            int t = Integer.numberOfTrailingZeros(m);
            int at = w.at[t];
            boolean signed = operand.type().signed();
            long was = bytes == 8
                    ? (long) DeviceMemory.LONG.get(memory, at)
                    : wide((int) DeviceMemory.INT.get(memory, at), signed);
            long made = change.of(was, value(w, operand, t, signed), swap == null ? 0 : value(w, swap, t, signed));
            if (bytes == 8) {
                DeviceMemory.LONG.set(memory, at, made);
            } else {
                DeviceMemory.INT.set(memory, at, (int) made);
            }
            if (result.length > 0) {
                if (bytes == 8) {
                    w.l[result[0].slot()][t] = was;
                } else {
                    w.i[result[0].slot()][t] = (int) was;
                }
            }
        }
    }

    private static long wide(int v, boolean signed) {
        return signed ? v : v & 0xFFFFFFFFL;
    }

    private static long value(Warp w, Transfer.Cell c, int t, boolean signed) {
        return c.bank() == Type.Bank.LONG ? w.l[c.slot()][t] : wide(w.i[c.slot()][t], signed);
    }
}
