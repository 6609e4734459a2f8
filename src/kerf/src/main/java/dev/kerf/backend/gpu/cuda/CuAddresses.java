package dev.kerf.backend.gpu.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.Map;

/** Where the functions of a libcuda lie, by the names that {@code cuda.h} gives them. */
final class CuAddresses {
    /** Functions whose symbol in the library isn't the name that {@code cuda.h} gives them. */
    private static final Map<String, String> SYMBOLS = Map.ofEntries(
            Map.entry("cuDeviceTotalMem", "cuDeviceTotalMem_v2"),
            Map.entry("cuDevicePrimaryCtxRelease", "cuDevicePrimaryCtxRelease_v2"),
            Map.entry("cuCtxPushCurrent", "cuCtxPushCurrent_v2"),
            Map.entry("cuCtxPopCurrent", "cuCtxPopCurrent_v2"),
            Map.entry("cuMemGetInfo", "cuMemGetInfo_v2"),
            Map.entry("cuMemAlloc", "cuMemAlloc_v2"),
            Map.entry("cuMemFree", "cuMemFree_v2"),
            Map.entry("cuLinkCreate", "cuLinkCreate_v2"),
            Map.entry("cuLinkAddData", "cuLinkAddData_v2"),
            Map.entry("cuStreamDestroy", "cuStreamDestroy_v2"),
            Map.entry("cuEventDestroy", "cuEventDestroy_v2"),
            Map.entry("cuMemcpyHtoDAsync", "cuMemcpyHtoDAsync_v2"),
            Map.entry("cuMemcpyDtoHAsync", "cuMemcpyDtoHAsync_v2"),
            Map.entry("cuMemcpyDtoDAsync", "cuMemcpyDtoDAsync_v2"),
            Map.entry("cuGraphInstantiate", "cuGraphInstantiateWithFlags"));

    private final SymbolLookup functions;
    final MemorySegment cuInit = address("cuInit");
    final MemorySegment cuDriverGetVersion = address("cuDriverGetVersion");
    final MemorySegment cuGetErrorName = address("cuGetErrorName");
    final MemorySegment cuDeviceGetCount = address("cuDeviceGetCount");
    final MemorySegment cuDeviceGet = address("cuDeviceGet");
    final MemorySegment cuDeviceGetName = address("cuDeviceGetName");
    final MemorySegment cuDeviceGetAttribute = address("cuDeviceGetAttribute");
    final MemorySegment cuDeviceTotalMem = address("cuDeviceTotalMem");
    final MemorySegment cuDevicePrimaryCtxRetain = address("cuDevicePrimaryCtxRetain");
    final MemorySegment cuDevicePrimaryCtxRelease = address("cuDevicePrimaryCtxRelease");
    final MemorySegment cuCtxPushCurrent = address("cuCtxPushCurrent");
    final MemorySegment cuCtxPopCurrent = address("cuCtxPopCurrent");
    final MemorySegment cuMemGetInfo = address("cuMemGetInfo");
    final MemorySegment cuLinkCreate = address("cuLinkCreate");
    final MemorySegment cuLinkAddData = address("cuLinkAddData");
    final MemorySegment cuLinkComplete = address("cuLinkComplete");
    final MemorySegment cuLinkDestroy = address("cuLinkDestroy");
    final MemorySegment cuModuleLoadDataEx = address("cuModuleLoadDataEx");
    final MemorySegment cuModuleUnload = address("cuModuleUnload");
    final MemorySegment cuModuleGetFunction = address("cuModuleGetFunction");
    final MemorySegment cuFuncGetAttribute = address("cuFuncGetAttribute");
    final MemorySegment cuFuncSetAttribute = address("cuFuncSetAttribute");
    final MemorySegment cuMemAlloc = address("cuMemAlloc");
    final MemorySegment cuMemFree = address("cuMemFree");
    final MemorySegment cuMemPoolCreate = address("cuMemPoolCreate");
    final MemorySegment cuMemPoolDestroy = address("cuMemPoolDestroy");
    final MemorySegment cuMemPoolSetAttribute = address("cuMemPoolSetAttribute");
    final MemorySegment cuMemAllocFromPoolAsync = address("cuMemAllocFromPoolAsync");
    final MemorySegment cuMemFreeAsync = address("cuMemFreeAsync");
    final MemorySegment cuMemHostAlloc = address("cuMemHostAlloc");
    final MemorySegment cuMemFreeHost = address("cuMemFreeHost");
    final MemorySegment cuStreamCreate = address("cuStreamCreate");
    final MemorySegment cuStreamDestroy = address("cuStreamDestroy");
    final MemorySegment cuStreamQuery = address("cuStreamQuery");
    final MemorySegment cuStreamSynchronize = address("cuStreamSynchronize");
    final MemorySegment cuStreamWaitEvent = address("cuStreamWaitEvent");
    final MemorySegment cuEventCreate = address("cuEventCreate");
    final MemorySegment cuEventDestroy = address("cuEventDestroy");
    final MemorySegment cuEventRecord = address("cuEventRecord");
    final MemorySegment cuEventQuery = address("cuEventQuery");
    final MemorySegment cuEventSynchronize = address("cuEventSynchronize");
    final MemorySegment cuEventElapsedTime = address("cuEventElapsedTime");
    final MemorySegment cuMemcpyHtoDAsync = address("cuMemcpyHtoDAsync");
    final MemorySegment cuMemcpyDtoHAsync = address("cuMemcpyDtoHAsync");
    final MemorySegment cuMemcpyDtoDAsync = address("cuMemcpyDtoDAsync");
    final MemorySegment cuMemsetD8Async = address("cuMemsetD8Async");
    final MemorySegment cuLaunchKernelEx = address("cuLaunchKernelEx");
    final MemorySegment cuGraphCreate = address("cuGraphCreate");
    final MemorySegment cuGraphAddKernelNode = address("cuGraphAddKernelNode");
    final MemorySegment cuGraphKernelNodeSetAttribute = address("cuGraphKernelNodeSetAttribute");
    final MemorySegment cuGraphExecKernelNodeSetParams = address("cuGraphExecKernelNodeSetParams");
    final MemorySegment cuGraphInstantiate = address("cuGraphInstantiate");
    final MemorySegment cuGraphUpload = address("cuGraphUpload");
    final MemorySegment cuGraphLaunch = address("cuGraphLaunch");
    final MemorySegment cuGraphExecDestroy = address("cuGraphExecDestroy");
    final MemorySegment cuGraphDestroy = address("cuGraphDestroy");
    final MemorySegment cuFuncGetParamInfo = functions.find(symbol("cuFuncGetParamInfo")).orElse(MemorySegment.NULL);

    /**
     * Loads a library; it stays loaded.
     *
     * @throws IllegalArgumentException if it can't be loaded or lacks a function; the message says which
     */
    @SuppressWarnings("restricted") // what the library does is the driver's business
    CuAddresses(String library) {
        functions = SymbolLookup.libraryLookup(library, Arena.global());
        super();
    }

    /**
     * The symbol of a function, such as {@code cuMemAlloc_v2} of {@code cuMemAlloc}: what a symbol means never changes.
     */
    static String symbol(String function) {
        return SYMBOLS.getOrDefault(function, function);
    }

    private MemorySegment address(String function) {
        return functions.find(symbol(function))
                .orElseThrow(() -> new IllegalArgumentException("it has no function " + symbol(function)));
    }
}
