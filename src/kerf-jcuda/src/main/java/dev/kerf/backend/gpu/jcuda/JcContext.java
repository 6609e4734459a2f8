package dev.kerf.backend.gpu.jcuda;

import dev.kerf.backend.gpu.cuda.CuStatus;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.driver.CUcontext;
import jcuda.driver.JCudaDriver;

/**
 * A device's primary context and the check of statuses. CUDA keeps a current context for each thread of the operating
 * system: {@link #enter} pushes this one before a call and {@link #leave} pops it after, so that any thread may call, and
 * whatever context it had stays its current one.
 */
final class JcContext {
    private final JcDevices.Found device;
    private final CUcontext handle = new CUcontext();
    /** Written by every pop and never read. */
    private final CUcontext popped = new CUcontext();
    private final Set<JcObject> open = ConcurrentHashMap.newKeySet();
    private volatile boolean lost;
    private volatile boolean closed;

    JcContext(JcDevices.Found device) {
        this.device = device;
        check(JCudaDriver.cuDevicePrimaryCtxRetain(handle, device.handle()), "cuDevicePrimaryCtxRetain", "");
    }

    JcDevices.Found device() {
        return device;
    }

    /** What was made and isn't closed. */
    Set<JcObject> open() {
        return open;
    }

    /** Makes the context current; what lies between this and {@link #leave} must not throw, or leave in any case. */
    void enter() {
        if (closed) {
            throw new ClosedException("the device " + device.facts().info().name() + " is closed");
        }
        check(JCudaDriver.cuCtxPushCurrent(handle), "cuCtxPushCurrent", "");
    }

    /** Makes the thread's context from before {@link #enter} current. */
    void leave() {
        check(JCudaDriver.cuCtxPopCurrent(popped), "cuCtxPopCurrent", "");
    }

    /** Throws unless a call succeeded. */
    void check(int status, String call, String where) {
        if (status != CuStatus.SUCCESS) {
            throw error(status, call, where);
        }
    }

    /** Checks a call that frees: what failed before it, and cost the context, is told by those who wait for work. */
    void checkFree(int status, String call) {
        lost |= CuStatus.lost(status);
        if (!lost) {
            check(status, call, "");
        }
    }

    /** An error that names the call, its status, the kernel or size, and the device. */
    DeviceException error(int status, String call, String where) {
        lost |= CuStatus.lost(status);
        String on = (where + " on " + device.facts().info().name()).strip();
        boolean memory = status == CuStatus.OUT_OF_MEMORY;
        return new DeviceException(call, status, JcDevices.name(status), on, memory ? "the device has "
                + size(device.facts().info().memoryBytes()) + "; use smaller tiles or batches, float16, or set a memory limit"
                : CuStatus.advice(status), memory);
    }

    /** Gives the context back; everything made in it is closed. */
    void close() {
        closed = true;
        checkFree(JCudaDriver.cuDevicePrimaryCtxRelease(device.handle()), "cuDevicePrimaryCtxRelease");
    }

    /** A number of bytes for people. */
    static String size(long bytes) {
        return bytes < 1 << 20 ? bytes + " bytes" : String.format(Locale.ROOT, "%.1f MiB", bytes / 0x1p20);
    }
}
