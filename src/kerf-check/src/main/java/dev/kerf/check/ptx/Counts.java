package dev.kerf.check.ptx;

import java.util.Arrays;

/** What one worker has seen of a launch: how often each segment was run, and what accesses cost. */
final class Counts {
    final long[] visits;
    final long[] lanes;
    /** By instruction: 32-byte sectors that its requests touched, bytes that they asked for, wavefronts, the least of these. */
    final long[] sectors;
    final long[] bytes;
    final long[] waves;
    final long[] leastWaves;

    Counts(Program program) {
        visits = new long[program.segments.length];
        lanes = new long[program.segments.length];
        sectors = new long[program.ops.length];
        bytes = new long[program.ops.length];
        waves = new long[program.ops.length];
        leastWaves = new long[program.ops.length];
    }

    void visit(int segment, int mask) {
        visits[segment]++;
        lanes[segment] += Integer.bitCount(mask);
    }

    void clear() {
        for (long[] a : new long[][] {visits, lanes, sectors, bytes, waves, leastWaves}) {
            Arrays.fill(a, 0);
        }
    }
}
