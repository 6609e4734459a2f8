package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Geometry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The layout of {@code CUDA_KERNEL_NODE_PARAMS_v1}, as {@code cuGraphAddKernelNode} and {@code
 * cuGraphExecKernelNodeSetParams} have taken it since before 11.8.
 */
final class NodeParameters {
    static final long BYTES = 56;
    static final long FUNCTION = 0;
    static final long GRID = 8;
    static final long BLOCK = 20;
    static final long SHARED = 32;
    static final long ARGUMENTS = 40;

    private NodeParameters() {}

    /** One in native memory. */
    static MemorySegment of(long function, Geometry geometry, int dynamic, long arguments, Arena arena) {
        MemorySegment parameters = arena.allocate(BYTES, 8);
        parameters.set(ValueLayout.JAVA_LONG, FUNCTION, function);
        for (int i = 0; i < 3; i++) {
            parameters.set(ValueLayout.JAVA_INT, GRID + 4L * i, geometry.groups(i));
            parameters.set(ValueLayout.JAVA_INT, BLOCK + 4L * i, geometry.items(i));
        }
        parameters.set(ValueLayout.JAVA_INT, SHARED, dynamic);
        parameters.set(ValueLayout.JAVA_LONG, ARGUMENTS, arguments);
        return parameters;
    }
}
