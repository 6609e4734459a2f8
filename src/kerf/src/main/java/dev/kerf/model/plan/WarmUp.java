package dev.kerf.model.plan;

import java.time.Duration;

/** Calls until they take no less time than before: what models do to compile their plans and to let the JVM compile theirs. */
public final class WarmUp {
    private static final int GROUP = 8;
    /** Times are steady if the best of a group is no better than the best of the group before by more than this. */
    private static final double STEADY = 0.98;

    private WarmUp() {}

    /** Calls at least once, and until times are steady or the limit has passed. */
    public static void untilSteady(Duration limit, Runnable call) {
        long start = System.nanoTime();
        long last = Long.MAX_VALUE;
        long best = Long.MAX_VALUE;
        for (int i = 1;; i++) {
            long begin = System.nanoTime();
            call.run();
            best = Math.min(best, System.nanoTime() - begin);
            boolean steady = i % GROUP == 0 && best > last * STEADY;
            if (steady || System.nanoTime() - start >= limit.toNanos()) {
                return;
            }
            if (i % GROUP == 0) {
                last = best;
                best = Long.MAX_VALUE;
            }
        }
    }
}
