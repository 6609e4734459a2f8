package dev.kerf.backend.gpu.jcuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.CuStatus;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/** A stream. Copies from and to pinned memory ({@link Driver#staging}) don't hold up the caller. */
final class JcQueue extends JcObject implements Driver.Queue {
    private static final long SPIN = 50_000;
    private static final long FIRST_PAUSE = 20_000;
    private static final long LONGEST_PAUSE = 1_000_000;

    private final CUstream stream;
    private final Addresses addresses = new Addresses();

    JcQueue(JcContext context, CUstream stream) {
        super(context, "queue");
        this.stream = stream;
    }

    @Override
    public void launch(Driver.Launch launch) {
        JcLaunch l = (JcLaunch) launch;
        checkOpen();
        l.checkOpen();
        context.enter();
        int status = l.enqueue(stream);
        context.leave();
        if (status != CuStatus.SUCCESS) {
            throw l.error(status);
        }
    }

    @Override
    public void launch(Driver.Launch launch, Driver.Timer timer) {
        JcTimer t = (JcTimer) timer;
        record(t.start());
        launch(launch);
        record(t.end());
    }

    private void record(CUevent event) {
        checkOpen();
        context.enter();
        int status = JCudaDriver.cuEventRecord(event, stream);
        context.leave();
        context.check(status, "cuEventRecord", "");
    }

    @Override
    public void replay(Driver.Recording recording) {
        JcRecording r = (JcRecording) recording;
        checkOpen();
        r.checkOpen();
        context.enter();
        int status = r.enqueue(stream);
        context.leave();
        if (status != CuStatus.SUCCESS) {
            throw r.error(status);
        }
    }

    @Override
    public void upload(Driver.Buffer to, long toOffset, MemorySegment from, long fromOffset, long bytes) {
        checkOpen();
        check(from, fromOffset, bytes);
        CUdeviceptr target = addresses.device(((JcBuffer) to).start(toOffset, bytes), toOffset);
        Pointer source = addresses.host(from.address() + fromOffset);
        context.enter();
        int status = JCudaDriver.cuMemcpyHtoDAsync(target, source, bytes, stream);
        context.leave();
        context.check(status, "cuMemcpyHtoDAsync", "");
    }

    @Override
    public void download(Driver.Buffer from, long fromOffset, MemorySegment to, long toOffset, long bytes) {
        checkOpen();
        check(to, toOffset, bytes);
        CUdeviceptr source = addresses.device(((JcBuffer) from).start(fromOffset, bytes), fromOffset);
        Pointer target = addresses.host(to.address() + toOffset);
        context.enter();
        int status = JCudaDriver.cuMemcpyDtoHAsync(target, source, bytes, stream);
        context.leave();
        context.check(status, "cuMemcpyDtoHAsync", "");
    }

    @Override
    public void copy(Driver.Buffer from, long fromOffset, Driver.Buffer to, long toOffset, long bytes) {
        checkOpen();
        CUdeviceptr source = addresses.device(((JcBuffer) from).start(fromOffset, bytes), fromOffset);
        CUdeviceptr target = addresses.device(((JcBuffer) to).start(toOffset, bytes), toOffset);
        context.enter();
        int status = JCudaDriver.cuMemcpyDtoDAsync(target, source, bytes, stream);
        context.leave();
        context.check(status, "cuMemcpyDtoDAsync", "");
    }

    @Override
    public void zero(Driver.Buffer buffer, long offset, long bytes) {
        checkOpen();
        CUdeviceptr target = addresses.device(((JcBuffer) buffer).start(offset, bytes), offset);
        context.enter();
        int status = JCudaDriver.cuMemsetD8Async(target, (byte) 0, bytes, stream);
        context.leave();
        context.check(status, "cuMemsetD8Async", "");
    }

    @Override
    public void signal(Driver.Event event) {
        record(((JcEvent) event).handle());
    }

    @Override
    public void await(Driver.Event event) {
        CUevent e = ((JcEvent) event).handle();
        checkOpen();
        context.enter();
        int status = JCudaDriver.cuStreamWaitEvent(stream, e, 0);
        context.leave();
        context.check(status, "cuStreamWaitEvent", "");
    }

    @Override
    public void flush() {
        // A stream hands its work over at once.
        checkOpen();
    }

    @Override
    public void synchronize() {
        checkOpen();
        context.enter();
        int status = JCudaDriver.cuStreamSynchronize(stream);
        context.leave();
        context.check(status, "cuStreamSynchronize", "");
    }

    @Override
    public boolean synchronize(long nanos) {
        // CUDA has no wait with a limit: look again, at first all the time, then after pauses that grow.
        long start = System.nanoTime();
        long pause = FIRST_PAUSE;
        while (true) {
            checkOpen();
            context.enter();
            int status = JCudaDriver.cuStreamQuery(stream);
            context.leave();
            if (status != CuStatus.NOT_READY) {
                context.check(status, "cuStreamQuery", "");
                return true;
            }
            long spent = System.nanoTime() - start;
            if (spent >= nanos) {
                return false;
            }
            if (spent < SPIN) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(Math.min(pause, nanos - spent));
                pause = Math.min(pause * 2, LONGEST_PAUSE);
            }
        }
    }

    private static void check(MemorySegment memory, long offset, long bytes) {
        if (!memory.isNative() || offset < 0 || bytes < 0 || offset > memory.byteSize() - bytes) {
            throw new IllegalArgumentException("bytes " + offset + " to " + (offset + bytes) + " of " + memory);
        }
    }

    @Override
    void free() {
        int status = JCudaDriver.cuStreamSynchronize(stream);
        context.checkFree(JCudaDriver.cuStreamDestroy(stream), "cuStreamDestroy");
        context.checkFree(status, "cuStreamSynchronize");
    }
}
