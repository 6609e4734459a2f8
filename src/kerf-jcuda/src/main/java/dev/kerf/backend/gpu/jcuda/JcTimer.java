package dev.kerf.backend.gpu.jcuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.CuStatus;
import jcuda.driver.CUevent;
import jcuda.driver.JCudaDriver;

/** Two events, before and after a launch. Resolution: about half a microsecond. */
final class JcTimer extends JcObject implements Driver.Timer {
    private final CUevent start = new CUevent();
    private final CUevent end = new CUevent();
    private final float[] milliseconds = new float[1];

    /** The context is current. */
    JcTimer(JcContext context) {
        super(context, "timer");
        int first = JCudaDriver.cuEventCreate(start, 0);
        int status = first == CuStatus.SUCCESS ? JCudaDriver.cuEventCreate(end, 0) : first;
        if (status != CuStatus.SUCCESS) {
            context.open().remove(this);
            if (first == CuStatus.SUCCESS) {
                context.checkFree(JCudaDriver.cuEventDestroy(start), "cuEventDestroy");
            }
            throw context.error(status, "cuEventCreate", "");
        }
    }

    CUevent start() {
        checkOpen();
        return start;
    }

    CUevent end() {
        checkOpen();
        return end;
    }

    @Override
    public synchronized long nanos() {
        checkOpen();
        context.enter();
        int status = JCudaDriver.cuEventElapsedTime(milliseconds, start, end);
        context.leave();
        context.check(status, "cuEventElapsedTime", "");
        return Math.round(milliseconds[0] * 1e6);
    }

    @Override
    void free() {
        context.checkFree(JCudaDriver.cuEventDestroy(start), "cuEventDestroy");
        context.checkFree(JCudaDriver.cuEventDestroy(end), "cuEventDestroy");
    }
}
