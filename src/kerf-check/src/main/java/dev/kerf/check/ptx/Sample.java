package dev.kerf.check.ptx;

import java.util.Arrays;

/**
 * Which blocks of a grid stand for all of it: the first and the last for themselves, some between them for the rest. These are a golden
 * section apart (Weyl's sequence), so that they come to lie in all rows and columns of the grid alike, and the same in each run.
 */
final class Sample {
    private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

    private Sample() {}

    /** The first and the last block. */
    static long[] ends(long blocks) {
        return blocks < 2 ? new long[] {0} : new long[] {0, blocks - 1};
    }

    /** So many others, all different; all others if there aren't more. */
    static long[] inner(long blocks, int wanted) {
        long others = Math.max(0, blocks - 2);
        if (others <= wanted) {
            long[] all = new long[(int) others];
            Arrays.setAll(all, i -> i + 1);
            return all;
        }
        long[] some = new long[wanted];
        int found = 0;
        for (long k = 0; found < wanted; k++) {
            double place = (k + 0.5) * GOLDEN;
            long block = 1 + (long) ((place - Math.floor(place)) * others);
            if (Arrays.stream(some, 0, found).noneMatch(b -> b == block)) {
                some[found++] = block;
            }
        }
        return some;
    }
}
