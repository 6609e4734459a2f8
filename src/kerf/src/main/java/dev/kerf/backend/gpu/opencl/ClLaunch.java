package dev.kerf.backend.gpu.opencl;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Geometry;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;

/** A kernel object with its arguments set, and its geometry in native memory. */
final class ClLaunch extends NativeObject implements Driver.Launch {
    private static final int INVALID_WORK_GROUP_SIZE = -54;

    private final OpenClDriver driver;
    private final String name;
    private final Geometry geometry;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment cell = arena.allocate(8, 8);
    private final long globalAddress;
    private final long localAddress;

    ClLaunch(OpenClDriver driver, Set<NativeObject> open, long handle, String name, Geometry geometry) {
        super("launch of kernel " + name, handle, open);
        this.driver = driver;
        this.name = name;
        this.geometry = geometry;
        globalAddress = arena.allocateFrom(ValueLayout.JAVA_LONG, geometry.global()).address();
        localAddress = arena.allocateFrom(ValueLayout.JAVA_LONG, geometry.local()).address();
    }

    /** Throws if the geometry is malformed or its groups are larger than the kernel can have. */
    void checkGroup(long most) {
        if (!geometry.fits(most)) {
            throw new DeviceException("clEnqueueNDRangeKernel", INVALID_WORK_GROUP_SIZE,
                    ClStatus.name(INVALID_WORK_GROUP_SIZE), "of kernel " + name + ", " + geometry,
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
                queue, handle(), geometry.global().length, 0, globalAddress, localAddress, 0, 0, event);
        if (status != ClStatus.SUCCESS) {
            throw driver.error(status, "clEnqueueNDRangeKernel", "of kernel " + name + ", " + geometry);
        }
    }

    @Override
    protected void free(long handle) {
        arena.close();
        driver.check(driver.cl.clReleaseKernel(handle), "clReleaseKernel", "");
    }
}
