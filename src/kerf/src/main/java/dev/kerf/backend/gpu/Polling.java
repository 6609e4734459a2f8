package dev.kerf.backend.gpu;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A wait with a limit, for drivers that have none: look again, at first all the time, then after pauses that grow. */
public final class Polling {
    private static final long SPIN = 50_000;
    private static final long FIRST_PAUSE = 20_000;
    private static final long LONGEST_PAUSE = 1_000_000;

    private Polling() {}

    /**
     * Waits until something has ended, but not longer than a limit.
     *
     * @return whether it has ended
     */
    public static boolean until(BooleanSupplier ended, long nanos) {
        long start = System.nanoTime();
        long pause = FIRST_PAUSE;
        while (!ended.getAsBoolean()) {
            long spent = System.nanoTime() - start;
            if (spent >= nanos) {
                return false;
            }
            if (spent < SPIN) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(Math.min(pause, nanos - spent));
                pause = Math.min(pause * 2, LONGEST_PAUSE);
            }
        }
        return true;
    }
}
