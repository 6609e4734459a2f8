package dev.kerf.metrics;

import java.util.Arrays;

/**
 * How many pixels each true segment of a picture shares with each predicted one, for those that share any. Segments are
 * counted from 1 on; 0 is void.
 */
final class SharedPixels {
    /** True segment in the upper half, predicted one in the lower, ascending. */
    private final long[] pairs;
    private final long[] counts;

    private SharedPixels(long[] pairs, long[] counts) {
        this.pairs = pairs;
        this.counts = counts;
    }

    /** Counted on the host in proportion to the pixels, however many segments there are. */
    static SharedPixels of(int[] truth, int[] predicted) {
        long[] all = new long[truth.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = pair(truth[i], predicted[i]);
        }
        Arrays.sort(all);
        long[] counts = new long[all.length];
        int n = -1;
        for (long pair : all) {
            if (n < 0 || all[n] != pair) {
                all[++n] = pair;
            }
            counts[n]++;
        }
        return new SharedPixels(Arrays.copyOf(all, n + 1), Arrays.copyOf(counts, n + 1));
    }

    /** Counted on a device. */
    static SharedPixels of(ConfusionMatrix matrix) {
        int n = 0;
        long[] pairs = new long[16];
        long[] counts = new long[16];
        for (int t = 0; t < matrix.classes(); t++) {
            for (int p = 0; p < matrix.classes(); p++) {
                if (matrix.count(t, p) > 0) {
                    pairs = n < pairs.length ? pairs : Arrays.copyOf(pairs, 2 * n);
                    counts = n < counts.length ? counts : Arrays.copyOf(counts, 2 * n);
                    pairs[n] = pair(t, p);
                    counts[n++] = matrix.count(t, p);
                }
            }
        }
        return new SharedPixels(Arrays.copyOf(pairs, n), Arrays.copyOf(counts, n));
    }

    private static long pair(int truth, int predicted) {
        return (long) truth << 32 | predicted;
    }

    /** Number of pairs. */
    int size() {
        return pairs.length;
    }

    /** The true segment of a pair; pairs are in order of it, then of the predicted one. */
    int truth(int pair) {
        return (int) (pairs[pair] >> 32);
    }

    /** The predicted segment of a pair. */
    int predicted(int pair) {
        return (int) pairs[pair];
    }

    /** The pixels that the segments of a pair share. */
    long count(int pair) {
        return counts[pair];
    }

    /** The pixels that a true and a predicted segment share. */
    long shared(int truth, int predicted) {
        int at = Arrays.binarySearch(pairs, pair(truth, predicted));
        return at < 0 ? 0 : counts[at];
    }
}
