package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Geometry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The layout of {@code CUlaunchConfig} and its attributes, as {@code cuLaunchKernelEx} takes them. */
final class LaunchConfig {
    static final long BYTES = 56;
    static final long GRID = 0;
    static final long BLOCK = 12;
    static final long SHARED = 24;
    static final long STREAM = 32;
    static final long ATTRIBUTES = 40;
    static final long COUNT = 48;
    static final long ATTRIBUTE_BYTES = 72;
    static final long ATTRIBUTE_VALUE = 8;
    static final int ATTRIBUTE_CLUSTER_DIMENSION = 4;

    private LaunchConfig() {}

    /** One in native memory, all but its stream filled in. */
    static MemorySegment of(Geometry geometry, int dynamic, int cluster, Arena arena) {
        MemorySegment config = arena.allocate(BYTES + ATTRIBUTE_BYTES, 8);
        for (int i = 0; i < 3; i++) {
            config.set(ValueLayout.JAVA_INT, GRID + 4L * i, geometry.groups(i));
            config.set(ValueLayout.JAVA_INT, BLOCK + 4L * i, geometry.items(i));
        }
        config.set(ValueLayout.JAVA_INT, SHARED, dynamic);
        if (cluster > 1) {
            config.set(ValueLayout.JAVA_LONG, ATTRIBUTES, config.address() + BYTES);
            config.set(ValueLayout.JAVA_INT, COUNT, 1);
            config.set(ValueLayout.JAVA_INT, BYTES, ATTRIBUTE_CLUSTER_DIMENSION);
            config.set(ValueLayout.JAVA_INT, BYTES + ATTRIBUTE_VALUE, cluster);
            config.set(ValueLayout.JAVA_INT, BYTES + ATTRIBUTE_VALUE + 4, 1);
            config.set(ValueLayout.JAVA_INT, BYTES + ATTRIBUTE_VALUE + 8, 1);
        }
        return config;
    }
}
