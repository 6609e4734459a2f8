package dev.kerf.cli.bench;

import java.time.Duration;
import java.util.Arrays;

/**
 * Runs until times are steady: the least time of the later half of the runs, three at least (two where a run takes a second), is
 * no more than 2 % below the least of the earlier half. What else the machine does makes runs slower, never quicker; a JIT compiler
 * that isn't done sooner or later makes one that is quicker than all before. A few runs may lie between two of its steps, so there
 * are thirty first, in half a second or a tenth of the limit at least, or a third of the limit has passed.
 *
 * @param nanos  that it took; null if times weren't steady when the limit came
 * @param runs   made
 */
record WarmUp(Long nanos, int runs) {
    private static final int FEWEST = 3;
    private static final long LONG_NANOS = 1_000_000_000;
    private static final double STEADY = 0.98;
    private static final int MANY = 30;
    private static final long MANY_NANOS = 500_000_000;

    static WarmUp of(Runnable run, Duration limit) {
        long[] times = new long[1 << 12];
        long start = System.nanoTime();
        int n = 0;
        int looked = 2 * fewest(Long.MAX_VALUE);
        while (true) {
            long before = System.nanoTime();
            run.run();
            long now = System.nanoTime();
            if (n == times.length) {
                times = Arrays.copyOf(times, 2 * n);
            }
            times[n++] = now - before;
            // Looking takes longer the more there are: after each tenth more.
            if (n >= looked && enough(n, now - start, limit.toNanos())) {
                if (steady(times, n)) {
                    return new WarmUp(now - start, n);
                }
                looked = n + 1 + n / 10;
            }
            if (n >= 2 * fewest(times[n - 1]) && now - start >= limit.toNanos()) {
                return new WarmUp(null, n);
            }
        }
    }

    /** Whether so many runs in that time can be called steady at all. */
    static boolean enough(int runs, long nanos, long limit) {
        return nanos >= limit / 3 || runs >= MANY && nanos >= Math.min(MANY_NANOS, limit / 10);
    }

    /** Whether the first {@code n} times ended steadily. */
    static boolean steady(long[] times, int n) {
        int half = Math.max(fewest(times[n - 1]), n / 2);
        return n >= 2 * half && least(times, n - half, n) >= STEADY * least(times, n - 2 * half, n - half);
    }

    /** Runs in a half at least, where one takes so long. */
    private static int fewest(long nanos) {
        return nanos < LONG_NANOS ? FEWEST : FEWEST - 1;
    }

    private static long least(long[] times, int from, int to) {
        return Arrays.stream(times, from, to).min().orElseThrow();
    }
}
