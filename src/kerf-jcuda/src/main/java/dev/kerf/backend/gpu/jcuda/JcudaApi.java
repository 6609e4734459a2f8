package dev.kerf.backend.gpu.jcuda;

import dev.kerf.backend.gpu.Geometry;
import dev.kerf.backend.gpu.cuda.CudaApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.driver.CUDA_KERNEL_NODE_PARAMS;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUgraphNode;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * The driver's functions through JCuda: objects where {@code cuda.h} has handles, which go by numbers here, and arrays
 * where it has cells. JCuda 12.6 has no {@code cuLaunchKernelEx}, so there are no clusters. Memory comes from {@code
 * cuMemAlloc} and goes back by {@code cuMemFree}, which waits for the device: pools are left out.
 */
final class JcudaApi implements CudaApi {
    /** The CUDA version that JCuda 12.6 was made for has minor version compatibility down to 12.0. */
    private static final Binding BINDING = new Binding(JcudaBackend.NAME, "JCuda 12.6", 12000, "525.60", "cuLaunchKernel",
            false);

    /** All memory, for cells that are given by their address. */
    @SuppressWarnings("restricted") // callers give addresses of memory that is theirs
    private static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private final Handles handles = new Handles();
    private final Addresses addresses = new Addresses();
    private final Map<Integer, Integer> contexts = new ConcurrentHashMap<>();
    /** Written by every pop and never read. */
    private final CUcontext popped = new CUcontext();

    /** A module and the numbers of its functions. */
    private static final class Module extends CUmodule {
        final List<Integer> functions = new ArrayList<>();
    }

    /** A graph and the numbers of its nodes. */
    private static final class Graph extends CUgraph {
        final List<Integer> nodes = new ArrayList<>();
    }

    /** Puts a number for an object into a cell if the call that made it succeeded. */
    private int made(int status, long cell, Object object) {
        if (status == 0) {
            put(cell, handles.add(object));
        }
        return status;
    }

    private static void put(long cell, long value) {
        MEMORY.set(ValueLayout.JAVA_LONG, cell, value);
    }

    private static void put(long cell, int value) {
        MEMORY.set(ValueLayout.JAVA_INT, cell, value);
    }

    @Override
    public Binding binding() {
        return BINDING;
    }

    @Override
    public String name(int status) {
        String[] text = new String[1];
        return JCudaDriver.cuGetErrorName(status, text) == 0 && text[0] != null ? text[0] : "unknown status";
    }

    @Override
    public Prepared prepare(
            long function, Geometry geometry, int dynamic, int cluster, long arguments, Arena arena) {
        CUfunction kernel = handles.at(function);
        Addresses.Host table = new Addresses.Host(arguments);
        int[] g = {geometry.groups(0), geometry.groups(1), geometry.groups(2)};
        int[] b = {geometry.items(0), geometry.items(1), geometry.items(2)};
        CUDA_KERNEL_NODE_PARAMS parameters = new CUDA_KERNEL_NODE_PARAMS();
        parameters.func = kernel;
        parameters.gridDimX = g[0];
        parameters.gridDimY = g[1];
        parameters.gridDimZ = g[2];
        parameters.blockDimX = b[0];
        parameters.blockDimY = b[1];
        parameters.blockDimZ = b[2];
        parameters.sharedMemBytes = dynamic;
        parameters.kernelParams = table;
        return new Prepared() {
            @Override
            public int enqueue(long stream) {
                return JCudaDriver.cuLaunchKernel(
                        kernel, g[0], g[1], g[2], b[0], b[1], b[2], dynamic, handles.at(stream), table, null);
            }

            @Override
            public int add(long graph, long after, long node) {
                Graph all = handles.at(graph);
                CUgraphNode[] before = after == 0
                        ? new CUgraphNode[0]
                        : new CUgraphNode[] {handles.at(MEMORY.get(ValueLayout.JAVA_LONG, after))};
                CUgraphNode n = new CUgraphNode();
                int status = made(JCudaDriver.cuGraphAddKernelNode(n, all, before, before.length, parameters), node, n);
                if (status == 0) {
                    all.nodes.add(MEMORY.get(ValueLayout.JAVA_INT, node));
                }
                return status;
            }

            @Override
            public int update(long executable, long node) {
                return JCudaDriver.cuGraphExecKernelNodeSetParams(handles.at(executable), handles.at(node), parameters);
            }
        };
    }

    @Override
    public int cuInit(int flags) {
        return JCudaDriver.cuInit(flags);
    }

    @Override
    public int cuDriverGetVersion(long version) {
        int[] cell = new int[1];
        int status = JCudaDriver.cuDriverGetVersion(cell);
        put(version, cell[0]);
        return status;
    }

    @Override
    public int cuDeviceGetCount(long count) {
        int[] cell = new int[1];
        int status = JCudaDriver.cuDeviceGetCount(cell);
        put(count, cell[0]);
        return status;
    }

    /** A device goes by its position. */
    @Override
    public int cuDeviceGet(long device, int ordinal) {
        put(device, ordinal);
        return JCudaDriver.cuDeviceGet(new CUdevice(), ordinal);
    }

    private static CUdevice device(int ordinal) {
        CUdevice device = new CUdevice();
        JCudaDriver.cuDeviceGet(device, ordinal);
        return device;
    }

    @Override
    public int cuDeviceGetName(long text, int length, int device) {
        byte[] name = new byte[length];
        int status = JCudaDriver.cuDeviceGetName(name, length, device(device));
        MemorySegment.copy(name, 0, MEMORY, ValueLayout.JAVA_BYTE, text, length);
        return status;
    }

    @Override
    public int cuDeviceGetAttribute(long value, int attribute, int device) {
        int[] cell = new int[1];
        int status = JCudaDriver.cuDeviceGetAttribute(cell, attribute, device(device));
        put(value, cell[0]);
        return status;
    }

    @Override
    public int cuDeviceTotalMem(long bytes, int device) {
        long[] cell = new long[1];
        int status = JCudaDriver.cuDeviceTotalMem(cell, device(device));
        put(bytes, cell[0]);
        return status;
    }

    @Override
    public int cuDevicePrimaryCtxRetain(long context, int device) {
        int handle = contexts.computeIfAbsent(device, d -> handles.add(new CUcontext()));
        put(context, (long) handle);
        return JCudaDriver.cuDevicePrimaryCtxRetain(handles.at(handle), device(device));
    }

    @Override
    public int cuDevicePrimaryCtxRelease(int device) {
        return JCudaDriver.cuDevicePrimaryCtxRelease(device(device));
    }

    @Override
    public int cuCtxPushCurrent(long context) {
        return JCudaDriver.cuCtxPushCurrent(handles.at(context));
    }

    @Override
    public int cuCtxPopCurrent(long context) {
        return JCudaDriver.cuCtxPopCurrent(popped);
    }

    @Override
    public int cuMemGetInfo(long free, long total) {
        long[] cells = new long[1];
        long[] all = new long[1];
        int status = JCudaDriver.cuMemGetInfo(cells, all);
        put(free, cells[0]);
        put(total, all[0]);
        return status;
    }

    @Override
    public int cuModuleLoadDataEx(long module, long image, int options, long names, long values) {
        Module m = new Module();
        int[] keys = MEMORY.asSlice(names, 4L * options).toArray(ValueLayout.JAVA_INT);
        return made(JCudaDriver.cuModuleLoadDataEx(
                m, new Addresses.Host(image), options, keys, new Addresses.Host(values)), module, m);
    }

    @Override
    public int cuModuleUnload(long module) {
        Module m = handles.remove(module);
        m.functions.forEach(handles::remove);
        return JCudaDriver.cuModuleUnload(m);
    }

    @Override
    public int cuModuleGetFunction(long function, long module, long name) {
        CUfunction f = new CUfunction();
        Module m = handles.at(module);
        int status = made(JCudaDriver.cuModuleGetFunction(f, m, MEMORY.getString(name)), function, f);
        if (status == 0) {
            m.functions.add(MEMORY.get(ValueLayout.JAVA_INT, function));
        }
        return status;
    }

    @Override
    public int cuFuncGetAttribute(long value, int attribute, long function) {
        int[] cell = new int[1];
        int status = JCudaDriver.cuFuncGetAttribute(cell, attribute, handles.at(function));
        put(value, cell[0]);
        return status;
    }

    @Override
    public int cuFuncSetAttribute(long function, int attribute, int value) {
        return JCudaDriver.cuFuncSetAttribute(handles.at(function), attribute, value);
    }

    @Override
    public int cuMemAlloc(long address, long bytes) {
        Addresses.Device start = new Addresses.Device();
        int status = JCudaDriver.cuMemAlloc(start, bytes);
        put(address, start.address());
        return status;
    }

    @Override
    public int cuMemFree(long address) {
        return JCudaDriver.cuMemFree(addresses.device(address));
    }

    @Override
    public int cuMemHostAlloc(long address, long bytes, int flags) {
        Addresses.Host start = new Addresses.Host(0);
        int status = JCudaDriver.cuMemHostAlloc(start, bytes, flags);
        put(address, start.address());
        return status;
    }

    @Override
    public int cuMemFreeHost(long address) {
        return JCudaDriver.cuMemFreeHost(new Addresses.Host(address));
    }

    @Override
    public int cuStreamCreate(long stream, int flags) {
        CUstream s = new CUstream();
        return made(JCudaDriver.cuStreamCreate(s, flags), stream, s);
    }

    @Override
    public int cuStreamDestroy(long stream) {
        return JCudaDriver.cuStreamDestroy(handles.remove(stream));
    }

    @Override
    public int cuStreamQuery(long stream) {
        return JCudaDriver.cuStreamQuery(handles.at(stream));
    }

    @Override
    public int cuStreamSynchronize(long stream) {
        return JCudaDriver.cuStreamSynchronize(handles.at(stream));
    }

    @Override
    public int cuStreamWaitEvent(long stream, long event, int flags) {
        return JCudaDriver.cuStreamWaitEvent(handles.at(stream), handles.at(event), flags);
    }

    @Override
    public int cuEventCreate(long event, int flags) {
        CUevent e = new CUevent();
        return made(JCudaDriver.cuEventCreate(e, flags), event, e);
    }

    @Override
    public int cuEventDestroy(long event) {
        return JCudaDriver.cuEventDestroy(handles.remove(event));
    }

    @Override
    public int cuEventRecord(long event, long stream) {
        return JCudaDriver.cuEventRecord(handles.at(event), handles.at(stream));
    }

    @Override
    public int cuEventQuery(long event) {
        return JCudaDriver.cuEventQuery(handles.at(event));
    }

    @Override
    public int cuEventSynchronize(long event) {
        return JCudaDriver.cuEventSynchronize(handles.at(event));
    }

    @Override
    public int cuEventElapsedTime(long milliseconds, long start, long end) {
        float[] cell = new float[1];
        int status = JCudaDriver.cuEventElapsedTime(cell, handles.at(start), handles.at(end));
        MEMORY.set(ValueLayout.JAVA_FLOAT, milliseconds, cell[0]);
        return status;
    }

    @Override
    public int cuMemcpyHtoDAsync(long to, long from, long bytes, long stream) {
        return JCudaDriver.cuMemcpyHtoDAsync(addresses.device(to), addresses.host(from), bytes, handles.at(stream));
    }

    @Override
    public int cuMemcpyDtoHAsync(long to, long from, long bytes, long stream) {
        return JCudaDriver.cuMemcpyDtoHAsync(addresses.host(to), addresses.device(from), bytes, handles.at(stream));
    }

    @Override
    public int cuMemcpyDtoDAsync(long to, long from, long bytes, long stream) {
        return JCudaDriver.cuMemcpyDtoDAsync(addresses.device(to), addresses.device(from), bytes, handles.at(stream));
    }

    @Override
    public int cuMemsetD8Async(long to, byte value, long bytes, long stream) {
        return JCudaDriver.cuMemsetD8Async(addresses.device(to), value, bytes, handles.at(stream));
    }

    @Override
    public int cuGraphCreate(long graph, int flags) {
        Graph g = new Graph();
        return made(JCudaDriver.cuGraphCreate(g, flags), graph, g);
    }

    @Override
    public int cuGraphInstantiate(long executable, long graph, long flags) {
        CUgraphExec e = new CUgraphExec();
        return made(JCudaDriver.cuGraphInstantiate(e, handles.at(graph), flags), executable, e);
    }

    @Override
    public int cuGraphUpload(long executable, long stream) {
        return JCudaDriver.cuGraphUpload(handles.at(executable), handles.at(stream));
    }

    @Override
    public int cuGraphLaunch(long executable, long stream) {
        return JCudaDriver.cuGraphLaunch(handles.at(executable), handles.at(stream));
    }

    @Override
    public int cuGraphExecDestroy(long executable) {
        return JCudaDriver.cuGraphExecDestroy(handles.remove(executable));
    }

    @Override
    public int cuGraphDestroy(long graph) {
        Graph g = handles.remove(graph);
        g.nodes.forEach(handles::remove);
        return JCudaDriver.cuGraphDestroy(g);
    }
}
