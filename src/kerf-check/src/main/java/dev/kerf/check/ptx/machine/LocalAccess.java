package dev.kerf.check.ptx.machine;

import java.util.Arrays;

/** {@code ld.param}, and {@code ld.local} and {@code st.local}: each lane's own memory. */
final class LocalAccess {
    private LocalAccess() {}

    /** An instruction of this family; null if it is none. */
    static Op of(Operands o, Statement s) {
        boolean load = s.base().equals("ld");
        if (s.has("param") && load) {
            return parameter(o, s);
        }
        if (!s.has("local") || !load && !s.base().equals("st")) {
            return null;
        }
        Access access = Access.of(o, s);
        if (access == null) {
            return null;
        }
        int bytes = access.bytes();
        return load
                ? (w, m) -> {
                    locate(w, m, access.address(), bytes);
                    if (w.block.checks) {
                        checkWritten(w, m, bytes);
                    }
                    access.load(w, m, w.local);
                }
                : (w, m) -> {
                    locate(w, m, access.address(), bytes);
                    access.store(w, m, w.local);
                    for (int k = m; k != 0; k &= k - 1) {
                        int at = w.at[Integer.numberOfTrailingZeros(k)];
                        Arrays.fill(w.localWritten, at, at + bytes, (byte) 1);
                    }
                };
    }

    private static void locate(Warp w, int lanes, Operands.Address address, int bytes) {
        int each = w.local.length / 32;
        for (int t = 0; t < 32; t++) {
            int lane = (lanes >>> t & 1) != 0 ? t : Integer.numberOfTrailingZeros(lanes);
            long place = address.offset() + (address.bank() == null
                    ? 0
                    : address.bank() == Type.Bank.LONG ? w.l[address.slot()][lane] : w.i[address.slot()][lane]);
            if (place < 0 || place > each - bytes || place % bytes != 0) {
                throw new Fault(place < 0 || place > each - bytes ? Rule.OUTSIDE_MEMORY : Rule.MISALIGNED,
                        bytes + " bytes of local memory at byte " + place + " in lane " + lane);
            }
            w.at[t] = lane * each + (int) place;
        }
    }

    private static void checkWritten(Warp w, int lanes, int bytes) {
        for (int m = lanes; m != 0; m &= m - 1) {
            int t = Integer.numberOfTrailingZeros(m);
            for (int k = 0; k < bytes; k++) {
                if (w.localWritten[w.at[t] + k] == 0) {
                    throw new Fault(Rule.UNINITIALISED, bytes + " bytes of local memory at byte "
                            + w.at[t] % (w.local.length / 32) + " in lane " + t);
                }
            }
        }
    }

    /** An argument: the same for all lanes. */
    private static Op parameter(Operands o, Statement s) {
        Access access = Access.of(o, s);
        if (access == null || access.address().bank() != null) {
            return null;
        }
        int at = (int) access.address().offset();
        return (w, m) -> {
            Arrays.fill(w.at, at);
            access.load(w, m, w.block.parameters);
        };
    }
}
