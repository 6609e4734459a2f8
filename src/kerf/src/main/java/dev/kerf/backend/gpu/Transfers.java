package dev.kerf.backend.gpu;

import dev.kerf.backend.DeviceTensor.HostView;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;

/**
 * Copies between the caller's memory and the device that the host waits for. Memory on the Java heap and strided memory goes
 * through a staging buffer, part by part. Allocates nothing after its first use.
 */
final class Transfers implements AutoCloseable {
    private static final long STAGING_BYTES = 4L << 20;

    private final Driver driver;
    private final Driver.Queue queue;
    private Driver.Staging staging;

    Transfers(Driver driver) {
        this.driver = driver;
        this.queue = driver.queue();
    }

    synchronized void upload(MemorySegment from, Driver.Buffer to, long offset) {
        // A file that becomes shorter is an error where Java reads it, and the process's end where a driver does.
        if (from.isNative() && !from.isMapped()) {
            if (from.byteSize() > 0) {
                queue.upload(to, offset, from, 0, from.byteSize());
                queue.synchronize();
            }
            return;
        }
        MemorySegment stage = stage();
        for (long at = 0; at < from.byteSize(); at += STAGING_BYTES) {
            long n = Math.min(STAGING_BYTES, from.byteSize() - at);
            MemorySegment.copy(from, at, stage, 0, n);
            queue.upload(to, offset + at, stage, 0, n);
            queue.synchronize();
        }
    }

    synchronized void download(Driver.Buffer from, long offset, MemorySegment to) {
        if (to.isNative()) {
            if (to.byteSize() > 0) {
                queue.download(from, offset, to, 0, to.byteSize());
                queue.synchronize();
            }
            return;
        }
        MemorySegment stage = stage();
        for (long at = 0; at < to.byteSize(); at += STAGING_BYTES) {
            long n = Math.min(STAGING_BYTES, to.byteSize() - at);
            queue.download(from, offset + at, stage, 0, n);
            queue.synchronize();
            MemorySegment.copy(stage, 0, to, at, n);
        }
    }

    synchronized void upload(HostView from, Driver.Buffer to, long offset) {
        MemorySegment stage = stage();
        long total = from.shape().elements();
        int size = from.dtype().bytes();
        long step = STAGING_BYTES / size;
        for (long at = 0; at < total; at += step) {
            long n = Math.min(step, total - at);
            walk(from, at, n, stage, true);
            queue.upload(to, offset + at * size, stage, 0, n * size);
            queue.synchronize();
        }
    }

    synchronized void download(Driver.Buffer from, long offset, HostView to) {
        MemorySegment stage = stage();
        long total = to.shape().elements();
        int size = to.dtype().bytes();
        long step = STAGING_BYTES / size;
        for (long at = 0; at < total; at += step) {
            long n = Math.min(step, total - at);
            queue.download(from, offset + at * size, stage, 0, n * size);
            queue.synchronize();
            walk(to, at, n, stage, false);
        }
    }

    synchronized void zero(Driver.Buffer buffer, long offset, long bytes) {
        if (bytes > 0) {
            queue.zero(buffer, offset, bytes);
            queue.synchronize();
        }
    }

    synchronized void copy(Driver.Buffer from, long fromOffset, Driver.Buffer to, long toOffset, long bytes) {
        if (bytes > 0) {
            queue.copy(from, fromOffset, to, toOffset, bytes);
            queue.synchronize();
        }
    }

    /** Copies elements {@code first} … of a strided view to the dense staging memory, or back; by runs within a row. */
    private static void walk(HostView view, long first, long count, MemorySegment dense, boolean in) {
        Shape shape = view.shape();
        int size = view.dtype().bytes();
        int rank = shape.rank();
        long rowLength = rank == 0 ? 1 : shape.dim(rank - 1);
        long step = rank == 0 ? size : view.strides().get(rank - 1);
        for (long done = 0; done < count;) {
            long element = first + done;
            long column = element % rowLength;
            long offset = column * step;
            long rest = element / rowLength;
            for (int axis = rank - 2; axis >= 0; axis--) {
                offset += rest % shape.dim(axis) * view.strides().get(axis);
                rest /= shape.dim(axis);
            }
            long run = Math.min(rowLength - column, count - done);
            if (step == size) {
                copy(view.memory(), offset, dense, done * size, run * size, in);
            } else {
                for (long i = 0; i < run; i++) {
                    copy(view.memory(), offset + i * step, dense, (done + i) * size, size, in);
                }
            }
            done += run;
        }
    }

    private static void copy(MemorySegment a, long aAt, MemorySegment b, long bAt, long bytes, boolean toB) {
        if (toB) {
            MemorySegment.copy(a, aAt, b, bAt, bytes);
        } else {
            MemorySegment.copy(b, bAt, a, aAt, bytes);
        }
    }

    private MemorySegment stage() {
        if (staging == null) {
            staging = driver.staging(STAGING_BYTES);
        }
        return staging.memory();
    }

    @Override
    public synchronized void close() {
        if (staging != null) {
            staging.close();
        }
        queue.close();
    }
}
