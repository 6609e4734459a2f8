package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Geometry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.Map;

/**
 * libcuda by FFM. The addresses belong to an instance, the signatures ({@link CuCall}) to the class: another library
 * may be loaded in the same process, and calls still compile to a direct jump.
 */
final class LibCuda implements CudaApi {
    /** Launch attributes and graphs as of 11.8. */
    private static final Binding BINDING = new Binding(CudaBackend.NAME, "", 11080, "520.61", "cuLaunchKernelEx", true);

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
    private final MemorySegment cuInit = address("cuInit");
    private final MemorySegment cuDriverGetVersion = address("cuDriverGetVersion");
    private final MemorySegment cuGetErrorName = address("cuGetErrorName");
    private final MemorySegment cuDeviceGetCount = address("cuDeviceGetCount");
    private final MemorySegment cuDeviceGet = address("cuDeviceGet");
    private final MemorySegment cuDeviceGetName = address("cuDeviceGetName");
    private final MemorySegment cuDeviceGetAttribute = address("cuDeviceGetAttribute");
    private final MemorySegment cuDeviceTotalMem = address("cuDeviceTotalMem");
    private final MemorySegment cuDevicePrimaryCtxRetain = address("cuDevicePrimaryCtxRetain");
    private final MemorySegment cuDevicePrimaryCtxRelease = address("cuDevicePrimaryCtxRelease");
    private final MemorySegment cuCtxPushCurrent = address("cuCtxPushCurrent");
    private final MemorySegment cuCtxPopCurrent = address("cuCtxPopCurrent");
    private final MemorySegment cuMemGetInfo = address("cuMemGetInfo");
    private final MemorySegment cuLinkCreate = address("cuLinkCreate");
    private final MemorySegment cuLinkAddData = address("cuLinkAddData");
    private final MemorySegment cuLinkComplete = address("cuLinkComplete");
    private final MemorySegment cuLinkDestroy = address("cuLinkDestroy");
    private final MemorySegment cuModuleLoadDataEx = address("cuModuleLoadDataEx");
    private final MemorySegment cuModuleUnload = address("cuModuleUnload");
    private final MemorySegment cuModuleGetFunction = address("cuModuleGetFunction");
    private final MemorySegment cuFuncGetAttribute = address("cuFuncGetAttribute");
    private final MemorySegment cuFuncSetAttribute = address("cuFuncSetAttribute");
    private final MemorySegment cuMemAlloc = address("cuMemAlloc");
    private final MemorySegment cuMemFree = address("cuMemFree");
    private final MemorySegment cuMemPoolCreate = address("cuMemPoolCreate");
    private final MemorySegment cuMemPoolDestroy = address("cuMemPoolDestroy");
    private final MemorySegment cuMemPoolSetAttribute = address("cuMemPoolSetAttribute");
    private final MemorySegment cuMemAllocFromPoolAsync = address("cuMemAllocFromPoolAsync");
    private final MemorySegment cuMemFreeAsync = address("cuMemFreeAsync");
    private final MemorySegment cuMemHostAlloc = address("cuMemHostAlloc");
    private final MemorySegment cuMemFreeHost = address("cuMemFreeHost");
    private final MemorySegment cuStreamCreate = address("cuStreamCreate");
    private final MemorySegment cuStreamDestroy = address("cuStreamDestroy");
    private final MemorySegment cuStreamQuery = address("cuStreamQuery");
    private final MemorySegment cuStreamSynchronize = address("cuStreamSynchronize");
    private final MemorySegment cuStreamWaitEvent = address("cuStreamWaitEvent");
    private final MemorySegment cuEventCreate = address("cuEventCreate");
    private final MemorySegment cuEventDestroy = address("cuEventDestroy");
    private final MemorySegment cuEventRecord = address("cuEventRecord");
    private final MemorySegment cuEventQuery = address("cuEventQuery");
    private final MemorySegment cuEventSynchronize = address("cuEventSynchronize");
    private final MemorySegment cuEventElapsedTime = address("cuEventElapsedTime");
    private final MemorySegment cuMemcpyHtoDAsync = address("cuMemcpyHtoDAsync");
    private final MemorySegment cuMemcpyDtoHAsync = address("cuMemcpyDtoHAsync");
    private final MemorySegment cuMemcpyDtoDAsync = address("cuMemcpyDtoDAsync");
    private final MemorySegment cuMemsetD8Async = address("cuMemsetD8Async");
    private final MemorySegment cuLaunchKernelEx = address("cuLaunchKernelEx");
    private final MemorySegment cuGraphCreate = address("cuGraphCreate");
    private final MemorySegment cuGraphAddKernelNode = address("cuGraphAddKernelNode");
    private final MemorySegment cuGraphKernelNodeSetAttribute = address("cuGraphKernelNodeSetAttribute");
    private final MemorySegment cuGraphExecKernelNodeSetParams = address("cuGraphExecKernelNodeSetParams");
    private final MemorySegment cuGraphInstantiate = address("cuGraphInstantiate");
    private final MemorySegment cuGraphUpload = address("cuGraphUpload");
    private final MemorySegment cuGraphLaunch = address("cuGraphLaunch");
    private final MemorySegment cuGraphExecDestroy = address("cuGraphExecDestroy");
    private final MemorySegment cuGraphDestroy = address("cuGraphDestroy");
    private final MemorySegment cuFuncGetParamInfo = functions.find(symbol("cuFuncGetParamInfo")).orElse(MemorySegment.NULL);

    /**
     * Loads a library; it stays loaded.
     *
     * @throws IllegalArgumentException if it can't be loaded or lacks a function; the message says which
     */
    @SuppressWarnings("restricted") // what the library does is the driver's business
    LibCuda(String library) {
        functions = SymbolLookup.libraryLookup(library, Arena.global());
        super();
    }

    /**
     * The symbol of a function, such as {@code cuMemAlloc_v2} of {@code cuMemAlloc}: what a symbol means never changes.
     */
    static String symbol(String function) {
        return SYMBOLS.getOrDefault(function, function);
    }

    @Override
    public Binding binding() {
        return BINDING;
    }

    @Override
    public boolean pools() {
        return true;
    }

    @Override
    public boolean links() {
        return true;
    }

    @Override
    public boolean tellsParameters() {
        return cuFuncGetParamInfo.address() != 0;
    }

    @Override
    @SuppressWarnings("restricted") // the library returns a text that ends in 0 and lives as long as it does
    public String name(int status) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(ValueLayout.JAVA_LONG);
            return cuGetErrorName(status, text.address()) != CuStatus.SUCCESS
                    ? "unknown status"
                    : MemorySegment.ofAddress(text.get(ValueLayout.JAVA_LONG, 0)).reinterpret(256).getString(0);
        }
    }

    @Override
    public Prepared prepare(
            long function, Geometry geometry, int dynamic, int cluster, long arguments, Arena arena) {
        MemorySegment config = LaunchConfig.of(geometry, dynamic, cluster, arena);
        MemorySegment parameters = NodeParameters.of(function, geometry, dynamic, arguments, arena);
        return new Prepared() {
            @Override
            public int enqueue(long stream) {
                config.set(ValueLayout.JAVA_LONG, LaunchConfig.STREAM, stream);
                return cuLaunchKernelEx(config.address(), function, arguments, 0);
            }

            @Override
            public int add(long graph, long after, long node) {
                return cuGraphAddKernelNode(node, graph, after, after == 0 ? 0 : 1, parameters.address());
            }

            @Override
            public int cluster(long node) {
                return cluster == 1
                        ? CuStatus.SUCCESS
                        : cuGraphKernelNodeSetAttribute(node, LaunchConfig.ATTRIBUTE_CLUSTER_DIMENSION,
                                config.address() + LaunchConfig.BYTES + LaunchConfig.ATTRIBUTE_VALUE);
            }

            @Override
            public int update(long executable, long node) {
                return cuGraphExecKernelNodeSetParams(executable, node, parameters.address());
            }
        };
    }

    private MemorySegment address(String function) {
        return functions.find(symbol(function))
                .orElseThrow(() -> new IllegalArgumentException("it has no function " + symbol(function)));
    }

    @Override
    public int cuInit(int flags) {
        return CuCall.of(cuInit, flags);
    }

    @Override
    public int cuDriverGetVersion(long version) {
        return CuCall.of(cuDriverGetVersion, version);
    }

    private int cuGetErrorName(int status, long text) {
        return CuCall.of(cuGetErrorName, status, text);
    }

    @Override
    public int cuDeviceGetCount(long count) {
        return CuCall.of(cuDeviceGetCount, count);
    }

    @Override
    public int cuDeviceGet(long device, int ordinal) {
        return CuCall.of(cuDeviceGet, device, ordinal);
    }

    @Override
    public int cuDeviceGetName(long text, int length, int device) {
        return CuCall.of(cuDeviceGetName, text, length, device);
    }

    @Override
    public int cuDeviceGetAttribute(long value, int attribute, int device) {
        return CuCall.of(cuDeviceGetAttribute, value, attribute, device);
    }

    @Override
    public int cuDeviceTotalMem(long bytes, int device) {
        return CuCall.of(cuDeviceTotalMem, bytes, device);
    }

    @Override
    public int cuDevicePrimaryCtxRetain(long context, int device) {
        return CuCall.of(cuDevicePrimaryCtxRetain, context, device);
    }

    @Override
    public int cuDevicePrimaryCtxRelease(int device) {
        return CuCall.of(cuDevicePrimaryCtxRelease, device);
    }

    @Override
    public int cuCtxPushCurrent(long context) {
        return CuCall.of(cuCtxPushCurrent, context);
    }

    @Override
    public int cuCtxPopCurrent(long context) {
        return CuCall.of(cuCtxPopCurrent, context);
    }

    @Override
    public int cuMemGetInfo(long free, long total) {
        return CuCall.of(cuMemGetInfo, free, total);
    }

    @Override
    public int cuLinkCreate(int options, long names, long values, long link) {
        return CuCall.of(cuLinkCreate, options, names, values, link);
    }

    @Override
    public int cuLinkAddData(long link, int type, long code, long bytes, long name, int options, long names, long values) {
        return CuCall.of(cuLinkAddData, link, type, code, bytes, name, options, names, values);
    }

    @Override
    public int cuLinkComplete(long link, long code, long bytes) {
        return CuCall.of(cuLinkComplete, link, code, bytes);
    }

    @Override
    public int cuLinkDestroy(long link) {
        return CuCall.of(cuLinkDestroy, link);
    }

    @Override
    public int cuModuleLoadDataEx(long module, long image, int options, long names, long values) {
        return CuCall.of(cuModuleLoadDataEx, module, image, options, names, values);
    }

    @Override
    public int cuModuleUnload(long module) {
        return CuCall.of(cuModuleUnload, module);
    }

    @Override
    public int cuModuleGetFunction(long function, long module, long name) {
        return CuCall.of(cuModuleGetFunction, function, module, name);
    }

    @Override
    public int cuFuncGetAttribute(long value, int attribute, long function) {
        return CuCall.of(cuFuncGetAttribute, value, attribute, function);
    }

    @Override
    public int cuFuncSetAttribute(long function, int attribute, int value) {
        return CuCall.of(cuFuncSetAttribute, function, attribute, value);
    }

    @Override
    public int cuMemAlloc(long address, long bytes) {
        return CuCall.of(cuMemAlloc, address, bytes);
    }

    @Override
    public int cuMemFree(long address) {
        return CuCall.of(cuMemFree, address);
    }

    @Override
    public int cuMemPoolCreate(long pool, long properties) {
        return CuCall.of(cuMemPoolCreate, pool, properties);
    }

    @Override
    public int cuMemPoolDestroy(long pool) {
        return CuCall.of(cuMemPoolDestroy, pool);
    }

    @Override
    public int cuMemPoolSetAttribute(long pool, int attribute, long value) {
        return CuCall.of(cuMemPoolSetAttribute, pool, attribute, value);
    }

    @Override
    public int cuMemAllocFromPoolAsync(long address, long bytes, long pool, long stream) {
        return CuCall.of(cuMemAllocFromPoolAsync, address, bytes, pool, stream);
    }

    @Override
    public int cuMemFreeAsync(long address, long stream) {
        return CuCall.of(cuMemFreeAsync, address, stream);
    }

    @Override
    public int cuMemHostAlloc(long address, long bytes, int flags) {
        return CuCall.of(cuMemHostAlloc, address, bytes, flags);
    }

    @Override
    public int cuMemFreeHost(long address) {
        return CuCall.of(cuMemFreeHost, address);
    }

    @Override
    public int cuStreamCreate(long stream, int flags) {
        return CuCall.of(cuStreamCreate, stream, flags);
    }

    @Override
    public int cuStreamDestroy(long stream) {
        return CuCall.of(cuStreamDestroy, stream);
    }

    @Override
    public int cuStreamQuery(long stream) {
        return CuCall.of(cuStreamQuery, stream);
    }

    @Override
    public int cuStreamSynchronize(long stream) {
        return CuCall.of(cuStreamSynchronize, stream);
    }

    @Override
    public int cuStreamWaitEvent(long stream, long event, int flags) {
        return CuCall.of(cuStreamWaitEvent, stream, event, flags);
    }

    @Override
    public int cuEventCreate(long event, int flags) {
        return CuCall.of(cuEventCreate, event, flags);
    }

    @Override
    public int cuEventDestroy(long event) {
        return CuCall.of(cuEventDestroy, event);
    }

    @Override
    public int cuEventRecord(long event, long stream) {
        return CuCall.of(cuEventRecord, event, stream);
    }

    @Override
    public int cuEventQuery(long event) {
        return CuCall.of(cuEventQuery, event);
    }

    @Override
    public int cuEventSynchronize(long event) {
        return CuCall.of(cuEventSynchronize, event);
    }

    @Override
    public int cuEventElapsedTime(long milliseconds, long start, long end) {
        return CuCall.of(cuEventElapsedTime, milliseconds, start, end);
    }

    @Override
    public int cuMemcpyHtoDAsync(long to, long from, long bytes, long stream) {
        return CuCall.of(cuMemcpyHtoDAsync, to, from, bytes, stream);
    }

    @Override
    public int cuMemcpyDtoHAsync(long to, long from, long bytes, long stream) {
        return CuCall.of(cuMemcpyDtoHAsync, to, from, bytes, stream);
    }

    @Override
    public int cuMemcpyDtoDAsync(long to, long from, long bytes, long stream) {
        return CuCall.of(cuMemcpyDtoDAsync, to, from, bytes, stream);
    }

    @Override
    public int cuMemsetD8Async(long to, byte value, long bytes, long stream) {
        return CuCall.of(cuMemsetD8Async, to, value, bytes, stream);
    }

    /** Launches a kernel. */
    int cuLaunchKernelEx(long config, long function, long arguments, long extra) {
        return CuCall.of(cuLaunchKernelEx, config, function, arguments, extra);
    }

    @Override
    public int cuGraphCreate(long graph, int flags) {
        return CuCall.of(cuGraphCreate, graph, flags);
    }

    /** Adds a launch to a graph. */
    int cuGraphAddKernelNode(long node, long graph, long dependencies, long count, long parameters) {
        return CuCall.of(cuGraphAddKernelNode, node, graph, dependencies, count, parameters);
    }

    /** Sets how a node's kernel is launched. */
    int cuGraphKernelNodeSetAttribute(long node, int attribute, long value) {
        return CuCall.of(cuGraphKernelNodeSetAttribute, node, attribute, value);
    }

    /** Replaces a launch of an executable graph; launches of the graph under way keep the old one. */
    int cuGraphExecKernelNodeSetParams(long executable, long node, long parameters) {
        return CuCall.of(cuGraphExecKernelNodeSetParams, executable, node, parameters);
    }

    @Override
    public int cuGraphInstantiate(long executable, long graph, long flags) {
        return CuCall.of(cuGraphInstantiate, executable, graph, flags);
    }

    @Override
    public int cuGraphUpload(long executable, long stream) {
        return CuCall.of(cuGraphUpload, executable, stream);
    }

    @Override
    public int cuGraphLaunch(long executable, long stream) {
        return CuCall.of(cuGraphLaunch, executable, stream);
    }

    @Override
    public int cuGraphExecDestroy(long executable) {
        return CuCall.of(cuGraphExecDestroy, executable);
    }

    @Override
    public int cuGraphDestroy(long graph) {
        return CuCall.of(cuGraphDestroy, graph);
    }

    @Override
    public int cuFuncGetParamInfo(long function, long index, long offset, long size) {
        return CuCall.of(cuFuncGetParamInfo, function, index, offset, size);
    }
}
