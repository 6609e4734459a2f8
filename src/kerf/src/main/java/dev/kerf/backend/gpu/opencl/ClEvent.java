package dev.kerf.backend.gpu.opencl;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;

/**
 * An event or timer: a cell for OpenCL's events, which happen once each. Signalling puts a new one in; whoever waits on the
 * host holds the one that was there.
 */
final class ClEvent extends NativeObject implements Driver.Event, Driver.Timer {
    private static final int EXECUTION_STATUS = 0x11D3;
    private static final int PROFILING_START = 0x1282;
    private static final int PROFILING_END = 0x1283;
    private static final long CURRENT = 0;
    private static final long FRESH = 8;
    private static final long WAITED = 16;
    private static final long VALUE = 24;

    private final OpenClDriver driver;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment cells = arena.allocate(32, 8);
    private final Object waiters = new Object();

    ClEvent(OpenClDriver driver, Set<NativeObject> open) {
        super("event", 0, open);
        this.driver = driver;
    }

    /** Where a call is to put a new event. */
    long fresh() {
        handle();
        return cells.address() + FRESH;
    }

    /** Takes the event that a call put in, in place of the one before. */
    synchronized void take() {
        release(cells.get(ValueLayout.JAVA_LONG, CURRENT));
        cells.set(ValueLayout.JAVA_LONG, CURRENT, cells.get(ValueLayout.JAVA_LONG, FRESH));
    }

    /** A list of one event, for a call's wait list; 0 if there is none to wait for. */
    long list() {
        handle();
        return cells.get(ValueLayout.JAVA_LONG, CURRENT) == 0 ? 0 : cells.address() + CURRENT;
    }

    /** 0 when complete, above 0 under way, below 0 failed. */
    synchronized int state() {
        handle();
        long event = cells.get(ValueLayout.JAVA_LONG, CURRENT);
        if (event == 0) {
            return 0;
        }
        driver.check(driver.cl.clGetEventInfo(event, EXECUTION_STATUS, 4, cells.address() + VALUE, 0), "clGetEventInfo",
                "");
        return cells.get(ValueLayout.JAVA_INT, VALUE);
    }

    @Override
    public boolean passed() {
        return state() <= 0;
    }

    @Override
    public void await() {
        synchronized (waiters) {
            synchronized (this) {
                handle();
                long event = cells.get(ValueLayout.JAVA_LONG, CURRENT);
                if (event == 0) {
                    return;
                }
                driver.check(driver.cl.clRetainEvent(event), "clRetainEvent", "");
                cells.set(ValueLayout.JAVA_LONG, WAITED, event);
            }
            int status = driver.cl.clWaitForEvents(1, cells.address() + WAITED);
            release(cells.get(ValueLayout.JAVA_LONG, WAITED));
            driver.check(status, "clWaitForEvents", "");
        }
    }

    @Override
    public synchronized long nanos() {
        handle();
        return stamp(PROFILING_END) - stamp(PROFILING_START);
    }

    private long stamp(int name) {
        driver.check(driver.cl.clGetEventProfilingInfo(cells.get(ValueLayout.JAVA_LONG, CURRENT), name, 8,
                cells.address() + VALUE, 0), "clGetEventProfilingInfo", "");
        return cells.get(ValueLayout.JAVA_LONG, VALUE);
    }

    private void release(long event) {
        if (event != 0) {
            driver.check(driver.cl.clReleaseEvent(event), "clReleaseEvent", "");
        }
    }

    @Override
    protected void free(long none) {
        synchronized (waiters) {
            release(cells.get(ValueLayout.JAVA_LONG, CURRENT));
            arena.close();
        }
    }
}
