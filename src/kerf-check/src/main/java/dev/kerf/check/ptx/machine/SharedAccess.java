package dev.kerf.check.ptx.machine;

/** {@code ld.shared}, {@code st.shared}, {@code atom.shared}. */
final class SharedAccess {
    private final Access access;
    private final int index;

    private SharedAccess(Access access, int index) {
        this.access = access;
        this.index = index;
    }

    static Op of(Operands o, Statement s, int index) {
        Access access = Access.of(o, s);
        if (access == null) {
            return null;
        }
        SharedAccess a = new SharedAccess(access, index);
        return access.change() != null ? a::change : s.base().equals("ld") ? a::load : a::store;
    }

    private void load(Warp w, int m) {
        SharedMemory shared = place(w, m);
        shared.read(w, m, w.at, access.bytes());
        access.load(w, m, shared.bytes);
    }

    private void store(Warp w, int m) {
        SharedMemory shared = place(w, m);
        shared.write(w, m, w.at, access.bytes());
        access.store(w, m, shared.bytes);
    }

    private void change(Warp w, int m) {
        SharedMemory shared = place(w, m);
        shared.atomic(w, m, w.at, access.bytes());
        access.change(w, m, shared.bytes);
    }

    private SharedMemory place(Warp w, int m) {
        locate(w, m, access.address(), access.bytes());
        if (w.block.counting) {
            Traffic.shared(w.block.counts, index, w.at, m, access.bytes());
        }
        return w.block.shared;
    }

    /** Puts the lanes' places into {@link Warp#at}; lanes that don't take part get one of those that do. */
    static void locate(Warp w, int lanes, Operands.Address address, int bytes) {
        int[] at = w.at;
        int plus = (int) address.offset();
        int limit = w.block.shared.size - bytes;
        int wrong = 0;
        int bits = 0;
        if (address.bank() == null) {
            for (int t = 0; t < 32; t++) {
                at[t] = plus;
            }
            wrong = plus | limit - plus;
            bits = plus;
        } else if (address.bank() == Type.Bank.INT) {
            int[] base = w.i[address.slot()];
            int other = base[Integer.numberOfTrailingZeros(lanes)];
            for (int t = 0; t < 32; t++) {
                int place = ((lanes >>> t & 1) != 0 ? base[t] : other) + plus;
                at[t] = place;
                wrong |= place | limit - place;
                bits |= place;
            }
        } else {
            long[] base = w.l[address.slot()];
            long other = base[Integer.numberOfTrailingZeros(lanes)];
            for (int t = 0; t < 32; t++) {
                long place = ((lanes >>> t & 1) != 0 ? base[t] : other) + plus;
                at[t] = (int) Math.max(-1, Math.min(place, Integer.MAX_VALUE));
                wrong |= at[t] | limit - at[t];
                bits |= at[t];
            }
        }
        if (wrong < 0 || (bits & bytes - 1) != 0) {
            for (int t = 0; t < 32; t++) {
                if (at[t] < 0 || at[t] > limit) {
                    throw bad(Rule.OUTSIDE_MEMORY, bytes, at[t], t);
                }
                if ((at[t] & bytes - 1) != 0) {
                    throw bad(Rule.MISALIGNED, bytes, at[t], t);
                }
            }
        }
    }

    static Fault bad(Rule rule, int bytes, int at, int lane) {
        return new Fault(rule, bytes + " bytes of shared memory at byte " + at + " in lane " + lane);
    }
}
