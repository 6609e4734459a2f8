package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.error.DeviceException;
import dev.kerf.error.UnsupportedOpException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Modules loaded in a context, one for each kernel and set of definitions. Two definitions say how a kernel is
 * launched, besides what its source makes of them: {@code KERF_DYNAMIC_LOCAL}, bytes of LOCAL memory that a group gets
 * at launch (needed above 48 KiB), and {@code KERF_CLUSTER}, groups along the first axis that run as a cluster.
 */
final class CuKernels {
    private static final int JIT_INFO_LOG_BUFFER = 3;
    private static final int JIT_INFO_LOG_BUFFER_SIZE_BYTES = 4;
    private static final int JIT_ERROR_LOG_BUFFER = 5;
    private static final int JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6;
    private static final int FUNC_MAX_THREADS_PER_BLOCK = 0;
    private static final int FUNC_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8;
    private static final int FUNC_NON_PORTABLE_CLUSTER_SIZE_ALLOWED = 14;
    private static final int PORTABLE_CLUSTER = 8;
    private static final int LOG_BYTES = 16 << 10;
    private static final int LOG_IN_MESSAGE = 4000;

    private final CuContext context;
    private final KernelImages images;
    private final Map<String, Loaded> loaded = new ConcurrentHashMap<>();

    CuKernels(CuContext context, KernelImages images) {
        this.context = context;
        this.images = images;
    }

    /**
     * A kernel in its module.
     *
     * @param module     {@code CUmodule}
     * @param function   {@code CUfunction}
     * @param name       its entry
     * @param mostItems  work-items that a group of it can have
     * @param dynamic    bytes of LOCAL memory given at launch
     * @param cluster    groups in a cluster along the first axis; 1 is none
     */
    record Loaded(long module, long function, String name, int mostItems, int dynamic, int cluster)
            implements
                Driver.Kernel {}

    /** A kernel, loaded if it isn't yet. */
    Loaded load(String name, Map<String, String> definitions) {
        return loaded.computeIfAbsent(name + " " + new TreeMap<>(definitions), k -> {
            KernelImages.Image image = images.find(name, definitions, context.device().chip());
            return load(name, definitions, image);
        });
    }

    private Loaded load(String name, Map<String, String> definitions, KernelImages.Image image) {
        CudaApi.Binding binding = context.cuda.binding();
        if (!binding.clusters() && !definitions.getOrDefault("KERF_CLUSTER", "1").equals("1")) {
            throw new UnsupportedOpException(binding.backend() + ": kernel " + name + " runs in clusters, and "
                    + binding.name() + " launches none; take other parameters, or the cuda back end");
        }
        CudaApi cuda = context.cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            long module = module(arena, cell, name, image);
            try {
                MemorySegment entry = arena.allocateFrom(name);
                context.call("cuModuleGetFunction", "of kernel " + name + " from " + image.origin(),
                        () -> cuda.cuModuleGetFunction(cell.address(), module, entry.address()));
                long function = cell.get(ValueLayout.JAVA_LONG, 0);
                int dynamic = Integer.parseInt(definitions.getOrDefault(KernelSource.DYNAMIC_LOCAL, "0"));
                int cluster = Integer.parseInt(definitions.getOrDefault("KERF_CLUSTER", "1"));
                if (dynamic > 0) {
                    set(function, FUNC_MAX_DYNAMIC_SHARED_SIZE_BYTES, dynamic, name + " with " + dynamic
                            + " bytes of local memory given at launch, of " + context.device().mostDynamic());
                }
                if (cluster > PORTABLE_CLUSTER) {
                    set(function, FUNC_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1, name + " in clusters of " + cluster);
                }
                context.call("cuFuncGetAttribute", "of kernel " + name,
                        () -> cuda.cuFuncGetAttribute(cell.address(), FUNC_MAX_THREADS_PER_BLOCK, function));
                int most = cell.get(ValueLayout.JAVA_INT, 0);
                return new Loaded(module, function, name, most, dynamic, cluster);
            } catch (RuntimeException e) {
                context.free("cuModuleUnload", () -> cuda.cuModuleUnload(module));
                throw e;
            }
        }
    }

    private void set(long function, int attribute, int value, String what) {
        context.call("cuFuncSetAttribute", "of kernel " + what,
                () -> context.cuda.cuFuncSetAttribute(function, attribute, value));
    }

    private long module(Arena arena, MemorySegment cell, String name, KernelImages.Image image) {
        // PTX ends in a 0; after machine code it does no harm.
        MemorySegment code = arena.allocate(image.bytes().length + 1L, 16);
        MemorySegment.copy(image.bytes(), 0, code, ValueLayout.JAVA_BYTE, 0, image.bytes().length);
        MemorySegment info = arena.allocate(LOG_BYTES);
        MemorySegment errors = arena.allocate(LOG_BYTES);
        MemorySegment options = arena.allocateFrom(ValueLayout.JAVA_INT, JIT_INFO_LOG_BUFFER,
                JIT_INFO_LOG_BUFFER_SIZE_BYTES, JIT_ERROR_LOG_BUFFER, JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
        MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_LONG, info.address(), LOG_BYTES, errors.address(),
                LOG_BYTES);
        context.enter();
        int status = context.cuda.cuModuleLoadDataEx(
                cell.address(), code.address(), 4, options.address(), values.address());
        context.leave();
        if (status != CuStatus.SUCCESS) {
            String log = (errors.getString(0) + "\n" + info.getString(0)).strip();
            String of = "of kernel " + name + " from " + image.origin();
            DeviceException e = context.error(status, "cuModuleLoadDataEx", of);
            throw log.isEmpty()
                    ? e
                    : new DeviceException("cuModuleLoadDataEx", status,
                            context.cuda.name(status), of + " on " + context.device().facts().info().name(),
                            CuStatus.advice(status) + ". The driver's compiler says:\n"
                                    + (log.length() <= LOG_IN_MESSAGE ? log : log.substring(0, LOG_IN_MESSAGE) + " …"),
                            false);
        }
        return cell.get(ValueLayout.JAVA_LONG, 0);
    }

    /**
     * Sizes of a kernel's first arguments in bytes; null where the binding or the driver can't tell. That there are
     * more isn't found out: asking past the last would be an error of the program's to tools that watch over its calls.
     */
    long[] sizes(Loaded kernel, int count) {
        if (!context.cuda.tellsParameters()) {
            return null;
        }
        long[] sizes = new long[count];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cells = arena.allocate(ValueLayout.JAVA_LONG, 2);
            for (int i = 0; i < count; i++) {
                long index = i;
                context.call("cuFuncGetParamInfo", "of kernel " + kernel.name() + ", argument " + i,
                        () -> context.cuda.cuFuncGetParamInfo(
                                kernel.function(), index, cells.address(), cells.address() + 8));
                sizes[i] = cells.getAtIndex(ValueLayout.JAVA_LONG, 1);
            }
        }
        return sizes;
    }

    /** Unloads all; nothing uses them any more. */
    void close() {
        CuContext.allOf(loaded.values().stream().<Runnable>map(k -> () -> context.free("cuModuleUnload",
                () -> context.cuda.cuModuleUnload(k.module()))).toList());
        loaded.clear();
    }
}
