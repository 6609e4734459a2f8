package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.backend.gpu.Polling;
import java.lang.foreign.MemorySegment;
import java.util.function.BooleanSupplier;

/**
 * A stream. Copies from and to pinned memory ({@link Driver#staging}) don't hold up the caller; the driver copies other
 * host memory by way of its own, and may wait for that.
 */
final class CuQueue extends NativeObject implements Driver.Queue {
    /** A flag of streams that the default stream of other CUDA users in the process doesn't wait for. */
    static final int NON_BLOCKING = 1;

    private final CuContext context;
    private final CuMemory memory;
    private final BooleanSupplier ended = this::ended;

    CuQueue(CuContext context, CuMemory memory, long handle) {
        super("queue", handle, context.open());
        this.context = context;
        this.memory = memory;
        memory.opened(handle);
    }

    @Override
    public void launch(Driver.Launch launch) {
        CuLaunch l = (CuLaunch) launch;
        long stream = handle();
        l.handle();
        context.enter();
        int status = l.enqueue(stream);
        context.leave();
        if (status != CuStatus.SUCCESS) {
            throw l.error(status);
        }
    }

    @Override
    public void launch(Driver.Launch launch, Driver.Timer timer) {
        CuTimer t = (CuTimer) timer;
        record(t.start());
        launch(launch);
        record(t.end());
    }

    private void record(long event) {
        long stream = handle();
        context.enter();
        int status = context.cuda.cuEventRecord(event, stream);
        context.leave();
        context.check(status, "cuEventRecord", "");
    }

    @Override
    public void replay(Driver.Recording recording) {
        long graph = ((CuRecording) recording).handle();
        long stream = handle();
        context.enter();
        int status = graph == CuRecording.EMPTY ? CuStatus.SUCCESS : context.cuda.cuGraphLaunch(graph, stream);
        context.leave();
        if (status != CuStatus.SUCCESS) {
            throw ((CuRecording) recording).error(status);
        }
    }

    @Override
    public void upload(Driver.Buffer to, long toOffset, MemorySegment from, long fromOffset, long bytes) {
        Driver.Queue.checkNative(from, fromOffset, bytes);
        long target = ((CuMemory.CuBuffer) to).range(toOffset, bytes);
        long stream = handle();
        context.enter();
        int status = context.cuda.cuMemcpyHtoDAsync(target, from.address() + fromOffset, bytes, stream);
        context.leave();
        context.check(status, "cuMemcpyHtoDAsync", "");
    }

    @Override
    public void download(Driver.Buffer from, long fromOffset, MemorySegment to, long toOffset, long bytes) {
        Driver.Queue.checkNative(to, toOffset, bytes);
        long source = ((CuMemory.CuBuffer) from).range(fromOffset, bytes);
        long stream = handle();
        context.enter();
        int status = context.cuda.cuMemcpyDtoHAsync(to.address() + toOffset, source, bytes, stream);
        context.leave();
        context.check(status, "cuMemcpyDtoHAsync", "");
    }

    @Override
    public void copy(Driver.Buffer from, long fromOffset, Driver.Buffer to, long toOffset, long bytes) {
        long source = ((CuMemory.CuBuffer) from).range(fromOffset, bytes);
        long target = ((CuMemory.CuBuffer) to).range(toOffset, bytes);
        long stream = handle();
        context.enter();
        int status = context.cuda.cuMemcpyDtoDAsync(target, source, bytes, stream);
        context.leave();
        context.check(status, "cuMemcpyDtoDAsync", "");
    }

    @Override
    public void zero(Driver.Buffer buffer, long offset, long bytes) {
        long target = ((CuMemory.CuBuffer) buffer).range(offset, bytes);
        long stream = handle();
        context.enter();
        int status = context.cuda.cuMemsetD8Async(target, (byte) 0, bytes, stream);
        context.leave();
        context.check(status, "cuMemsetD8Async", "");
    }

    @Override
    public void signal(Driver.Event event) {
        record(((CuEvent) event).handle());
    }

    @Override
    public void await(Driver.Event event) {
        long e = ((CuEvent) event).handle();
        long stream = handle();
        context.enter();
        int status = context.cuda.cuStreamWaitEvent(stream, e, 0);
        context.leave();
        context.check(status, "cuStreamWaitEvent", "");
    }

    @Override
    public void flush() {
        // A stream hands its work over at once.
        handle();
    }

    @Override
    public void synchronize() {
        long stream = handle();
        context.enter();
        int status = context.cuda.cuStreamSynchronize(stream);
        context.leave();
        context.check(status, "cuStreamSynchronize", "");
    }

    @Override
    public boolean synchronize(long nanos) {
        return Polling.until(ended, nanos);
    }

    private boolean ended() {
        long stream = handle();
        context.enter();
        int status = context.cuda.cuStreamQuery(stream);
        context.leave();
        if (status == CuStatus.NOT_READY) {
            return false;
        }
        context.check(status, "cuStreamQuery", "");
        return true;
    }

    @Override
    protected void free(long stream) {
        try {
            context.free("cuStreamSynchronize", () -> context.cuda.cuStreamSynchronize(stream));
        } finally {
            memory.closing(stream);
            context.free("cuStreamDestroy", () -> context.cuda.cuStreamDestroy(stream));
        }
    }
}
