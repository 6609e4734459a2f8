package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;

/** A point in a stream. */
final class CuEvent extends NativeObject implements Driver.Event {
    /** A flag of events that need not be timed: cheaper to record and to wait for. */
    static final int DISABLE_TIMING = 2;

    private final CuContext context;

    CuEvent(CuContext context, long handle) {
        super("event", handle, context.open());
        this.context = context;
    }

    @Override
    public boolean passed() {
        long event = handle();
        context.enter();
        int status = context.cuda.cuEventQuery(event);
        context.leave();
        // Work that failed has ended, too; whoever waits for it is told.
        if (status != CuStatus.NOT_READY && !CuStatus.lost(status)) {
            context.check(status, "cuEventQuery", "");
        }
        return status != CuStatus.NOT_READY;
    }

    @Override
    public void await() {
        long event = handle();
        context.enter();
        int status = context.cuda.cuEventSynchronize(event);
        context.leave();
        context.check(status, "cuEventSynchronize", "");
    }

    @Override
    protected void free(long event) {
        context.free("cuEventDestroy", () -> context.cuda.cuEventDestroy(event));
    }
}
