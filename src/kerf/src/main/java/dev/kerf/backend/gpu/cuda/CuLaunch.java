package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Geometry;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * A launch laid out in native memory: a pointer for each argument and the arguments, 8 bytes each, besides what the
 * binding has {@linkplain CudaApi#prepare prepared}.
 */
final class CuLaunch extends NativeObject implements Driver.Launch {
    private final CuContext context;
    private final CuKernels.Loaded kernel;
    private final long[] sizes;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment values;
    private final Geometry geometry;
    private final CudaApi.Prepared prepared;
    private long changes;

    /** {@code sizes}: of each argument in bytes, or null where they aren't known. */
    CuLaunch(CuContext context, CuKernels.Loaded kernel, long[] sizes, Geometry geometry, List<Object> arguments) {
        super("launch of kernel " + kernel.name(), kernel.function(), context.open());
        this.context = context;
        this.kernel = kernel;
        this.sizes = sizes;
        this.geometry = geometry;
        values = arena.allocate(ValueLayout.JAVA_LONG, Math.max(1, arguments.size()));
        MemorySegment table = arena.allocate(ValueLayout.JAVA_LONG, Math.max(1, arguments.size()));
        for (int i = 0; i < arguments.size(); i++) {
            table.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + 8L * i);
        }
        try {
            checkGeometry();
            for (int i = 0; i < arguments.size(); i++) {
                set(i, arguments.get(i));
            }
            prepared = context.cuda.prepare(
                    kernel.function(), geometry, kernel.dynamic(), kernel.cluster(), table.address(), arena);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void checkGeometry() {
        long[] most = context.device().maxGrid();
        if (!geometry.fits(kernel.mostItems(), most) || geometry.groups(0) % kernel.cluster() != 0) {
            throw new DeviceException(context.cuda.binding().launch(), CuStatus.INVALID_VALUE,
                    context.cuda.name(CuStatus.INVALID_VALUE),
                    "of kernel " + kernel.name() + ", " + geometry + " on " + context.device().facts().info().name(),
                    "groups must divide the work-items and have at most " + kernel.mostItems()
                            + " of them, there can be " + Arrays.toString(most) + " groups, a multiple of "
                            + kernel.cluster() + "; take other parameters",
                    false);
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
        if (values.get(ValueLayout.JAVA_LONG, 8L * index) != value) {
            values.set(ValueLayout.JAVA_LONG, 8L * index, value);
            changes++;
        }
    }

    /** How often an argument became another. */
    long changes() {
        return changes;
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
        return prepared.enqueue(stream);
    }

    /** Adds it to a graph after the node at an address; its own node is put at another. */
    void add(long graph, long after, MemorySegment node) {
        String of = of();
        context.call("cuGraphAddKernelNode", of, () -> prepared.add(graph, after, node.address()));
        long made = node.get(ValueLayout.JAVA_LONG, 0);
        context.call("cuGraphKernelNodeSetAttribute", of, () -> prepared.cluster(made));
    }

    /** Gives a node of an executable graph the arguments as they are. */
    void update(long executable, long node) {
        handle();
        context.enter();
        int status = prepared.update(executable, node);
        context.leave();
        if (status != CuStatus.SUCCESS) {
            throw context.error(status, "cuGraphExecKernelNodeSetParams", of());
        }
    }

    /** What a failed launch says. */
    DeviceException error(int status) {
        return context.error(status, context.cuda.binding().launch(), of());
    }

    private String of() {
        return "of kernel " + kernel.name() + ", " + geometry;
    }

    @Override
    protected void free(long function) {
        arena.close();
    }
}
