package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Geometry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * libcuda by FFM. The addresses belong to an instance, the signatures ({@link CuCall}) to the class: another library
 * may be loaded in the same process, and calls still compile to a direct jump.
 */
final class LibCuda implements CudaApi {
    /** Launch attributes and graphs as of 11.8. */
    private static final Binding BINDING = new Binding(CudaBackend.NAME, "", 11080, "520.61", "cuLaunchKernelEx", true);

    private final CuAddresses at;

    /**
     * Loads a library; it stays loaded.
     *
     * @throws IllegalArgumentException if it can't be loaded or lacks a function; the message says which
     */
    LibCuda(String library) {
        at = new CuAddresses(library);
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
        return at.cuFuncGetParamInfo.address() != 0;
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

    @Override
    public int cuInit(int flags) {
        return CuCall.of(at.cuInit, flags);
    }

    @Override
    public int cuDriverGetVersion(long version) {
        return CuCall.of(at.cuDriverGetVersion, version);
    }

    private int cuGetErrorName(int status, long text) {
        return CuCall.of(at.cuGetErrorName, status, text);
    }

    @Override
    public int cuDeviceGetCount(long count) {
        return CuCall.of(at.cuDeviceGetCount, count);
    }

    @Override
    public int cuDeviceGet(long device, int ordinal) {
        return CuCall.of(at.cuDeviceGet, device, ordinal);
    }

    @Override
    public int cuDeviceGetName(long text, int length, int device) {
        return CuCall.of(at.cuDeviceGetName, text, length, device);
    }

    @Override
    public int cuDeviceGetAttribute(long value, int attribute, int device) {
        return CuCall.of(at.cuDeviceGetAttribute, value, attribute, device);
    }

    @Override
    public int cuDeviceTotalMem(long bytes, int device) {
        return CuCall.of(at.cuDeviceTotalMem, bytes, device);
    }

    @Override
    public int cuDevicePrimaryCtxRetain(long context, int device) {
        return CuCall.of(at.cuDevicePrimaryCtxRetain, context, device);
    }

    @Override
    public int cuDevicePrimaryCtxRelease(int device) {
        return CuCall.of(at.cuDevicePrimaryCtxRelease, device);
    }

    @Override
    public int cuCtxPushCurrent(long context) {
        return CuCall.of(at.cuCtxPushCurrent, context);
    }

    @Override
    public int cuCtxPopCurrent(long context) {
        return CuCall.of(at.cuCtxPopCurrent, context);
    }

    @Override
    public int cuMemGetInfo(long free, long total) {
        return CuCall.of(at.cuMemGetInfo, free, total);
    }

    @Override
    public int cuLinkCreate(int options, long names, long values, long link) {
        return CuCall.of(at.cuLinkCreate, options, names, values, link);
    }

    @Override
    public int cuLinkAddData(long link, int type, long code, long bytes, long name, int options, long names, long values) {
        return CuCall.of(at.cuLinkAddData, link, type, code, bytes, name, options, names, values);
    }

    @Override
    public int cuLinkComplete(long link, long code, long bytes) {
        return CuCall.of(at.cuLinkComplete, link, code, bytes);
    }

    @Override
    public int cuLinkDestroy(long link) {
        return CuCall.of(at.cuLinkDestroy, link);
    }

    @Override
    public int cuModuleLoadDataEx(long module, long image, int options, long names, long values) {
        return CuCall.of(at.cuModuleLoadDataEx, module, image, options, names, values);
    }

    @Override
    public int cuModuleUnload(long module) {
        return CuCall.of(at.cuModuleUnload, module);
    }

    @Override
    public int cuModuleGetFunction(long function, long module, long name) {
        return CuCall.of(at.cuModuleGetFunction, function, module, name);
    }

    @Override
    public int cuFuncGetAttribute(long value, int attribute, long function) {
        return CuCall.of(at.cuFuncGetAttribute, value, attribute, function);
    }

    @Override
    public int cuFuncSetAttribute(long function, int attribute, int value) {
        return CuCall.of(at.cuFuncSetAttribute, function, attribute, value);
    }

    @Override
    public int cuMemAlloc(long address, long bytes) {
        return CuCall.of(at.cuMemAlloc, address, bytes);
    }

    @Override
    public int cuMemFree(long address) {
        return CuCall.of(at.cuMemFree, address);
    }

    @Override
    public int cuMemPoolCreate(long pool, long properties) {
        return CuCall.of(at.cuMemPoolCreate, pool, properties);
    }

    @Override
    public int cuMemPoolDestroy(long pool) {
        return CuCall.of(at.cuMemPoolDestroy, pool);
    }

    @Override
    public int cuMemPoolSetAttribute(long pool, int attribute, long value) {
        return CuCall.of(at.cuMemPoolSetAttribute, pool, attribute, value);
    }

    @Override
    public int cuMemAllocFromPoolAsync(long address, long bytes, long pool, long stream) {
        return CuCall.of(at.cuMemAllocFromPoolAsync, address, bytes, pool, stream);
    }

    @Override
    public int cuMemFreeAsync(long address, long stream) {
        return CuCall.of(at.cuMemFreeAsync, address, stream);
    }

    @Override
    public int cuMemHostAlloc(long address, long bytes, int flags) {
        return CuCall.of(at.cuMemHostAlloc, address, bytes, flags);
    }

    @Override
    public int cuMemFreeHost(long address) {
        return CuCall.of(at.cuMemFreeHost, address);
    }

    @Override
    public int cuStreamCreate(long stream, int flags) {
        return CuCall.of(at.cuStreamCreate, stream, flags);
    }

    @Override
    public int cuStreamDestroy(long stream) {
        return CuCall.of(at.cuStreamDestroy, stream);
    }

    @Override
    public int cuStreamQuery(long stream) {
        return CuCall.of(at.cuStreamQuery, stream);
    }

    @Override
    public int cuStreamSynchronize(long stream) {
        return CuCall.of(at.cuStreamSynchronize, stream);
    }

    @Override
    public int cuStreamWaitEvent(long stream, long event, int flags) {
        return CuCall.of(at.cuStreamWaitEvent, stream, event, flags);
    }

    @Override
    public int cuEventCreate(long event, int flags) {
        return CuCall.of(at.cuEventCreate, event, flags);
    }

    @Override
    public int cuEventDestroy(long event) {
        return CuCall.of(at.cuEventDestroy, event);
    }

    @Override
    public int cuEventRecord(long event, long stream) {
        return CuCall.of(at.cuEventRecord, event, stream);
    }

    @Override
    public int cuEventQuery(long event) {
        return CuCall.of(at.cuEventQuery, event);
    }

    @Override
    public int cuEventSynchronize(long event) {
        return CuCall.of(at.cuEventSynchronize, event);
    }

    @Override
    public int cuEventElapsedTime(long milliseconds, long start, long end) {
        return CuCall.of(at.cuEventElapsedTime, milliseconds, start, end);
    }

    @Override
    public int cuMemcpyHtoDAsync(long to, long from, long bytes, long stream) {
        return CuCall.of(at.cuMemcpyHtoDAsync, to, from, bytes, stream);
    }

    @Override
    public int cuMemcpyDtoHAsync(long to, long from, long bytes, long stream) {
        return CuCall.of(at.cuMemcpyDtoHAsync, to, from, bytes, stream);
    }

    @Override
    public int cuMemcpyDtoDAsync(long to, long from, long bytes, long stream) {
        return CuCall.of(at.cuMemcpyDtoDAsync, to, from, bytes, stream);
    }

    @Override
    public int cuMemsetD8Async(long to, byte value, long bytes, long stream) {
        return CuCall.of(at.cuMemsetD8Async, to, value, bytes, stream);
    }

    /** Launches a kernel. */
    int cuLaunchKernelEx(long config, long function, long arguments, long extra) {
        return CuCall.of(at.cuLaunchKernelEx, config, function, arguments, extra);
    }

    @Override
    public int cuGraphCreate(long graph, int flags) {
        return CuCall.of(at.cuGraphCreate, graph, flags);
    }

    /** Adds a launch to a graph. */
    int cuGraphAddKernelNode(long node, long graph, long dependencies, long count, long parameters) {
        return CuCall.of(at.cuGraphAddKernelNode, node, graph, dependencies, count, parameters);
    }

    /** Sets how a node's kernel is launched. */
    int cuGraphKernelNodeSetAttribute(long node, int attribute, long value) {
        return CuCall.of(at.cuGraphKernelNodeSetAttribute, node, attribute, value);
    }

    /** Replaces a launch of an executable graph; launches of the graph under way keep the old one. */
    int cuGraphExecKernelNodeSetParams(long executable, long node, long parameters) {
        return CuCall.of(at.cuGraphExecKernelNodeSetParams, executable, node, parameters);
    }

    @Override
    public int cuGraphInstantiate(long executable, long graph, long flags) {
        return CuCall.of(at.cuGraphInstantiate, executable, graph, flags);
    }

    @Override
    public int cuGraphUpload(long executable, long stream) {
        return CuCall.of(at.cuGraphUpload, executable, stream);
    }

    @Override
    public int cuGraphLaunch(long executable, long stream) {
        return CuCall.of(at.cuGraphLaunch, executable, stream);
    }

    @Override
    public int cuGraphExecDestroy(long executable) {
        return CuCall.of(at.cuGraphExecDestroy, executable);
    }

    @Override
    public int cuGraphDestroy(long graph) {
        return CuCall.of(at.cuGraphDestroy, graph);
    }

    @Override
    public int cuFuncGetParamInfo(long function, long index, long offset, long size) {
        return CuCall.of(at.cuFuncGetParamInfo, function, index, offset, size);
    }
}
