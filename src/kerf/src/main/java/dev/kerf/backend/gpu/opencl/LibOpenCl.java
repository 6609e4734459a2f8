package dev.kerf.backend.gpu.opencl;

import dev.kerf.backend.gpu.SignalHandlers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;

/**
 * What Kerf uses of the OpenCL 1.2 programming interface, one method a function, as in {@code CL/cl.h}: {@code cl_int}
 * and {@code cl_uint} are int; handles, pointers, sizes and bit fields are long. Nothing is checked here.
 *
 * <p>The addresses belong to an instance, the signatures ({@link ClCall}) to the class: another library may be loaded in the same
 * process, and calls still compile to a direct jump.
 */
final class LibOpenCl {
    private final SymbolLookup functions;
    private final MemorySegment clGetPlatformIDs = address("clGetPlatformIDs");
    private final MemorySegment clGetPlatformInfo = address("clGetPlatformInfo");
    private final MemorySegment clGetDeviceIDs = address("clGetDeviceIDs");
    private final MemorySegment clGetDeviceInfo = address("clGetDeviceInfo");
    private final MemorySegment clCreateContext = address("clCreateContext");
    private final MemorySegment clReleaseContext = address("clReleaseContext");
    private final MemorySegment clCreateCommandQueue = address("clCreateCommandQueue");
    private final MemorySegment clReleaseCommandQueue = address("clReleaseCommandQueue");
    private final MemorySegment clCreateBuffer = address("clCreateBuffer");
    private final MemorySegment clReleaseMemObject = address("clReleaseMemObject");
    private final MemorySegment clEnqueueMapBuffer = address("clEnqueueMapBuffer");
    private final MemorySegment clEnqueueUnmapMemObject = address("clEnqueueUnmapMemObject");
    private final MemorySegment clCreateProgramWithSource = address("clCreateProgramWithSource");
    private final MemorySegment clBuildProgram = address("clBuildProgram");
    private final MemorySegment clGetProgramBuildInfo = address("clGetProgramBuildInfo");
    private final MemorySegment clReleaseProgram = address("clReleaseProgram");
    private final MemorySegment clCreateKernel = address("clCreateKernel");
    private final MemorySegment clReleaseKernel = address("clReleaseKernel");
    private final MemorySegment clSetKernelArg = address("clSetKernelArg");
    private final MemorySegment clGetKernelWorkGroupInfo = address("clGetKernelWorkGroupInfo");
    private final MemorySegment clEnqueueNDRangeKernel = address("clEnqueueNDRangeKernel");
    private final MemorySegment clEnqueueWriteBuffer = address("clEnqueueWriteBuffer");
    private final MemorySegment clEnqueueReadBuffer = address("clEnqueueReadBuffer");
    private final MemorySegment clEnqueueCopyBuffer = address("clEnqueueCopyBuffer");
    private final MemorySegment clEnqueueFillBuffer = address("clEnqueueFillBuffer");
    private final MemorySegment clEnqueueMarkerWithWaitList = address("clEnqueueMarkerWithWaitList");
    private final MemorySegment clEnqueueBarrierWithWaitList = address("clEnqueueBarrierWithWaitList");
    private final MemorySegment clFlush = address("clFlush");
    private final MemorySegment clFinish = address("clFinish");
    private final MemorySegment clWaitForEvents = address("clWaitForEvents");
    private final MemorySegment clGetEventInfo = address("clGetEventInfo");
    private final MemorySegment clGetEventProfilingInfo = address("clGetEventProfilingInfo");
    private final MemorySegment clRetainEvent = address("clRetainEvent");
    private final MemorySegment clReleaseEvent = address("clReleaseEvent");

    /**
     * Loads a library; it stays loaded.
     *
     * @throws IllegalArgumentException if it can't be loaded or lacks a function; the message says which
     */
    @SuppressWarnings("restricted") // what the library does is the driver's business
    LibOpenCl(String library) {
        SignalHandlers.remember();
        functions = SymbolLookup.libraryLookup(library, Arena.global());
        super();
    }

    private MemorySegment address(String function) {
        return functions.find(function).orElseThrow(() -> new IllegalArgumentException("it has no function " + function));
    }

    /** Platforms: how many, and their handles. */
    int clGetPlatformIDs(int count, long platforms, long found) {
        return ClCall.status(clGetPlatformIDs, count, platforms, found);
    }

    /** A property of a platform. */
    int clGetPlatformInfo(long platform, int name, long size, long value, long written) {
        return ClCall.status(clGetPlatformInfo, platform, name, size, value, written);
    }

    /** Devices of a platform: how many, and their handles. */
    int clGetDeviceIDs(long platform, long type, int count, long devices, long found) {
        return ClCall.status(clGetDeviceIDs, platform, type, count, devices, found);
    }

    /** A property of a device. */
    int clGetDeviceInfo(long device, int name, long size, long value, long written) {
        return ClCall.status(clGetDeviceInfo, device, name, size, value, written);
    }

    /** A context; the status goes to {@code status}. */
    long clCreateContext(long properties, int count, long devices, long callback, long user, long status) {
        return ClCall.create(clCreateContext, properties, count, devices, callback, user, status);
    }

    /** Gives a context back. */
    int clReleaseContext(long context) {
        return ClCall.status(clReleaseContext, context);
    }

    /** An in-order queue (OpenCL 1.x form, which every version has). */
    long clCreateCommandQueue(long context, long device, long properties, long status) {
        return ClCall.create(clCreateCommandQueue, context, device, properties, status);
    }

    /** Gives a queue back. */
    int clReleaseCommandQueue(long queue) {
        return ClCall.status(clReleaseCommandQueue, queue);
    }

    /** Device memory. */
    long clCreateBuffer(long context, long flags, long size, long host, long status) {
        return ClCall.create(clCreateBuffer, context, flags, size, host, status);
    }

    /** Gives memory back, once queued work has ended. */
    int clReleaseMemObject(long memory) {
        return ClCall.status(clReleaseMemObject, memory);
    }

    /** The host's view of a buffer. */
    long clEnqueueMapBuffer(
            long queue, long memory, int blocking, long flags, long offset, long size, int waits, long waitList,
            long event, long status) {
        return ClCall.create(clEnqueueMapBuffer, queue, memory, blocking, flags, offset, size, waits, waitList, event, status);
    }

    /** Ends the host's view. */
    int clEnqueueUnmapMemObject(long queue, long memory, long mapped, int waits, long waitList, long event) {
        return ClCall.status(clEnqueueUnmapMemObject, queue, memory, mapped, waits, waitList, event);
    }

    /** A program from source texts. */
    long clCreateProgramWithSource(long context, int count, long strings, long lengths, long status) {
        return ClCall.create(clCreateProgramWithSource, context, count, strings, lengths, status);
    }

    /** Compiles and links. */
    int clBuildProgram(long program, int count, long devices, long options, long callback, long user) {
        return ClCall.status(clBuildProgram, program, count, devices, options, callback, user);
    }

    /** A property of a build, such as its log. */
    int clGetProgramBuildInfo(long program, long device, int name, long size, long value, long written) {
        return ClCall.status(clGetProgramBuildInfo, program, device, name, size, value, written);
    }

    /** Gives a program back. */
    int clReleaseProgram(long program) {
        return ClCall.status(clReleaseProgram, program);
    }

    /** A kernel object of an entry: holds arguments, so not to be shared by threads. */
    long clCreateKernel(long program, long name, long status) {
        return ClCall.create(clCreateKernel, program, name, status);
    }

    /** Gives a kernel object back. */
    int clReleaseKernel(long kernel) {
        return ClCall.status(clReleaseKernel, kernel);
    }

    /** Sets an argument, by value. */
    int clSetKernelArg(long kernel, int index, long size, long value) {
        return ClCall.status(clSetKernelArg, kernel, index, size, value);
    }

    /** A property of a kernel on a device. */
    int clGetKernelWorkGroupInfo(long kernel, long device, int name, long size, long value, long written) {
        return ClCall.status(clGetKernelWorkGroupInfo, kernel, device, name, size, value, written);
    }

    /** Launches. */
    int clEnqueueNDRangeKernel(
            long queue, long kernel, int dimensions, long offset, long global, long local, int waits, long waitList,
            long event) {
        return ClCall.status(clEnqueueNDRangeKernel, queue, kernel, dimensions, offset, global, local, waits, waitList, event);
    }

    /** Host to device. */
    int clEnqueueWriteBuffer(
            long queue, long memory, int blocking, long offset, long size, long host, int waits, long waitList, long event) {
        return ClCall.status(clEnqueueWriteBuffer, queue, memory, blocking, offset, size, host, waits, waitList, event);
    }

    /** Device to host. */
    int clEnqueueReadBuffer(
            long queue, long memory, int blocking, long offset, long size, long host, int waits, long waitList, long event) {
        return ClCall.status(clEnqueueReadBuffer, queue, memory, blocking, offset, size, host, waits, waitList, event);
    }

    /** Device to device. */
    int clEnqueueCopyBuffer(
            long queue, long from, long to, long fromOffset, long toOffset, long size, int waits, long waitList,
            long event) {
        return ClCall.status(clEnqueueCopyBuffer, queue, from, to, fromOffset, toOffset, size, waits, waitList, event);
    }

    /** Repeats a pattern. */
    int clEnqueueFillBuffer(
            long queue, long memory, long pattern, long patternSize, long offset, long size, int waits, long waitList,
            long event) {
        return ClCall.status(clEnqueueFillBuffer, queue, memory, pattern, patternSize, offset, size, waits, waitList, event);
    }

    /** An event after all work so far. */
    int clEnqueueMarkerWithWaitList(long queue, int waits, long waitList, long event) {
        return ClCall.status(clEnqueueMarkerWithWaitList, queue, waits, waitList, event);
    }

    /** Holds later work back until events are complete. */
    int clEnqueueBarrierWithWaitList(long queue, int waits, long waitList, long event) {
        return ClCall.status(clEnqueueBarrierWithWaitList, queue, waits, waitList, event);
    }

    /** Hands work to the device. */
    int clFlush(long queue) {
        return ClCall.status(clFlush, queue);
    }

    /** Waits for all work. */
    int clFinish(long queue) {
        return ClCall.status(clFinish, queue);
    }

    /** Waits for events. */
    int clWaitForEvents(int count, long events) {
        return ClCall.status(clWaitForEvents, count, events);
    }

    /** A property of an event, such as its state. */
    int clGetEventInfo(long event, int name, long size, long value, long written) {
        return ClCall.status(clGetEventInfo, event, name, size, value, written);
    }

    /** A time stamp of an event, in nanoseconds. */
    int clGetEventProfilingInfo(long event, int name, long size, long value, long written) {
        return ClCall.status(clGetEventProfilingInfo, event, name, size, value, written);
    }

    /** Holds an event. */
    int clRetainEvent(long event) {
        return ClCall.status(clRetainEvent, event);
    }

    /** Gives an event back. */
    int clReleaseEvent(long event) {
        return ClCall.status(clReleaseEvent, event);
    }
}
