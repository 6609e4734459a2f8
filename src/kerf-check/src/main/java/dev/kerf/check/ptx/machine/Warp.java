package dev.kerf.check.ptx.machine;

import java.util.Arrays;

/**
 * 32 threads that run together: their registers, one array a register, and where they are. Lanes that part at a branch wait for each
 * other where their ways meet; until then each part runs by itself.
 */
final class Warp {
    final int id;
    final Block block;
    final int[][] i;
    final float[][] f;
    final long[][] l;
    final int[] p;
    /** For one access: where its lanes' places lie. */
    final int[] at = new int[32];
    /** Of lanes that reach for global memory, those that found the same allocation. */
    int together;
    /** Where asynchronous copies go. */
    final int[] targets = new int[32];
    /** The base of addresses without a register. */
    final long[] none = new long[32];
    final byte[] local;
    final byte[] localWritten;
    final AsyncCopies.Pending copies = new AsyncCopies.Pending();
    final GroupProducts.Pending products;
    /** Lanes that haven't returned. */
    int live;
    /** The instruction under way. */
    int now;
    /** The barrier that it waits at: its instruction; −1 if it doesn't wait. */
    int waiting;
    boolean done;
    /** Which memory it has read since the last barrier. */
    private int read;

    private final Program program;
    private int segment;
    private int lanes;
    private int meet;
    private int depth;
    private int[] segments = new int[64];
    private int[] masks = new int[64];
    private int[] meets = new int[64];

    Warp(Block block, Program program, int id) {
        this.block = block;
        this.program = program;
        this.id = id;
        i = new int[program.slots.count(Type.Bank.INT)][32];
        f = new float[program.slots.count(Type.Bank.FLOAT)][32];
        l = new long[program.slots.count(Type.Bank.LONG)][32];
        p = new int[program.slots.count(Type.Bank.PREDICATE)];
        products = new GroupProducts.Pending(f.length);
        local = new byte[program.localBytes * 32];
        localWritten = new byte[local.length];
        for (Operands.Constant c : program.constants) {
            switch (c.bank()) {
                case INT -> Arrays.fill(i[c.slot()], (int) c.bits());
                case FLOAT -> Arrays.fill(f[c.slot()], Float.intBitsToFloat((int) c.bits()));
                case LONG -> Arrays.fill(l[c.slot()], c.bits());
                case PREDICATE -> p[c.slot()] = c.bits() != 0 ? -1 : 0;
            }
        }
    }

    /** At the kernel's start, with so many threads. */
    void start(int threads) {
        live = threads >= 32 ? -1 : (1 << threads) - 1;
        lanes = live;
        segment = 0;
        meet = program.segments.length;
        depth = 0;
        waiting = -1;
        done = false;
        read = 0;
        Arrays.fill(localWritten, (byte) 0);
    }

    // Results: where all live lanes take part they go straight to the register, else by way of slot 0.

    int[] ints(int d, int m) {
        return m == live ? i[d] : i[0];
    }

    float[] floats(int d, int m) {
        return m == live ? f[d] : f[0];
    }

    long[] longs(int d, int m) {
        return m == live ? l[d] : l[0];
    }

    void put(int[] z, int d, int m) {
        int[] y = i[d];
        if (y != z) {
            for (int k = m; k != 0; k &= k - 1) {
                int t = Integer.numberOfTrailingZeros(k);
                y[t] = z[t];
            }
        }
    }

    void put(float[] z, int d, int m) {
        float[] y = f[d];
        if (y != z) {
            for (int k = m; k != 0; k &= k - 1) {
                int t = Integer.numberOfTrailingZeros(k);
                y[t] = z[t];
            }
        }
    }

    void put(long[] z, int d, int m) {
        long[] y = l[d];
        if (y != z) {
            for (int k = m; k != 0; k &= k - 1) {
                int t = Integer.numberOfTrailingZeros(k);
                y[t] = z[t];
            }
        }
    }

    void predicate(int d, int value, int m) {
        p[d] = p[d] & ~m | value & m;
    }

    /** Runs to the next barrier or to the end. */
    void run() {
        Op[] ops = program.ops;
        Flow.Segment[] all = program.segments;
        Counts counts = block.counts;
        waiting = -1;
        while (true) {
            while (segment == meet || lanes == 0) {
                if (depth == 0) {
                    done = true;
                    counts.round(read);
                    return;
                }
                pop();
            }
            Flow.Segment s = all[segment];
            counts.visit(segment, lanes);
            read |= program.reads[segment];
            boolean ends = s.end() != Flow.End.FALL;
            int to = ends ? s.to() - 1 : s.to();
            int m = lanes;
            for (int k = s.from(); k < to; k++) {
                now = k;
                ops[k].run(this, m);
            }
            if (!ends) {
                segment = s.next();
                continue;
            }
            now = to;
            int guard = program.guards[segment];
            int taken = guard < 0 ? m : m & (program.negated[segment] ? ~p[guard] : p[guard]);
            counts.guarded(to, m & ~taken);
            switch (s.end()) {
                case BRANCH -> branch(s, taken);
                case RETURN -> leave(s, taken);
                default -> {
                    if (guard >= 0 && taken == 0) {
                        segment = s.next();
                        continue;
                    }
                    if (taken != live) {
                        throw new Fault(Rule.DIVERGENT_BARRIER, "lanes " + Integer.toHexString(taken) + " of "
                                + Integer.toHexString(live) + " are there");
                    }
                    ops[to].run(this, taken);
                    segment = s.next();
                    if (waiting >= 0) {
                        counts.round(read);
                        read = 0;
                        return;
                    }
                }
            }
        }
    }

    private void branch(Flow.Segment s, int taken) {
        int rest = lanes & ~taken;
        if (rest == 0) {
            segment = s.target();
        } else if (taken == 0) {
            segment = s.next();
        } else {
            // Those that are to go on together wait where their ways meet; below them, each way that isn't there yet.
            push(s.meet(), lanes, meet);
            if (s.next() != s.meet()) {
                push(s.next(), rest, s.meet());
            }
            segment = s.target();
            lanes = taken;
            meet = s.meet();
        }
    }

    private void leave(Flow.Segment s, int gone) {
        live &= ~gone;
        for (int k = 0; k < depth; k++) {
            masks[k] &= ~gone;
        }
        lanes &= ~gone;
        segment = s.next();
    }

    private void push(int at, int mask, int until) {
        if (depth == segments.length) {
            segments = Arrays.copyOf(segments, depth * 2);
            masks = Arrays.copyOf(masks, depth * 2);
            meets = Arrays.copyOf(meets, depth * 2);
        }
        segments[depth] = at;
        masks[depth] = mask;
        meets[depth++] = until;
    }

    private void pop() {
        depth--;
        segment = segments[depth];
        lanes = masks[depth];
        meet = meets[depth];
    }
}
