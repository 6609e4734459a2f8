package dev.kerf.check.ptx.machine;

import java.util.Arrays;

/**
 * The memory that a block shares, and who has touched each grain of it since the last barrier. A grain is as large as the smallest access
 * of the kernel. What a barrier orders is told by epochs: each barrier begins one, and so does each block, so that nothing needs to be
 * cleared between them.
 */
final class SharedMemory {
    private static final int PENDING = -1;
    private static final int SEVERAL = 63; // more than a block has warps
    private static final int ATOMIC = 64;
    private static final int LAST_EPOCH = (1 << 23) - 1;

    final byte[] bytes;
    final int size;
    private final int shift;
    private final boolean checks;
    private final int[] wrote; // epoch << 8 | warp + 1, with ATOMIC if by atomic changes alone, then SEVERAL if of several warps
    private final int[] read; // likewise; SEVERAL if more than one warp
    private final boolean[] hidden; // written, but not yet to be seen by wgmma
    private int epoch = 1;
    private int begin = 1 << 8;

    /** {@code grain}: 1, 2 or 4 bytes; {@code proxies}: whether wgmma reads it. */
    SharedMemory(int size, int grain, boolean checks, boolean proxies) {
        this.size = size;
        this.checks = checks;
        bytes = new byte[size + 16];
        shift = Integer.numberOfTrailingZeros(grain);
        int n = checks ? (size >> shift) + 16 : 0;
        wrote = new int[n];
        read = new int[n];
        hidden = new boolean[proxies ? n : 0];
    }

    /** A warp's fence: wgmma may see what it has written. */
    void show(Warp w) {
        for (int i = 0; i < hidden.length; i++) {
            hidden[i] &= wrote[i] == PENDING || (wrote[i] & SEVERAL) != w.id + 1;
        }
    }

    /** Throws if wgmma doesn't see what lies at these places. */
    void seen(int[] at, int size) {
        for (int a : at) {
            for (int i = a >> shift; i < a + size >> shift && checks; i++) {
                if (hidden[i]) {
                    throw new Fault(Rule.UNFENCED, "shared memory at byte " + (i << shift) + " is read by a product");
                }
            }
        }
    }

    private void hide(int from, int to) {
        if (hidden.length > 0) {
            Arrays.fill(hidden, from, to, true);
        }
    }

    /** A block starts: nothing is written. */
    void begin() {
        barrier();
        begin = epoch << 8;
    }

    /** All warps have met. */
    void barrier() {
        if (++epoch == LAST_EPOCH) {
            // Marks of the block under way become those of the second epoch, all others none.
            int first = begin;
            for (int i = 0; i < wrote.length; i++) {
                wrote[i] = wrote[i] == PENDING || wrote[i] < first ? Math.min(wrote[i], 0) : 2 << 8;
            }
            Arrays.fill(read, 0);
            begin = 2 << 8;
            epoch = 3;
        }
    }

    private static boolean touched(int mark, int epoch) {
        return mark >>> 8 == epoch;
    }

    /** Lanes read so many bytes each. */
    void read(Warp w, int lanes, int[] at, int size) {
        if (!checks) {
            return;
        }
        int me = epoch << 8 | w.id + 1;
        int grains = Math.max(1, size >> shift);
        int last = -1;
        for (int m = lanes; m != 0; m &= m - 1) {
            int t = Integer.numberOfTrailingZeros(m);
            int a = at[t] >> shift;
            if (a == last) {
                continue;
            }
            last = a;
            for (int i = a; i < a + grains; i++) {
                int o = wrote[i];
                if (o < begin || foreign(o, me, false)) {
                    throw bad(o, "read", i << shift, t);
                }
                int q = read[i];
                if (q != me) {
                    read[i] = touched(q, epoch) ? epoch << 8 | SEVERAL : me;
                }
            }
        }
    }

    /** Lanes write so many bytes each. */
    void write(Warp w, int lanes, int[] at, int size) {
        change(w, lanes, at, size, false);
    }

    /** Lanes change a number each, as if no other could meanwhile. */
    void atomic(Warp w, int lanes, int[] at, int size) {
        change(w, lanes, at, size, true);
    }

    private void change(Warp w, int lanes, int[] at, int size, boolean atomic) {
        if (!checks) {
            return;
        }
        int mine = epoch << 8 | w.id + 1;
        int grains = Math.max(1, size >> shift);
        for (int m = lanes; m != 0; m &= m - 1) {
            int t = Integer.numberOfTrailingZeros(m);
            int a = at[t] >> shift;
            for (int i = a; i < a + grains; i++) {
                int o = wrote[i];
                int q = read[i];
                if (atomic && o < begin) {
                    throw bad(o, "atomically changed", i << shift, t);
                }
                if (o == PENDING || foreign(o, mine, atomic) || touched(q, epoch) && q != mine) {
                    throw bad(o == PENDING ? o : epoch << 8, "written", i << shift, t);
                }
                wrote[i] = atomic ? changed(o, mine) : mine;
            }
            hide(a, a + grains);
        }
    }

    /** Whether another warp has written here since the barrier; atomic changes don't disturb each other. */
    private boolean foreign(int mark, int mine, boolean atomic) {
        return touched(mark, epoch) && mark != mine && (atomic ? (mark & ATOMIC) == 0 : mark != (mine | ATOMIC));
    }

    /** What becomes of a mark by an atomic change: a plain write of the same warp stays one, which no other may follow. */
    private int changed(int mark, int mine) {
        int own = mine | ATOMIC;
        return !touched(mark, epoch) || mark == own ? own : mark == mine ? mine : epoch << 8 | ATOMIC | SEVERAL;
    }

    /** A copy that is under way writes here. */
    void pending(Warp w, int lane, int at, int size) {
        if (!checks) {
            return;
        }
        int mine = epoch << 8 | w.id + 1;
        for (int i = at >> shift; i < at + size >> shift; i++) {
            int o = wrote[i];
            int q = read[i];
            if (o == PENDING || foreign(o, mine, false) || touched(q, epoch) && q != mine) {
                throw bad(o == PENDING ? o : epoch << 8, "the target of a copy", i << shift, lane);
            }
            wrote[i] = PENDING;
        }
    }

    /** A copy has ended. */
    void arrived(Warp w, int at, int size) {
        if (checks) {
            Arrays.fill(wrote, at >> shift, at + size >> shift, epoch << 8 | w.id + 1);
            hide(at >> shift, at + size >> shift);
        }
    }

    /** A copy will never be awaited. */
    void forget(int at, int size) {
        if (checks) {
            Arrays.fill(wrote, at >> shift, at + size >> shift, 0);
        }
    }

    private Fault bad(int mark, String what, int address, int lane) {
        Rule rule = mark == PENDING ? Rule.PENDING_COPY : mark < begin ? Rule.UNINITIALISED : Rule.RACE;
        return new Fault(rule, "shared memory at byte " + address + " is " + what + " by lane " + lane);
    }
}
