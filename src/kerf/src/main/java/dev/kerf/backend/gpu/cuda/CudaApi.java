package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Geometry;
import java.lang.foreign.Arena;

/**
 * What Kerf uses of the CUDA driver's programming interface, one method a function, as in {@code cuda.h}: {@code int},
 * enumerations and {@code CUdevice} are int; handles, pointers, sizes and device addresses are long. A pointer is the
 * address of native memory, a handle whatever the binding makes of it. Each returns a {@code CUresult}; nothing is
 * checked here, and none of those that a {@link CuQueue} calls allocates on the Java heap. What a binding lacks answers
 * {@code CUDA_ERROR_NOT_SUPPORTED}.
 */
public interface CudaApi {
    /**
     * What sets a binding apart.
     *
     * @param backend  the back end over it, in ids and messages
     * @param through  the library between Kerf and the driver, such as {@code JCuda 12.6}; empty if there is none
     * @param oldest   the first CUDA version with all that is used: 11080 is 11.8
     * @param driver   NVIDIA's driver for that version
     * @param launch   the function that launches kernels
     * @param clusters whether it launches clusters of groups
     */
    record Binding(String backend, String through, int oldest, String driver, String launch, boolean clusters) {
        /** What needs the driver. */
        String name() {
            return through.isEmpty() ? "Kerf" : through;
        }
    }

    /** A kernel's launch laid out once, so that nothing is built when it is put into a stream or a graph changes. */
    interface Prepared {
        /** Puts it into a stream. */
        int enqueue(long stream);

        /**
         * Adds it to a graph ({@code cuGraphAddKernelNode}), with the arguments that it has now.
         *
         * @param after address of the node that comes before it; 0 for the first
         * @param node  where its node is put
         */
        int add(long graph, long after, long node);

        /** Makes a node run in clusters ({@code cuGraphKernelNodeSetAttribute}), if the launch does. */
        default int cluster(long node) {
            return CuStatus.SUCCESS;
        }

        /** Gives a node the arguments that it has now ({@code cuGraphExecKernelNodeSetParams}). */
        int update(long executable, long node);
    }

    /** What it is. */
    Binding binding();

    /** Whether it has memory pools. */
    default boolean pools() {
        return false;
    }

    /** Whether it has {@link #cuFuncGetParamInfo}. */
    default boolean tellsParameters() {
        return false;
    }

    /** Whether it has {@link #cuLinkCreate}, with a log where one is asked for. */
    default boolean links() {
        return false;
    }

    /** A status by name, as the library knows it; {@code unknown status} if it doesn't. */
    String name(int status);

    /**
     * Lays out a launch.
     *
     * @param function  the kernel
     * @param geometry  what {@link Geometry#fits} the device
     * @param dynamic   bytes of LOCAL memory that a group is given
     * @param cluster   groups in a cluster along the first axis; 1 is none
     * @param arguments a table of pointers to the arguments, which is read by each launch
     * @param arena     lives as long as the launch
     */
    Prepared prepare(long function, Geometry geometry, int dynamic, int cluster, long arguments, Arena arena);

    /** Starts the library; first of all calls but {@link #cuDriverGetVersion}. */
    int cuInit(int flags);

    /** CUDA version of the driver: 12060 is 12.6. */
    int cuDriverGetVersion(long version);

    /** How many devices there are. */
    int cuDeviceGetCount(long count);

    /** A device by its position. */
    int cuDeviceGet(long device, int ordinal);

    /** What a device is called. */
    int cuDeviceGetName(long text, int length, int device);

    /** A number that a device has. */
    int cuDeviceGetAttribute(long value, int attribute, int device);

    /** Memory of a device. */
    int cuDeviceTotalMem(long bytes, int device);

    /** The context that a device shares with everything in the process. */
    int cuDevicePrimaryCtxRetain(long context, int device);

    /** Gives that context back; the last one to do so destroys it. */
    int cuDevicePrimaryCtxRelease(int device);

    /** Makes a context the calling thread's current one. */
    int cuCtxPushCurrent(long context);

    /** Makes the one before current again. */
    int cuCtxPopCurrent(long context);

    /** Memory that is free, and all there is. */
    int cuMemGetInfo(long free, long total);

    /** Loads PTX or machine code. */
    int cuModuleLoadDataEx(long module, long image, int options, long names, long values);

    /** Unloads it. */
    int cuModuleUnload(long module);

    /** A kernel of a module. */
    int cuModuleGetFunction(long function, long module, long name);

    /** A number that a kernel has. */
    int cuFuncGetAttribute(long value, int attribute, long function);

    /** Sets such a number. */
    int cuFuncSetAttribute(long function, int attribute, int value);

    /** Device memory. */
    int cuMemAlloc(long address, long bytes);

    /** Frees it, after waiting for all work of the context. */
    int cuMemFree(long address);

    /** Host memory that no page of is moved. */
    int cuMemHostAlloc(long address, long bytes, int flags);

    /** Frees it. */
    int cuMemFreeHost(long address);

    /** A stream. */
    int cuStreamCreate(long stream, int flags);

    /** Frees a stream when its work has ended. */
    int cuStreamDestroy(long stream);

    /** Whether its work has ended. */
    int cuStreamQuery(long stream);

    /** Waits for its work. */
    int cuStreamSynchronize(long stream);

    /** Holds later work back until an event has happened. */
    int cuStreamWaitEvent(long stream, long event, int flags);

    /** An event. */
    int cuEventCreate(long event, int flags);

    /** Frees it. */
    int cuEventDestroy(long event);

    /** Makes it happen after the work of a stream so far. */
    int cuEventRecord(long event, long stream);

    /** Whether it has happened. */
    int cuEventQuery(long event);

    /** Waits for it. */
    int cuEventSynchronize(long event);

    /** Time between two events, as a float. */
    int cuEventElapsedTime(long milliseconds, long start, long end);

    /** Copies from the host. */
    int cuMemcpyHtoDAsync(long to, long from, long bytes, long stream);

    /** Copies to the host. */
    int cuMemcpyDtoHAsync(long to, long from, long bytes, long stream);

    /** Copies within the device. */
    int cuMemcpyDtoDAsync(long to, long from, long bytes, long stream);

    /** Sets bytes. */
    int cuMemsetD8Async(long to, byte value, long bytes, long stream);

    /** An empty graph. */
    int cuGraphCreate(long graph, int flags);

    /** Prepares a graph to be launched. */
    int cuGraphInstantiate(long executable, long graph, long flags);

    /** Prepares its first launch. */
    int cuGraphUpload(long executable, long stream);

    /** Launches it. */
    int cuGraphLaunch(long executable, long stream);

    /** Frees it. */
    int cuGraphExecDestroy(long executable);

    /** Frees a graph and its nodes. */
    int cuGraphDestroy(long graph);

    /** A pool of device memory. */
    default int cuMemPoolCreate(long pool, long properties) {
        return CuStatus.NOT_SUPPORTED;
    }

    /** Gives a pool back, and what it holds. */
    default int cuMemPoolDestroy(long pool) {
        return CuStatus.NOT_SUPPORTED;
    }

    /** Sets how a pool behaves. */
    default int cuMemPoolSetAttribute(long pool, int attribute, long value) {
        return CuStatus.NOT_SUPPORTED;
    }

    /** Device memory from a pool, in the order of a stream. */
    default int cuMemAllocFromPoolAsync(long address, long bytes, long pool, long stream) {
        return CuStatus.NOT_SUPPORTED;
    }

    /** Gives it back to its pool, in the order of a stream. */
    default int cuMemFreeAsync(long address, long stream) {
        return CuStatus.NOT_SUPPORTED;
    }

    /** Begins to make machine code; options are read and written until {@link #cuLinkDestroy}. */
    default int cuLinkCreate(int options, long names, long values, long link) {
        return CuStatus.NOT_SUPPORTED;
    }

    /** Adds code to it, of which the name is for messages. */
    default int cuLinkAddData(long link, int type, long code, long bytes, long name, int options, long names, long values) {
        return CuStatus.NOT_SUPPORTED;
    }

    /** Makes it; the code belongs to the link. */
    default int cuLinkComplete(long link, long code, long bytes) {
        return CuStatus.NOT_SUPPORTED;
    }

    /** Frees what was made. */
    default int cuLinkDestroy(long link) {
        return CuStatus.NOT_SUPPORTED;
    }

    /** Place and size of a kernel's argument. */
    default int cuFuncGetParamInfo(long function, long index, long offset, long size) {
        return CuStatus.NOT_SUPPORTED;
    }
}
