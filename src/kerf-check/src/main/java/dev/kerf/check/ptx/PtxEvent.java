package dev.kerf.check.ptx;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;

/** How often it was signalled, and how many of these signals have passed. */
final class PtxEvent extends NativeObject implements Driver.Event {
    private final PtxDriver driver;
    private long signalled;
    private long passed;

    PtxEvent(PtxDriver driver) {
        super("event", 0, driver.open());
        this.driver = driver;
    }

    /** A signal was put into a queue; returns its number. */
    synchronized long signal() {
        checkOpen();
        return ++signalled;
    }

    /** The number of the last signal so far. */
    synchronized long last() {
        checkOpen();
        return signalled;
    }

    /** A queue has come to a signal. */
    synchronized void pass(long number) {
        passed = Math.max(passed, number);
        notifyAll();
    }

    /** Waits for a signal. */
    synchronized void await(long number) {
        boolean interrupted = false;
        while (passed < number) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public synchronized boolean passed() {
        checkOpen();
        driver.checkLost();
        return passed >= signalled;
    }

    @Override
    public void await() {
        await(last());
        driver.checkLost();
    }

    @Override
    protected void free(long none) {}
}
