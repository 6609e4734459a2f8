package dev.kerf.backend.gpu.jcuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.CuStatus;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * A launch whose arguments lie in native memory, 8 bytes each, with a pointer for each: JCuda hands the table on as it is,
 * and builds nothing when the kernel is launched.
 */
final class JcLaunch extends JcObject implements Driver.Launch {
    private final JcKernel kernel;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment values;
    private final Addresses.Host table;
    private final int[] grid = {1, 1, 1};
    private final int[] block = {1, 1, 1};
    private final String geometry;

    JcLaunch(JcContext context, JcKernel kernel, long[] global, long[] local, List<Object> arguments) {
        super(context, "launch of kernel " + kernel.name());
        this.kernel = kernel;
        this.geometry = Arrays.toString(global) + " work-items in groups of " + Arrays.toString(local);
        int count = Math.max(1, arguments.size());
        values = arena.allocate(ValueLayout.JAVA_LONG, count);
        MemorySegment pointers = arena.allocate(ValueLayout.JAVA_LONG, count);
        for (int i = 0; i < count; i++) {
            pointers.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + 8L * i);
        }
        table = new Addresses.Host(pointers.address());
        try {
            configure(global, local);
            for (int i = 0; i < arguments.size(); i++) {
                set(i, arguments.get(i));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void configure(long[] global, long[] local) {
        boolean ok = global.length >= 1 && global.length <= 3 && global.length == local.length;
        long group = 1;
        long[] most = context.device().maxGrid();
        for (int i = 0; ok && i < global.length; i++) {
            ok = local[i] >= 1 && global[i] >= 1 && global[i] % local[i] == 0 && global[i] / local[i] <= most[i];
            group *= local[i];
            if (ok) {
                grid[i] = (int) (global[i] / local[i]);
                block[i] = (int) local[i];
            }
        }
        if (!ok || group > kernel.mostItems()) {
            throw new DeviceException("cuLaunchKernel", CuStatus.INVALID_VALUE, JcDevices.name(CuStatus.INVALID_VALUE),
                    "of kernel " + kernel.name() + ", " + geometry + " on " + context.device().facts().info().name(),
                    "groups must divide the work-items and have at most " + kernel.mostItems() + " of them, there can be "
                            + Arrays.toString(most) + " groups; take other parameters", false);
        }
    }

    private void set(int index, Object argument) {
        switch (argument) {
            case Driver.Buffer b -> argument(index, b);
            case Long l -> argument(index, (long) l);
            case Integer i -> values.set(ValueLayout.JAVA_INT, 8L * index, i);
            case Float f -> values.set(ValueLayout.JAVA_FLOAT, 8L * index, f);
            default -> throw new IllegalArgumentException("kernel " + kernel.name() + ", argument " + index + ": "
                    + argument);
        }
    }

    @Override
    public void argument(int index, Driver.Buffer buffer) {
        argument(index, ((JcBuffer) buffer).start().address());
    }

    @Override
    public void argument(int index, long value) {
        checkOpen();
        values.set(ValueLayout.JAVA_LONG, 8L * index, value);
    }

    /** Puts it into a stream; the context is current. Returns the status. */
    int enqueue(CUstream stream) {
        return JCudaDriver.cuLaunchKernel(kernel.function(), grid[0], grid[1], grid[2], block[0], block[1], block[2],
                kernel.dynamic(), stream, table, null);
    }

    /** What a failed launch says. */
    DeviceException error(int status) {
        return context.error(status, "cuLaunchKernel", "of kernel " + kernel.name() + ", " + geometry);
    }

    @Override
    void free() {
        arena.close();
    }
}
