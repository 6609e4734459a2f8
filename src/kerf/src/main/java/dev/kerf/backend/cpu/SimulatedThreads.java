package dev.kerf.backend.cpu;

import java.util.Arrays;

/** When threads would be done with a kernel's tasks, which one thread does for all of them: who is free first takes the next task. */
final class SimulatedThreads {
    private final long[] until;
    private long together;

    SimulatedThreads(int count) {
        until = new long[count];
    }

    /** A kernel begins. */
    void begin() {
        Arrays.fill(until, 0);
        together = 0;
    }

    /** The next of its tasks takes so long. */
    void task(long nanos) {
        int first = 0;
        for (int i = 1; i < until.length; i++) {
            first = until[i] < until[first] ? i : first;
        }
        until[first] += nanos;
        together += nanos;
    }

    /** Nanoseconds that all of them took the one thread. */
    long together() {
        return together;
    }

    /** Nanoseconds from its beginning until the last thread is done. */
    long nanos() {
        long last = 0;
        for (long u : until) {
            last = Math.max(last, u);
        }
        return last;
    }
}
