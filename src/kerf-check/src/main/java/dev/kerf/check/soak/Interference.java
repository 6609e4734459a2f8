package dev.kerf.check.soak;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Something that befalls a call after a time, unless the call is over by then. */
final class Interference implements AutoCloseable {
    private final Runnable what;
    private boolean over;
    private Future<?> due;

    private Interference(Runnable what) {
        this.what = what;
    }

    static Interference after(Duration time, ScheduledExecutorService timer, Runnable what) {
        Interference i = new Interference(what);
        i.due = timer.schedule(i::happen, time.toNanos(), TimeUnit.NANOSECONDS);
        return i;
    }

    private synchronized void happen() {
        if (!over) {
            what.run();
        }
    }

    /** It won't happen from now on; waits while it does. */
    @Override
    public synchronized void close() {
        over = true;
        due.cancel(false);
    }
}
