package dev.kerf.check.ptx;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.backend.gpu.Polling;
import dev.kerf.check.ptx.machine.DeviceMemory;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Work in order, done by a thread of the queue's own. What waits lies in a ring that grows where it must. */
final class PtxQueue extends NativeObject implements Driver.Queue {
    private final PtxDriver driver;
    private final Object monitor = new Object();
    private final BooleanSupplier idle = this::idle;
    private PtxWork[] ring = new PtxWork[64];
    private long submitted;
    private long ended;
    private boolean stopped;

    @SuppressWarnings("this-escape")
    PtxQueue(PtxDriver driver) {
        super("queue", 0, driver.open());
        this.driver = driver;
        for (int i = 0; i < ring.length; i++) {
            ring[i] = new PtxWork();
        }
        Thread.ofPlatform().daemon().name("kerf-ptx-queue").start(this::work);
    }

    /** The next free piece; the monitor is held until {@link #submit}. */
    private PtxWork next(int kind) {
        if (submitted - ended == ring.length) {
            PtxWork[] grown = new PtxWork[ring.length * 2];
            for (int i = 0; i < grown.length; i++) {
                long at = ended + i;
                grown[(int) (at % grown.length)] = i < ring.length ? ring[(int) (at % ring.length)] : new PtxWork();
            }
            ring = grown;
        }
        PtxWork w = ring[(int) (submitted % ring.length)];
        w.kind = kind;
        return w;
    }

    private void submit() {
        submitted++;
        monitor.notifyAll();
    }

    @Override
    public void launch(Driver.Launch launch) {
        launch(launch, null);
    }

    @Override
    public void launch(Driver.Launch launch, Driver.Timer timer) {
        checkOpen();
        PtxLaunch.Bound bound = ((PtxLaunch) launch).now();
        synchronized (monitor) {
            PtxWork w = next(PtxWork.LAUNCH);
            w.launch = bound;
            w.timer = (PtxTimer) timer;
            submit();
        }
    }

    @Override
    public void replay(Driver.Recording recording) {
        checkOpen();
        List<PtxLaunch.Bound> launches = ((PtxRecording) recording).launches();
        synchronized (monitor) {
            next(PtxWork.REPLAY).recording = launches;
            submit();
        }
    }

    @Override
    public void upload(Driver.Buffer to, long toOffset, MemorySegment from, long fromOffset, long bytes) {
        checkOpen();
        Driver.Queue.checkNative(from, fromOffset, bytes);
        put(PtxWork.UPLOAD, null, fromOffset, ((PtxDriver.PtxBuffer) to).range(toOffset, bytes), toOffset, from, bytes);
    }

    @Override
    public void download(Driver.Buffer from, long fromOffset, MemorySegment to, long toOffset, long bytes) {
        checkOpen();
        Driver.Queue.checkNative(to, toOffset, bytes);
        put(PtxWork.DOWNLOAD, ((PtxDriver.PtxBuffer) from).range(fromOffset, bytes), fromOffset, null, toOffset, to, bytes);
    }

    @Override
    public void copy(Driver.Buffer from, long fromOffset, Driver.Buffer to, long toOffset, long bytes) {
        checkOpen();
        put(PtxWork.COPY, ((PtxDriver.PtxBuffer) from).range(fromOffset, bytes), fromOffset,
                ((PtxDriver.PtxBuffer) to).range(toOffset, bytes), toOffset, null, bytes);
    }

    @Override
    public void zero(Driver.Buffer buffer, long offset, long bytes) {
        checkOpen();
        put(PtxWork.ZERO, null, 0, ((PtxDriver.PtxBuffer) buffer).range(offset, bytes), offset, null, bytes);
    }

    private void put(int kind, DeviceMemory.Allocation from, long source, DeviceMemory.Allocation to, long target,
            MemorySegment host, long bytes) {
        synchronized (monitor) {
            PtxWork w = next(kind);
            w.from = from;
            w.source = source;
            w.to = to;
            w.target = target;
            w.host = host;
            w.bytes = bytes;
            submit();
        }
    }

    @Override
    public void signal(Driver.Event event) {
        checkOpen();
        mark(PtxWork.SIGNAL, (PtxEvent) event, ((PtxEvent) event).signal());
    }

    @Override
    public void await(Driver.Event event) {
        checkOpen();
        mark(PtxWork.AWAIT, (PtxEvent) event, ((PtxEvent) event).last());
    }

    private void mark(int kind, PtxEvent event, long number) {
        synchronized (monitor) {
            PtxWork w = next(kind);
            w.event = event;
            w.number = number;
            submit();
        }
    }

    @Override
    public void flush() {
        checkOpen();
    }

    @Override
    public void synchronize() {
        checkOpen();
        drain();
        driver.checkLost();
    }

    @Override
    public boolean synchronize(long nanos) {
        checkOpen();
        if (!Polling.until(idle, nanos)) {
            return false;
        }
        driver.checkLost();
        return true;
    }

    private boolean idle() {
        synchronized (monitor) {
            return ended == submitted;
        }
    }

    /** Waits until what is there now has been done. */
    void drain() {
        boolean interrupted = false;
        synchronized (monitor) {
            long until = submitted;
            while (ended < until) {
                try {
                    monitor.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void work() {
        while (true) {
            PtxWork w;
            synchronized (monitor) {
                while (ended == submitted) {
                    if (stopped) {
                        return;
                    }
                    try {
                        monitor.wait();
                    } catch (InterruptedException e) {
                        return; // nobody but the end of the process interrupts it
                    }
                }
                w = ring[(int) (ended % ring.length)];
            }
            w.run(driver);
            synchronized (monitor) {
                w.clear();
                ended++;
                monitor.notifyAll();
            }
        }
    }

    @Override
    protected void free(long none) {
        drain();
        synchronized (monitor) {
            stopped = true;
            monitor.notifyAll();
        }
    }
}
