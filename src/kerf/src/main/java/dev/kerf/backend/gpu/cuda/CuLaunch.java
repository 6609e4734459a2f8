package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * A launch laid out in native memory as {@code cuLaunchKernelEx} takes it: {@code CUlaunchConfig}, its attributes, a
 * pointer for each argument, and the arguments, 8 bytes each. A launch writes the stream into it and nothing else.
 */
final class CuLaunch extends CuObject implements Driver.Launch {
    static final long CONFIG_BYTES = 56;
    static final long CONFIG_GRID = 0;
    static final long CONFIG_BLOCK = 12;
    static final long CONFIG_SHARED = 24;
    static final long CONFIG_STREAM = 32;
    static final long CONFIG_ATTRIBUTES = 40;
    static final long CONFIG_COUNT = 48;
    static final long ATTRIBUTE_BYTES = 72;
    static final long ATTRIBUTE_VALUE = 8;
    static final int ATTRIBUTE_CLUSTER_DIMENSION = 4;

    private final CuKernels.Loaded kernel;
    private final long[] sizes;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment config;
    private final MemorySegment values;
    private final long pointers;
    private final String geometry;

    /** {@code sizes}: of each argument in bytes, or null where they aren't known. */
    CuLaunch(CuContext context, CuKernels.Loaded kernel, long[] sizes, long[] global, long[] local,
            List<Object> arguments) {
        super(context, "launch of kernel " + kernel.name(), kernel.function());
        this.kernel = kernel;
        this.sizes = sizes;
        this.geometry = Arrays.toString(global) + " work-items in groups of " + Arrays.toString(local);
        config = arena.allocate(CONFIG_BYTES + ATTRIBUTE_BYTES, 8);
        values = arena.allocate(ValueLayout.JAVA_LONG, Math.max(1, arguments.size()));
        MemorySegment table = arena.allocate(ValueLayout.JAVA_LONG, Math.max(1, arguments.size()));
        for (int i = 0; i < arguments.size(); i++) {
            table.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + 8L * i);
        }
        pointers = table.address();
        try {
            checkGeometry(global, local);
            configure(global, local);
            for (int i = 0; i < arguments.size(); i++) {
                set(i, arguments.get(i));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void checkGeometry(long[] global, long[] local) {
        boolean ok = global.length >= 1 && global.length <= 3 && global.length == local.length;
        long group = 1;
        long[] most = context.device().maxGrid();
        for (int i = 0; ok && i < global.length; i++) {
            ok = local[i] >= 1 && global[i] >= 1 && global[i] % local[i] == 0 && global[i] / local[i] <= most[i];
            group *= local[i];
        }
        if (!ok || group > kernel.mostItems() || global[0] / local[0] % kernel.cluster() != 0) {
            throw new DeviceException("cuLaunchKernelEx", CuStatus.INVALID_VALUE, CuContext.name(context.cuda, 1),
                    "of kernel " + kernel.name() + ", " + geometry + " on " + context.device().facts().info().name(),
                    "groups must divide the work-items and have at most " + kernel.mostItems()
                            + " of them, there can be " + Arrays.toString(most) + " groups, a multiple of "
                            + kernel.cluster() + "; take other parameters", false);
        }
    }

    private void configure(long[] global, long[] local) {
        for (int i = 0; i < 3; i++) {
            boolean axis = i < global.length;
            config.set(ValueLayout.JAVA_INT, CONFIG_GRID + 4L * i, axis ? (int) (global[i] / local[i]) : 1);
            config.set(ValueLayout.JAVA_INT, CONFIG_BLOCK + 4L * i, axis ? (int) local[i] : 1);
        }
        config.set(ValueLayout.JAVA_INT, CONFIG_SHARED, kernel.dynamic());
        if (kernel.cluster() > 1) {
            config.set(ValueLayout.JAVA_LONG, CONFIG_ATTRIBUTES, config.address() + CONFIG_BYTES);
            config.set(ValueLayout.JAVA_INT, CONFIG_COUNT, 1);
            config.set(ValueLayout.JAVA_INT, CONFIG_BYTES, ATTRIBUTE_CLUSTER_DIMENSION);
            config.set(ValueLayout.JAVA_INT, CONFIG_BYTES + ATTRIBUTE_VALUE, kernel.cluster());
            config.set(ValueLayout.JAVA_INT, CONFIG_BYTES + ATTRIBUTE_VALUE + 4, 1);
            config.set(ValueLayout.JAVA_INT, CONFIG_BYTES + ATTRIBUTE_VALUE + 8, 1);
        }
    }

    private void set(int index, Object argument) {
        switch (argument) {
            case Driver.Buffer b -> argument(index, b);
            case Long l -> argument(index, (long) l);
            case Integer i -> {
                checkSize(index, 4);
                values.set(ValueLayout.JAVA_INT, 8L * index, i);
            }
            case Float f -> {
                checkSize(index, 4);
                values.set(ValueLayout.JAVA_FLOAT, 8L * index, f);
            }
            default -> throw new IllegalArgumentException("kernel " + kernel.name() + ", argument " + index + ": "
                    + argument);
        }
    }

    @Override
    public void argument(int index, Driver.Buffer buffer) {
        argument(index, ((CuMemory.CuBuffer) buffer).handle());
    }

    @Override
    public void argument(int index, long value) {
        handle();
        checkSize(index, 8);
        values.set(ValueLayout.JAVA_LONG, 8L * index, value);
    }

    /** CUDA would read whatever lies there; where the driver tells, a wrong size is an error. */
    private void checkSize(int index, long bytes) {
        if (sizes != null && sizes[index] != bytes) {
            throw new IllegalArgumentException("kernel " + kernel.name() + ", argument " + index + " has " + sizes[index]
                    + " bytes, not " + bytes);
        }
    }

    /** Puts it into a stream; the context is current. Returns the status. */
    int enqueue(long stream) {
        config.set(ValueLayout.JAVA_LONG, CONFIG_STREAM, stream);
        return context.cuda.cuLaunchKernelEx(config.address(), kernel.function(), pointers, 0);
    }

    /** What a failed launch says. */
    DeviceException error(int status) {
        return context.error(status, "cuLaunchKernelEx", "of kernel " + kernel.name() + ", " + geometry);
    }

    @Override
    void free(long function) {
        arena.close();
    }
}
