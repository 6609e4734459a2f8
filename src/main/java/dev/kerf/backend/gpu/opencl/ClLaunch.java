package dev.kerf.backend.gpu.opencl;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Set;

/** A kernel object with its arguments set, and its geometry in native memory. */
final class ClLaunch extends ClObject implements Driver.Launch {
    private static final int INVALID_WORK_GROUP_SIZE = -54;

    private final OpenClDriver driver;
    private final String name;
    private final long[] global;
    private final long[] local;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment cell = arena.allocate(8, 8);
    private final long globalAddress;
    private final long localAddress;

    ClLaunch(OpenClDriver driver, Set<ClObject> open, long handle, String name, long[] global, long[] local) {
        super("launch of kernel " + name, handle, open);
        this.driver = driver;
        this.name = name;
        this.global = global.clone();
        this.local = local.clone();
        globalAddress = arena.allocateFrom(ValueLayout.JAVA_LONG, global).address();
        localAddress = arena.allocateFrom(ValueLayout.JAVA_LONG, local).address();
    }

    /** Throws if the geometry is malformed or its groups are larger than the kernel can have. */
    void checkGroup(long most) {
        boolean ok = global.length >= 1 && global.length <= 3 && global.length == local.length;
        long group = 1;
        for (int i = 0; ok && i < global.length; i++) {
            ok = local[i] >= 1 && global[i] >= 1 && global[i] % local[i] == 0;
            group *= local[i];
        }
        if (!ok || group > most) {
            throw new DeviceException("clEnqueueNDRangeKernel", INVALID_WORK_GROUP_SIZE,
                    ClStatus.name(INVALID_WORK_GROUP_SIZE), "of kernel " + name + ", " + Arrays.toString(global)
                            + " work-items in groups of " + Arrays.toString(local),
                    "groups must divide the work-items and have at most " + most + " on this device; take other parameters",
                    false);
        }
    }

    /** Sets an argument to a Buffer, Integer, Long or Float. */
    void set(int index, Object argument) {
        switch (argument) {
            case Driver.Buffer b -> argument(index, b);
            case Long l -> argument(index, (long) l);
            case Integer i -> {
                cell.set(ValueLayout.JAVA_INT, 0, i);
                set(index, 4);
            }
            case Float f -> {
                cell.set(ValueLayout.JAVA_FLOAT, 0, f);
                set(index, 4);
            }
            default -> throw new IllegalArgumentException("kernel " + name + ", argument " + index + ": " + argument);
        }
    }

    @Override
    public void argument(int index, Driver.Buffer buffer) {
        cell.set(ValueLayout.JAVA_LONG, 0, ((OpenClDriver.ClBuffer) buffer).handle());
        set(index, 8);
    }

    @Override
    public void argument(int index, long value) {
        cell.set(ValueLayout.JAVA_LONG, 0, value);
        set(index, 8);
    }

    private void set(int index, long bytes) {
        int status = driver.cl.clSetKernelArg(handle(), index, bytes, cell.address());
        if (status != ClStatus.SUCCESS) {
            throw driver.error(status, "clSetKernelArg", "of kernel " + name + ", argument " + index);
        }
    }

    /** Enqueues it; {@code event} is where to put an event, or 0. */
    void enqueue(long queue, long event) {
        int status = driver.cl.clEnqueueNDRangeKernel(
                queue, handle(), global.length, 0, globalAddress, localAddress, 0, 0, event);
        if (status != ClStatus.SUCCESS) {
            throw driver.error(status, "clEnqueueNDRangeKernel", "of kernel " + name + ", " + Arrays.toString(global)
                    + " work-items in groups of " + Arrays.toString(local));
        }
    }

    @Override
    void free(long handle) {
        arena.close();
        driver.check(driver.cl.clReleaseKernel(handle), "clReleaseKernel", "");
    }
}
