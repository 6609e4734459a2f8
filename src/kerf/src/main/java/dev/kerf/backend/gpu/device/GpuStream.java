package dev.kerf.backend.gpu.device;

import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeadlineExceededException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A queue, and the executables whose errors it has to tell. */
final class GpuStream implements Device.Stream {
    private final GpuDevice device;
    private final Driver.Queue queue;
    private final Ticket tail;
    private final List<GpuExecutable> submitted = new ArrayList<>();
    private volatile boolean closed;

    GpuStream(GpuDevice device) {
        this.device = device;
        // Whether an executable is measured is its own choice; streams must be able to.
        this.queue = device.driver().profiledQueue();
        this.tail = new Ticket(device.driver());
    }

    GpuDevice device() {
        return device;
    }

    Driver.Queue queue() {
        if (closed) {
            throw new ClosedException("the stream is closed");
        }
        return queue;
    }

    /** Notes that something was submitted; the device's monitor is held. */
    void submitted() {
        tail.signal(queue);
        queue.flush();
    }

    /** Notes that a run was submitted; the device's monitor is held. */
    void submitted(GpuExecutable executable) {
        submitted();
        for (int i = 0; i < submitted.size(); i++) {
            if (submitted.get(i) == executable) {
                return;
            }
        }
        submitted.add(executable);
    }

    @Override
    public void synchronize() {
        queue().synchronize();
        raiseErrors();
    }

    @Override
    public void synchronize(Duration limit) {
        if (!queue().synchronize(limit.toNanos())) {
            throw new DeadlineExceededException("work on the stream is still under way after " + limit);
        }
        raiseErrors();
    }

    /** Throws the first error of what was submitted; each is told once. */
    private void raiseErrors() {
        RuntimeException first = null;
        synchronized (device.monitor()) {
            for (int i = 0; i < submitted.size(); i++) {
                RuntimeException error = submitted.get(i).takeError();
                first = first == null ? error : first;
            }
            submitted.clear();
        }
        if (first != null) {
            throw first;
        }
    }

    @Override
    public boolean done() {
        queue();
        synchronized (device.monitor()) {
            return tail.passed();
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        queue.synchronize();
        synchronized (device.monitor()) {
            if (closed) {
                return;
            }
            closed = true;
            tail.close();
            submitted.clear();
        }
        queue.close();
        device.forget(this);
    }
}
