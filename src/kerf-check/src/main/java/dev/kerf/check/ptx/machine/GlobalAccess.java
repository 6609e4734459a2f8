package dev.kerf.check.ptx.machine;

import dev.kerf.check.ptx.machine.DeviceMemory.Allocation;

/** {@code ld.global}, {@code st.global}, {@code atom.global}: each lane at an address of its own. */
final class GlobalAccess {
    private static final int WRITTEN = 0x01010101;

    private final Access access;
    private final int bytes;
    private final int index;

    private GlobalAccess(Access access, int index) {
        this.access = access;
        this.index = index;
        bytes = access.bytes();
    }

    static Op of(Operands o, Statement s, int index) {
        Access access = Access.of(o, s);
        if (access == null || access.address().bank() != null && access.address().bank() != Type.Bank.LONG) {
            return null;
        }
        GlobalAccess a = new GlobalAccess(access, index);
        return access.change() != null ? a::change : s.base().equals("ld") ? a::load : a::store;
    }

    private void load(Warp w, int lanes) {
        for (int rest = lanes; rest != 0; rest &= ~w.together) {
            Allocation a = locate(w, rest, access.address(), bytes, bytes);
            checkWritten(w, w.together, a, bytes);
            count(w);
            access.load(w, w.together, a.bytes);
        }
    }

    private void store(Warp w, int lanes) {
        for (int rest = lanes; rest != 0; rest &= ~w.together) {
            Allocation a = locate(w, rest, access.address(), bytes, bytes);
            countWritten(w);
            if (w.block.discarding) {
                continue;
            }
            access.store(w, w.together, a.bytes);
            if (w.block.strict) {
                written(w, w.together, a);
            }
        }
    }

    private void change(Warp w, int lanes) {
        for (int rest = lanes; rest != 0; rest &= ~w.together) {
            Allocation a = locate(w, rest, access.address(), bytes, bytes);
            checkWritten(w, w.together, a, bytes);
            countWritten(w);
            synchronized (a) {
                access.change(w, w.together, a.bytes);
            }
        }
    }

    /**
     * The allocation that lanes' addresses lie in, with their places in {@link Warp#at}; {@link Warp#together} says for which lanes,
     * where they lie in several. Lanes that don't take part get a place of one that does.
     */
    static Allocation locate(Warp w, int lanes, Operands.Address address, int bytes, int align) {
        int first = Integer.numberOfTrailingZeros(lanes);
        long[] base = address.bank() == null ? w.none : w.l[address.slot()];
        long plus = address.offset();
        long origin = base[first] + plus & 0xFFFFFFFF00000000L;
        Allocation a = w.block.memory.at(origin);
        if (a == null) {
            throw bad(Rule.OUTSIDE_MEMORY, bytes, base[first] + plus, first);
        }
        int[] at = w.at;
        long limit = a.size - bytes;
        long wrong = 0;
        long apart = 0;
        if (lanes == -1) {
            for (int t = 0; t < 32; t++) {
                long place = base[t] + plus - origin;
                at[t] = (int) place;
                wrong |= limit - place;
                apart |= place;
            }
        } else {
            long other = base[first] + plus - origin;
            for (int t = 0; t < 32; t++) {
                long place = (lanes >>> t & 1) != 0 ? base[t] + plus - origin : other;
                at[t] = (int) place;
                wrong |= limit - place;
                apart |= place;
            }
        }
        w.together = lanes;
        if ((apart & 0xFFFFFFFF00000000L) != 0) {
            return one(w, lanes, address, bytes, align, origin);
        }
        if (wrong < 0 || (apart & align - 1) != 0) {
            for (int t = 0; t < 32; t++) {
                if (at[t] < 0 || at[t] > limit) {
                    throw bad(Rule.OUTSIDE_MEMORY, bytes, base[t] + plus, t);
                }
                if ((at[t] & align - 1) != 0) {
                    throw bad(Rule.MISALIGNED, bytes, base[t] + plus, t);
                }
            }
        }
        return a;
    }

    /** Lanes whose addresses lie in the same allocation as the first one's. */
    private static Allocation one(Warp w, int lanes, Operands.Address address, int bytes, int align, long origin) {
        int same = 0;
        long[] base = w.l[address.slot()];
        for (int m = lanes; m != 0; m &= m - 1) {
            int t = Integer.numberOfTrailingZeros(m);
            if ((base[t] + address.offset() & 0xFFFFFFFF00000000L) == origin) {
                same |= 1 << t;
            }
        }
        return locate(w, same, address, bytes, align);
    }

    private static Fault bad(Rule rule, int bytes, long address, int lane) {
        return new Fault(rule, bytes + " bytes of global memory at 0x" + Long.toHexString(address) + " (byte "
                + (int) address + " of its allocation) in lane " + lane);
    }

    /** That all that lanes read was written, where that is asked for. */
    static void checkWritten(Warp w, int m, Allocation a, int bytes) {
        if (!w.block.strict) {
            return;
        }
        byte[] marks = a.written;
        int[] at = w.at;
        int missing = 0;
        switch (bytes) {
            case 1 -> {
                for (int t = 0; t < 32; t++) {
                    missing |= marks[at[t]] ^ 1;
                }
            }
            case 2 -> {
                for (int t = 0; t < 32; t++) {
                    missing |= (short) DeviceMemory.SHORT.get(marks, at[t]) ^ 0x0101;
                }
            }
            default -> {
                for (int k = 0; k + 3 < bytes; k += 4) {
                    for (int t = 0; t < 32; t++) {
                        missing |= (int) DeviceMemory.INT.get(marks, at[t] + k) ^ WRITTEN;
                    }
                }
                // A copy's last bytes.
                for (int k = bytes & ~3; k < bytes; k++) {
                    for (int t = 0; t < 32; t++) {
                        missing |= marks[at[t] + k] ^ 1;
                    }
                }
            }
        }
        if (missing != 0) {
            for (int t = 0; t < 32; t++) {
                for (int k = 0; k < bytes; k++) {
                    if (marks[at[t] + k] == 0 && (m >>> t & 1) != 0) {
                        throw bad(Rule.UNINITIALISED, bytes, a.address + at[t], t);
                    }
                }
            }
        }
    }

    private void written(Warp w, int lanes, Allocation a) {
        for (int m = lanes; m != 0; m &= m - 1) {
            int at = w.at[Integer.numberOfTrailingZeros(m)];
            switch (bytes) {
                case 1 -> a.written[at] = 1;
                case 2 -> DeviceMemory.SHORT.set(a.written, at, (short) WRITTEN);
                default -> {
                    for (int k = 0; k < bytes; k += 4) {
                        DeviceMemory.INT.set(a.written, at + k, WRITTEN);
                    }
                }
            }
        }
    }

    private void count(Warp w) {
        if (w.block.counting) {
            Traffic.global(w.block.counts, index, w.at, w.together, bytes);
        }
    }

    private void countWritten(Warp w) {
        if (w.block.counting) {
            Traffic.written(w.block.counts, index, w.at, w.together, bytes);
        }
    }
}
