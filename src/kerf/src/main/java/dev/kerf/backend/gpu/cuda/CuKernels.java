package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.DeviceException;
import dev.kerf.error.UnsupportedOpException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Modules loaded in a context, one for each kernel and set of definitions. Two definitions say how a kernel is
 * launched, besides what its source makes of them: {@code KERF_DYNAMIC_LOCAL}, bytes of LOCAL memory that a group gets
 * at launch (needed above 48 KiB), and {@code KERF_CLUSTER}, groups along the first axis that run as a cluster.
 */
final class CuKernels {
    private static final int FUNC_MAX_THREADS_PER_BLOCK = 0;
    private static final int FUNC_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8;
    private static final int FUNC_NON_PORTABLE_CLUSTER_SIZE_ALLOWED = 14;
    private static final int PORTABLE_CLUSTER = 8;

    private final CuContext context;
    private final KernelImages images;
    private final CuCode code;
    private final Map<String, Loaded> loaded = new ConcurrentHashMap<>();

    CuKernels(CuContext context, KernelImages images) {
        this.context = context;
        this.images = images;
        this.code = new CuCode(context, images);
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
            Iterator<KernelImages.Image> all = images.all(name, definitions, context.device().chip()).iterator();
            DeviceException refused = null;
            do {
                try {
                    return load(name, definitions, all.next());
                } catch (DeviceException e) {
                    if (!CuStatus.refusesCode(e.status())) {
                        throw e;
                    }
                    refused = with(refused, e);
                }
            } while (more(all, refused));
            throw refused;
        });
    }

    private static DeviceException with(DeviceException first, DeviceException next) {
        if (first == null) {
            return next;
        }
        first.addSuppressed(next);
        return first;
    }

    /** Whether there is other code than what was refused: that there is no compiler says less than the refusal. */
    private static boolean more(Iterator<KernelImages.Image> all, DeviceException refused) {
        try {
            return all.hasNext();
        } catch (BackendUnavailableException e) {
            refused.addSuppressed(e);
            return false;
        }
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
            long module = code.module(name, image);
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
