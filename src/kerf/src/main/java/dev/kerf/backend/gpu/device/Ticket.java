package dev.kerf.backend.gpu.device;

import dev.kerf.backend.gpu.Driver;

/**
 * The last thing that somebody submitted: an event, and the queue that it was signalled in. All but {@link #await()} is
 * guarded by the device's monitor.
 */
final class Ticket implements AutoCloseable {
    private final Driver.Event event;
    private Driver.Queue queue;
    private boolean closed;

    Ticket(Driver driver) {
        event = driver.event();
    }

    /** Marks the end of what was just submitted to a queue. */
    void signal(Driver.Queue in) {
        in.signal(event);
        queue = in;
    }

    /** Work submitted to a queue from now on comes after it. */
    void before(Driver.Queue later) {
        if (queue != null && queue != later && !closed) {
            later.await(event);
        }
    }

    boolean passed() {
        return closed || queue == null || event.passed();
    }

    /** Waits on the host. */
    void await() {
        if (!closed && queue != null) {
            event.await();
        }
    }

    /** To be called when it has passed. */
    @Override
    public void close() {
        closed = true;
        event.close();
    }
}
