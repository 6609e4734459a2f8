package dev.kerf.backend.gpu.opencl;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.backend.gpu.Polling;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** An in-order command queue. */
final class ClQueue extends NativeObject implements Driver.Queue {
    private final OpenClDriver driver;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment zero = arena.allocate(16, 16);
    private final ClEvent tail;
    private final BooleanSupplier passed;

    ClQueue(OpenClDriver driver, Set<NativeObject> open, long handle) {
        super("queue", handle, open);
        this.driver = driver;
        this.tail = new ClEvent(driver, open);
        this.passed = tail::passed;
    }

    @Override
    public void launch(Driver.Launch launch) {
        ((ClLaunch) launch).enqueue(handle(), 0);
    }

    @Override
    public void launch(Driver.Launch launch, Driver.Timer timer) {
        ClEvent event = (ClEvent) timer;
        ((ClLaunch) launch).enqueue(handle(), event.fresh());
        event.take();
    }

    @Override
    public void replay(Driver.Recording recording) {
        for (ClLaunch launch : ((OpenClDriver.ClRecording) recording).launches()) {
            launch.enqueue(handle(), 0);
        }
    }

    @Override
    public void upload(Driver.Buffer to, long toOffset, MemorySegment from, long fromOffset, long bytes) {
        Driver.Queue.checkNative(from, fromOffset, bytes);
        driver.check(driver.cl.clEnqueueWriteBuffer(handle(), of(to), 0, toOffset, bytes, from.address() + fromOffset, 0, 0,
                0), "clEnqueueWriteBuffer", "");
    }

    @Override
    public void download(Driver.Buffer from, long fromOffset, MemorySegment to, long toOffset, long bytes) {
        Driver.Queue.checkNative(to, toOffset, bytes);
        driver.check(driver.cl.clEnqueueReadBuffer(handle(), of(from), 0, fromOffset, bytes, to.address() + toOffset, 0, 0,
                0), "clEnqueueReadBuffer", "");
    }

    @Override
    public void copy(Driver.Buffer from, long fromOffset, Driver.Buffer to, long toOffset, long bytes) {
        driver.check(driver.cl.clEnqueueCopyBuffer(handle(), of(from), of(to), fromOffset, toOffset, bytes, 0, 0, 0),
                "clEnqueueCopyBuffer", "");
    }

    @Override
    public void zero(Driver.Buffer buffer, long offset, long bytes) {
        driver.check(driver.cl.clEnqueueFillBuffer(handle(), of(buffer), zero.address(), 1, offset, bytes, 0, 0, 0),
                "clEnqueueFillBuffer", "");
    }

    @Override
    public void signal(Driver.Event event) {
        ClEvent e = (ClEvent) event;
        driver.check(driver.cl.clEnqueueMarkerWithWaitList(handle(), 0, 0, e.fresh()), "clEnqueueMarkerWithWaitList", "");
        e.take();
    }

    @Override
    public void await(Driver.Event event) {
        long list = ((ClEvent) event).list();
        if (list != 0) {
            driver.check(driver.cl.clEnqueueBarrierWithWaitList(handle(), 1, list, 0), "clEnqueueBarrierWithWaitList", "");
        }
    }

    @Override
    public void flush() {
        driver.check(driver.cl.clFlush(handle()), "clFlush", "");
    }

    @Override
    public void synchronize() {
        driver.check(driver.cl.clFinish(handle()), "clFinish", "");
    }

    @Override
    public boolean synchronize(long nanos) {
        signal(tail);
        flush();
        if (!Polling.until(passed, nanos)) {
            return false;
        }
        driver.check(tail.state(), "clGetEventInfo", "");
        return true;
    }

    private long of(Driver.Buffer buffer) {
        return ((OpenClDriver.ClBuffer) buffer).handle();
    }

    @Override
    protected void free(long handle) {
        int status = driver.cl.clFinish(handle);
        tail.close();
        arena.close();
        driver.check(driver.cl.clReleaseCommandQueue(handle), "clReleaseCommandQueue", "");
        driver.check(status, "clFinish", "");
    }
}
