package dev.kerf.check.ptx.machine;

import java.util.Arrays;

/** What one worker has seen of a launch: how often each segment was run, and what accesses cost. */
public final class Counts {
    static final int GLOBAL = 1;
    static final int SHARED = 2;

    public final long[] visits;
    public final long[] lanes;
    /** By instruction: 32-byte sectors that its requests touched, bytes that they asked for, wavefronts, the least of these. */
    public final long[] sectors;
    public final long[] bytes;
    public final long[] waves;
    public final long[] leastWaves;
    /** By instruction: lanes that were there but didn't take part, for its guard. */
    public final long[] idle;
    /** Stretches of warps from barrier to barrier in which they read global memory, and shared memory. */
    public long globalRounds;
    public long sharedRounds;
    /** Groups of asynchronous copies of warps, and how many of these are under way at once, at most. */
    public long copyRounds;
    public int ahead;
    /** Sectors that requests write in part, so that what is in them must be read. */
    public long partial;
    /** Room for one request: its sectors, how much of each it takes, and what it wants of each bank. */
    final int[] seen = new int[64];
    final int[] filled = new int[64];
    final int[] units = new int[32];

    Counts(Program program) {
        visits = new long[program.segments.length];
        lanes = new long[program.segments.length];
        sectors = new long[program.ops.length];
        bytes = new long[program.ops.length];
        waves = new long[program.ops.length];
        leastWaves = new long[program.ops.length];
        idle = new long[program.ops.length];
    }

    void visit(int segment, int mask) {
        visits[segment]++;
        lanes[segment] += Integer.bitCount(mask);
    }

    /** A warp has come to a barrier or its end, and has read such memory since the last one. */
    void round(int read) {
        globalRounds += read & GLOBAL;
        sharedRounds += read >> 1;
    }

    /** A warp has begun a group of copies, and so many are under way. */
    void copies(int underWay) {
        copyRounds++;
        ahead = Math.max(ahead, underWay);
    }

    void guarded(int instruction, int left) {
        idle[instruction] += Integer.bitCount(left);
    }

    public void clear() {
        for (long[] a : new long[][] {visits, lanes, sectors, bytes, waves, leastWaves, idle}) {
            Arrays.fill(a, 0);
        }
        globalRounds = 0;
        sharedRounds = 0;
        copyRounds = 0;
        ahead = 0;
        partial = 0;
    }
}
