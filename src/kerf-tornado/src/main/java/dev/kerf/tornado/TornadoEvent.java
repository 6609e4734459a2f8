package dev.kerf.tornado;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import java.util.Set;

/** Counts the signals that were put into queues and those that the worker has passed. */
final class TornadoEvent extends NativeObject implements Driver.Event {
    private final Object lock = new Object();
    private long signalled;
    private long reached;

    TornadoEvent(Set<NativeObject> open) {
        super("event", 0, open);
    }

    /** Notes a signal; returns what the worker is to give to {@link #reach}. */
    long signal() {
        checkOpen();
        synchronized (lock) {
            return ++signalled;
        }
    }

    void reach(long signal) {
        synchronized (lock) {
            reached = Math.max(reached, signal);
            lock.notifyAll();
        }
    }

    @Override
    public boolean passed() {
        checkOpen();
        synchronized (lock) {
            return reached >= signalled;
        }
    }

    @Override
    public void await() {
        checkOpen();
        boolean interrupted = false;
        synchronized (lock) {
            long last = signalled;
            while (reached < last) {
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    protected void free(long none) {
        // Has nothing but its counts.
    }
}
