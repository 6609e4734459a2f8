package dev.kerf.cli.bench;

import java.time.Duration;
import java.util.Arrays;

/**
 * Runs until times are steady: the median of the last third of the runs, three at least (two where a run takes a second), is no
 * more than 2 % below that of the third before, and a tenth of the limit has passed, half a second at most.
 *
 * @param nanos  that it took; null if times weren't steady when the limit came
 * @param runs   made
 */
record WarmUp(Long nanos, int runs) {
    private static final int LEAST = 3;
    private static final long LONG_NANOS = 1_000_000_000;
    private static final double STEADY = 0.98;
    private static final long ENOUGH_NANOS = 500_000_000;

    static WarmUp of(Runnable run, Duration limit) {
        long[] times = new long[1 << 12];
        long start = System.nanoTime();
        int n = 0;
        int looked = 2 * least(Long.MAX_VALUE);
        while (true) {
            long before = System.nanoTime();
            run.run();
            long now = System.nanoTime();
            if (n == times.length) {
                times = Arrays.copyOf(times, 2 * n);
            }
            times[n++] = now - before;
            // Looking takes longer the more there are: after each tenth more.
            if (n >= looked && now - start >= Math.min(ENOUGH_NANOS, limit.toNanos() / 10)) {
                if (steady(times, n)) {
                    return new WarmUp(now - start, n);
                }
                looked = n + 1 + n / 10;
            }
            if (n >= 2 * least(times[n - 1]) && now - start >= limit.toNanos()) {
                return new WarmUp(null, n);
            }
        }
    }

    /** Whether the first {@code n} times ended steadily. */
    static boolean steady(long[] times, int n) {
        int third = Math.max(least(times[n - 1]), n / 3);
        return n >= 2 * third && median(times, n - third, n) >= STEADY * median(times, n - 2 * third, n - third);
    }

    private static int least(long nanos) {
        return nanos < LONG_NANOS ? LEAST : LEAST - 1;
    }

    private static long median(long[] times, int from, int to) {
        long[] part = Arrays.copyOfRange(times, from, to);
        Arrays.sort(part);
        return part[part.length / 2];
    }
}
