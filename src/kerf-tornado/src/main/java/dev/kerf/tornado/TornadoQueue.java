package dev.kerf.tornado;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Work for the worker, in order. Launches wait until something else comes, and run as one plan. The first error is
 * thrown by the next wait; a buffer that a failed run should have written to says so to whoever reads it.
 */
final class TornadoQueue extends NativeObject implements Driver.Queue {
    private final TornadoDriver driver;
    private final List<TornadoLaunch.Call> batch = new ArrayList<>();
    private final List<TornadoTimer> timers = new ArrayList<>();
    private final Set<TornadoLaunch> batched = new HashSet<>();
    private final Object lock = new Object();
    private boolean timed;
    private long given;
    private long done;
    private RuntimeException failure;

    TornadoQueue(TornadoDriver driver) {
        super("queue", 0, driver.open());
        this.driver = driver;
    }

    @Override
    public void launch(Driver.Launch launch) {
        put((TornadoLaunch) launch, null);
    }

    @Override
    public void launch(Driver.Launch launch, Driver.Timer timer) {
        TornadoTimer t = (TornadoTimer) timer;
        t.checkOpen();
        put((TornadoLaunch) launch, t);
    }

    private void put(TornadoLaunch launch, TornadoTimer timer) {
        checkOpen();
        TornadoLaunch.Call call = launch.call();
        if (!batched.add(launch)) {
            // The same plan again and again, not a longer one.
            flush();
            batched.add(launch);
        }
        batch.add(call);
        timers.add(timer);
        timed |= timer != null;
    }

    @Override
    public void flush() {
        checkOpen();
        hand();
    }

    private void hand() {
        if (!batch.isEmpty()) {
            List<TornadoLaunch.Call> calls = List.copyOf(batch);
            List<TornadoTimer> measured = timed ? new ArrayList<>(timers) : null;
            batch.clear();
            timers.clear();
            batched.clear();
            timed = false;
            give(() -> driver.plans().run(calls, measured));
        }
    }

    private void give(Runnable work) {
        given++;
        Worker.give(() -> {
            RuntimeException error = null;
            try {
                work.run();
            } catch (RuntimeException e) {
                error = e;
            } catch (Error e) {
                error = new IllegalStateException(e);
            }
            synchronized (lock) {
                failure = failure == null ? error : failure;
                done++;
                lock.notifyAll();
            }
        });
    }

    private void next(Runnable work) {
        hand();
        give(work);
    }

    @Override
    public void replay(Driver.Recording recording) {
        checkOpen();
        List<TornadoLaunch.Call> calls = ((TornadoRecording) recording).calls();
        next(() -> driver.plans().run(calls, null));
    }

    @Override
    public void upload(Driver.Buffer to, long toOffset, MemorySegment from, long fromOffset, long bytes) {
        checkOpen();
        Driver.Queue.checkNative(from, fromOffset, bytes);
        TornadoBuffer target = (TornadoBuffer) to;
        target.check(toOffset, bytes);
        next(() -> MemorySegment.copy(from, fromOffset, target.write(toOffset, bytes), toOffset, bytes));
    }

    @Override
    public void download(Driver.Buffer from, long fromOffset, MemorySegment to, long toOffset, long bytes) {
        checkOpen();
        Driver.Queue.checkNative(to, toOffset, bytes);
        TornadoBuffer source = (TornadoBuffer) from;
        source.check(fromOffset, bytes);
        next(() -> MemorySegment.copy(source.read(), fromOffset, to, toOffset, bytes));
    }

    @Override
    public void copy(Driver.Buffer from, long fromOffset, Driver.Buffer to, long toOffset, long bytes) {
        checkOpen();
        TornadoBuffer source = (TornadoBuffer) from;
        TornadoBuffer target = (TornadoBuffer) to;
        source.check(fromOffset, bytes);
        target.check(toOffset, bytes);
        next(() -> {
            MemorySegment data = source.read();
            MemorySegment.copy(data, fromOffset, target.write(toOffset, bytes), toOffset, bytes);
        });
    }

    @Override
    public void zero(Driver.Buffer buffer, long offset, long bytes) {
        checkOpen();
        TornadoBuffer target = (TornadoBuffer) buffer;
        target.check(offset, bytes);
        next(() -> target.write(offset, bytes).asSlice(offset, bytes).fill((byte) 0));
    }

    @Override
    public void signal(Driver.Event event) {
        checkOpen();
        TornadoEvent e = (TornadoEvent) event;
        long signal = e.signal();
        next(() -> e.reach(signal));
    }

    @Override
    public void await(Driver.Event event) {
        checkOpen();
        ((TornadoEvent) event).checkOpen();
        // All queues are one line: what was signalled before is done before.
        hand();
    }

    @Override
    public void synchronize() {
        checkOpen();
        hand();
        await(Long.MAX_VALUE);
        tell();
    }

    @Override
    public boolean synchronize(long nanos) {
        checkOpen();
        hand();
        if (!await(nanos)) {
            return false;
        }
        tell();
        return true;
    }

    /** Waits until all that was given is done. */
    private boolean await(long nanos) {
        long start = System.nanoTime();
        boolean interrupted = false;
        try {
            synchronized (lock) {
                while (done < given) {
                    long left = nanos - (System.nanoTime() - start);
                    if (left <= 0) {
                        return false;
                    }
                    try {
                        TimeUnit.NANOSECONDS.timedWait(lock, left);
                    } catch (InterruptedException e) {
                        interrupted = true;
                    }
                }
            }
            return true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void tell() {
        RuntimeException error;
        synchronized (lock) {
            error = failure;
            failure = null;
        }
        if (error != null) {
            throw error;
        }
    }

    @Override
    protected void free(long none) {
        hand();
        await(Long.MAX_VALUE);
        tell();
    }
}
