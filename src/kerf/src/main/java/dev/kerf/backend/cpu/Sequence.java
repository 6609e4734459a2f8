package dev.kerf.backend.cpu;

import dev.kerf.backend.Limit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Work that is done in the order in which it was submitted: tickets from 1. Waiting allocates nothing. */
final class Sequence {
    private static final int SPINS = 2000;
    private static final long NAP_NANOS = 50_000;

    private final AtomicLong submitted = new AtomicLong();
    private volatile long completed;

    /** The ticket of a new piece of work. */
    long issue() {
        return submitted.incrementAndGet();
    }

    /** The last ticket issued; 0 for none. */
    long last() {
        return submitted.get();
    }

    /** Marks a piece of work as done; all before it are. */
    void complete(long ticket) {
        completed = ticket;
    }

    boolean done(long ticket) {
        return completed >= ticket;
    }

    boolean idle() {
        return completed >= submitted.get();
    }

    void await(long ticket) {
        await(ticket, Long.MAX_VALUE);
    }

    /** Waits for a piece of work; whether it was done before the limit passed. */
    boolean await(long ticket, Limit limit) {
        for (int i = 0; completed < ticket; i++) {
            if (limit.passed()) {
                return false;
            }
            pause(i);
        }
        return true;
    }

    /** Waits for a piece of work; whether it was done within so many nanoseconds. */
    boolean await(long ticket, long nanos) {
        long start = nanos == Long.MAX_VALUE ? 0 : System.nanoTime();
        for (int i = 0; completed < ticket; i++) {
            if (nanos != Long.MAX_VALUE && System.nanoTime() - start >= nanos) {
                return false;
            }
            pause(i);
        }
        return true;
    }

    private void pause(int times) {
        if (times < SPINS) {
            Thread.onSpinWait();
        } else {
            LockSupport.parkNanos(this, NAP_NANOS);
        }
    }
}
