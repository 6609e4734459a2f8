package dev.kerf.backend.gpu.jcuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.CuStatus;
import jcuda.driver.CUevent;
import jcuda.driver.JCudaDriver;

/** A point in a stream. */
final class JcEvent extends JcObject implements Driver.Event {
    /** A flag of events that need not be timed: cheaper to record and to wait for. */
    private static final int DISABLE_TIMING = 2;

    private final CUevent event = new CUevent();

    /** The context is current. */
    JcEvent(JcContext context) {
        super(context, "event");
        int status = JCudaDriver.cuEventCreate(event, DISABLE_TIMING);
        if (status != CuStatus.SUCCESS) {
            context.open().remove(this);
            throw context.error(status, "cuEventCreate", "");
        }
    }

    CUevent handle() {
        checkOpen();
        return event;
    }

    @Override
    public boolean passed() {
        CUevent e = handle();
        context.enter();
        int status = JCudaDriver.cuEventQuery(e);
        context.leave();
        // Work that failed has ended, too; whoever waits for it is told.
        if (status != CuStatus.NOT_READY && !CuStatus.lost(status)) {
            context.check(status, "cuEventQuery", "");
        }
        return status != CuStatus.NOT_READY;
    }

    @Override
    public void await() {
        CUevent e = handle();
        context.enter();
        int status = JCudaDriver.cuEventSynchronize(e);
        context.leave();
        context.check(status, "cuEventSynchronize", "");
    }

    @Override
    void free() {
        context.checkFree(JCudaDriver.cuEventDestroy(event), "cuEventDestroy");
    }
}
