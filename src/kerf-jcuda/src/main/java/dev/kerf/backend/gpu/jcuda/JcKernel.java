package dev.kerf.backend.gpu.jcuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.CuStatus;
import dev.kerf.backend.gpu.cuda.KernelImages;
import dev.kerf.error.DeviceException;
import dev.kerf.error.UnsupportedOpException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/**
 * A kernel in its module. JCuda 12.6 has no {@code cuLaunchKernelEx}, so there are no clusters.
 *
 * @param module    its module
 * @param function  what is launched
 * @param name      its entry
 * @param mostItems work-items that a group of it can have
 * @param dynamic   bytes of LOCAL memory given at launch
 */
record JcKernel(CUmodule module, CUfunction function, String name, int mostItems, int dynamic) implements Driver.Kernel {
    private static final int JIT_ERROR_LOG_BUFFER = 5;
    private static final int JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6;
    private static final int FUNC_MAX_THREADS_PER_BLOCK = 0;
    private static final int FUNC_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8;
    private static final int LOG_BYTES = 16 << 10;
    private static final int LOG_IN_MESSAGE = 4000;

    /** Loads code; the context is current. */
    static JcKernel load(JcContext context, String name, Map<String, String> definitions, KernelImages.Image image) {
        if (!definitions.getOrDefault("KERF_CLUSTER", "1").equals("1")) {
            throw new UnsupportedOpException("jcuda: kernel " + name + " runs in clusters, and JCuda 12.6 launches none; take "
                    + "other parameters, or the cuda back end");
        }
        CUmodule module = module(context, name, image);
        try {
            CUfunction function = new CUfunction();
            context.check(JCudaDriver.cuModuleGetFunction(function, module, name), "cuModuleGetFunction",
                    "of kernel " + name + " from " + image.origin());
            int dynamic = Integer.parseInt(definitions.getOrDefault("KERF_DYNAMIC_LOCAL", "0"));
            if (dynamic > 0) {
                context.check(JCudaDriver.cuFuncSetAttribute(function, FUNC_MAX_DYNAMIC_SHARED_SIZE_BYTES, dynamic),
                        "cuFuncSetAttribute", "of kernel " + name + " with " + dynamic
                        + " bytes of local memory given at launch, of " + context.device().mostDynamic());
            }
            int[] most = new int[1];
            context.check(JCudaDriver.cuFuncGetAttribute(most, FUNC_MAX_THREADS_PER_BLOCK, function), "cuFuncGetAttribute",
                    "of kernel " + name);
            return new JcKernel(module, function, name, most[0], dynamic);
        } catch (RuntimeException e) {
            context.checkFree(JCudaDriver.cuModuleUnload(module), "cuModuleUnload");
            throw e;
        }
    }

    private static CUmodule module(JcContext context, String name, KernelImages.Image image) {
        CUmodule module = new CUmodule();
        try (Arena arena = Arena.ofConfined()) {
            // PTX ends in a 0; after machine code it does no harm.
            MemorySegment code = arena.allocate(image.bytes().length + 1L, 16);
            MemorySegment.copy(image.bytes(), 0, code, ValueLayout.JAVA_BYTE, 0, image.bytes().length);
            MemorySegment log = arena.allocate(LOG_BYTES);
            MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_LONG, log.address(), LOG_BYTES);
            int status = JCudaDriver.cuModuleLoadDataEx(module, new Addresses.Host(code.address()), 2,
                    new int[] {JIT_ERROR_LOG_BUFFER, JIT_ERROR_LOG_BUFFER_SIZE_BYTES}, new Addresses.Host(values.address()));
            if (status != CuStatus.SUCCESS) {
                String says = log.getString(0).strip();
                throw new DeviceException("cuModuleLoadDataEx", status, JcDevices.name(status), "of kernel " + name + " from "
                        + image.origin() + " on " + context.device().facts().info().name(), CuStatus.advice(status)
                        + (says.isEmpty() ? "" : ". The driver's compiler says:\n"
                        + (says.length() <= LOG_IN_MESSAGE ? says : says.substring(0, LOG_IN_MESSAGE) + " …")), false);
            }
        }
        return module;
    }
}
