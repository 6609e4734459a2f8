package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntSupplier;

/**
 * A device's primary context, which it shares with other users of CUDA in the process, and what every call needs: the
 * library, the check of its status, and the context made current.
 *
 * <h2>Threads</h2>
 * CUDA keeps a current context for each thread of the operating system. Kerf relies on none: {@link #enter} pushes its
 * own before a call and {@link #leave} pops it after, so any thread may call, and whatever context it had stays its
 * current one. Between the two are native calls only: a virtual thread that waited for a lock there could go on as
 * another thread of the system, where the context isn't current.
 */
final class CuContext {
    final CudaApi cuda;

    private final CudaDevices.Found device;
    private final long handle;
    private final Set<NativeObject> open = ConcurrentHashMap.newKeySet();
    // Freed with this object: a thread may still be in leave() when another closes.
    private final MemorySegment popped = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);
    private volatile boolean lost;
    private volatile boolean closed;

    CuContext(CudaApi cuda, CudaDevices.Found device) {
        this.cuda = cuda;
        this.device = device;
        try (Arena local = Arena.ofConfined()) {
            MemorySegment context = local.allocate(ValueLayout.JAVA_LONG);
            check(cuda.cuDevicePrimaryCtxRetain(context.address(), device.handle()), "cuDevicePrimaryCtxRetain", "");
            handle = context.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** What the device is. */
    CudaDevices.Found device() {
        return device;
    }

    /** What was made and isn't closed. */
    Set<NativeObject> open() {
        return open;
    }

    /**
     * Makes the context current until {@link #leave}; in between is nothing that throws or waits for another thread.
     */
    void enter() {
        if (closed) {
            throw new ClosedException("the device " + device.facts().info().name() + " is closed");
        }
        check(cuda.cuCtxPushCurrent(handle), "cuCtxPushCurrent", "");
    }

    /** Makes the thread's context from before {@link #enter} current. */
    void leave() {
        check(cuda.cuCtxPopCurrent(popped.address()), "cuCtxPopCurrent", "");
    }

    /**
     * Throws unless a call succeeded. {@code where} is a constant or made only in case of an error where speed counts.
     */
    void check(int status, String call, String where) {
        if (status != CuStatus.SUCCESS) {
            throw error(status, call, where);
        }
    }

    /** Makes a call in the context and throws unless it succeeded; for where allocating doesn't matter. */
    void call(String name, String where, IntSupplier call) {
        enter();
        int status = call.getAsInt();
        leave();
        check(status, name, where);
    }

    /** Makes a call that frees: what failed before it, and cost the context, is told by those who wait for work. */
    void free(String name, IntSupplier call) {
        enter();
        int status = call.getAsInt();
        leave();
        checkFree(status, name);
    }

    /** Takes all steps, whatever fails, then throws the first error. */
    static void allOf(List<Runnable> steps) {
        DeviceException first = null;
        for (Runnable step : steps) {
            try {
                step.run();
            } catch (DeviceException e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }

    private void checkFree(int status, String call) {
        if (CuStatus.lost(status)) {
            lost = true;
        }
        if (!lost) {
            check(status, call, "");
        }
    }

    /** An error that names the call, its status, the kernel or size, and the device. */
    DeviceException error(int status, String call, String where) {
        if (CuStatus.lost(status)) {
            lost = true;
        }
        String on = (where + " on " + device.facts().info().name()).strip();
        String advice = CuStatus.advice(status);
        if (status == CuStatus.OUT_OF_MEMORY) {
            advice = "the device has " + Driver.Buffer.size(device.facts().info().memoryBytes()) + ", of which "
                    + free() + " are free; use smaller tiles or batches, float16, or set a memory limit";
        }
        return new DeviceException(call, status, cuda.name(status), on, advice, status == CuStatus.OUT_OF_MEMORY);
    }

    /** Memory that is free on the device, whoever took the rest. */
    private String free() {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment cells = local.allocate(ValueLayout.JAVA_LONG, 2);
            enter();
            int status = cuda.cuMemGetInfo(cells.address(), cells.address() + 8);
            leave();
            return status == CuStatus.SUCCESS
                    ? Driver.Buffer.size(cells.get(ValueLayout.JAVA_LONG, 0))
                    : "an unknown number";
        }
    }

    /** Gives the context back; everything made in it is closed. */
    void close() {
        closed = true;
        checkFree(cuda.cuDevicePrimaryCtxRelease(device.handle()), "cuDevicePrimaryCtxRelease");
    }
}
