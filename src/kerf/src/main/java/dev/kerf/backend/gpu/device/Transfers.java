package dev.kerf.backend.gpu.device;

import dev.kerf.backend.DeviceTensor.HostView;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;

/**
 * Copies between the caller's memory and the device. Memory on the Java heap and strided memory goes through staging
 * memory, part by part; with a driver that {@linkplain Driver#stages copies from such memory alone without waiting} all
 * does, and an upload to a tensor is only put into a queue. The host waits for everything else. Allocates nothing after
 * its first use.
 */
final class Transfers implements AutoCloseable {
    private static final long STAGING_BYTES = 4L << 20;

    private final Driver driver;
    private final Driver.Queue queue;
    private UploadRing ring;
    private Driver.Staging staging;

    Transfers(Driver driver) {
        this.driver = driver;
        this.queue = driver.queue();
    }

    /** Whether an upload to a tensor waits, first for what uses it and then for itself. */
    boolean waits() {
        return !driver.stages();
    }

    /** Copies to a buffer and waits. */
    synchronized void upload(MemorySegment from, Driver.Buffer to, long offset) {
        put(from, to, offset);
        queue.synchronize();
    }

    /** Copies to a tensor, after what was submitted that uses it, before what will be. */
    synchronized void upload(MemorySegment from, GpuTensor to) {
        before(to);
        put(from, to.buffer(), to.offsetBytes());
        after(to);
    }

    /** Likewise. */
    synchronized void upload(HostView from, GpuTensor to) {
        before(to);
        put(from, to.buffer(), to.offsetBytes());
        after(to);
    }

    private void before(GpuTensor to) {
        if (!waits()) {
            to.beforeUpload(queue);
        }
    }

    private void after(GpuTensor to) {
        if (waits()) {
            queue.synchronize();
        } else {
            to.uploaded(queue);
        }
    }

    private void put(MemorySegment from, Driver.Buffer to, long offset) {
        // A file that becomes shorter is an error where Java reads it, and the process's end where a driver does.
        if (from.isNative() && !from.isMapped() && !driver.stages()) {
            if (from.byteSize() > 0) {
                queue.upload(to, offset, from, 0, from.byteSize());
            }
            return;
        }
        UploadRing r = ring();
        for (long at = 0; at < from.byteSize(); at += UploadRing.PART) {
            long n = Math.min(UploadRing.PART, from.byteSize() - at);
            long place = r.reserve(n);
            MemorySegment.copy(from, at, r.memory(), place, n);
            queue.upload(to, offset + at, r.memory(), place, n);
            r.sent(queue);
        }
    }

    private void put(HostView from, Driver.Buffer to, long offset) {
        UploadRing r = ring();
        long total = from.shape().elements();
        int size = from.dtype().bytes();
        long step = UploadRing.PART / size;
        for (long at = 0; at < total; at += step) {
            long n = Math.min(step, total - at);
            long place = r.reserve(n * size);
            walk(from, at, n, r.memory(), place, true);
            queue.upload(to, offset + at * size, r.memory(), place, n * size);
            r.sent(queue);
        }
    }

    synchronized void download(Driver.Buffer from, long offset, MemorySegment to) {
        if (to.isNative() && !driver.stages()) {
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

    synchronized void download(Driver.Buffer from, long offset, HostView to) {
        MemorySegment stage = stage();
        long total = to.shape().elements();
        int size = to.dtype().bytes();
        long step = STAGING_BYTES / size;
        for (long at = 0; at < total; at += step) {
            long n = Math.min(step, total - at);
            queue.download(from, offset + at * size, stage, 0, n * size);
            queue.synchronize();
            walk(to, at, n, stage, 0, false);
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

    /** Copies elements {@code first} … of a strided view to a place in dense memory, or back; by runs within a row. */
    private static void walk(HostView view, long first, long count, MemorySegment dense, long place, boolean in) {
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
                copy(view.memory(), offset, dense, place + done * size, run * size, in);
            } else {
                for (long i = 0; i < run; i++) {
                    copy(view.memory(), offset + i * step, dense, place + (done + i) * size, size, in);
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

    private UploadRing ring() {
        if (ring == null) {
            ring = new UploadRing(driver);
        }
        return ring;
    }

    private MemorySegment stage() {
        if (staging == null) {
            staging = driver.staging(STAGING_BYTES);
        }
        return staging.memory();
    }

    @Override
    public synchronized void close() {
        queue.close();
        if (ring != null) {
            ring.close();
        }
        if (staging != null) {
            staging.close();
        }
    }
}
