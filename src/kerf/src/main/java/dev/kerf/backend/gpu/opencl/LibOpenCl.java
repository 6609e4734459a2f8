package dev.kerf.backend.gpu.opencl;

import dev.kerf.backend.gpu.SignalHandlers;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * What Kerf uses of the OpenCL 1.2 programming interface, one method a function, as in {@code CL/cl.h}: {@code cl_int}
 * and {@code cl_uint} are int; handles, pointers, sizes and bit fields are long. Nothing is checked here.
 *
 * <p>The handles below are constants bound to a signature, not to an address. The addresses belong to an instance: calls
 * still compile to a direct jump, and another library may be loaded in the same process.
 */
final class LibOpenCl {
    private static final MethodHandle RETURN_INT_ILL = handle("IILL");
    private static final MethodHandle RETURN_INT_LILLL = handle("ILILLL");
    private static final MethodHandle RETURN_INT_LLILL = handle("ILLILL");
    private static final MethodHandle RETURN_LONG_LILLLL = handle("LLILLLL");
    private static final MethodHandle RETURN_INT_L = handle("IL");
    private static final MethodHandle RETURN_LONG_LLLL = handle("LLLLL");
    private static final MethodHandle RETURN_LONG_LLLLL = handle("LLLLLL");
    private static final MethodHandle RETURN_LONG_LLILLLILLL = handle("LLLILLLILLL");
    private static final MethodHandle RETURN_INT_LLLILL = handle("ILLLILL");
    private static final MethodHandle RETURN_LONG_LILLL = handle("LLILLL");
    private static final MethodHandle RETURN_INT_LILLLL = handle("ILILLLL");
    private static final MethodHandle RETURN_INT_LLILLL = handle("ILLILLL");
    private static final MethodHandle RETURN_LONG_LLL = handle("LLLL");
    private static final MethodHandle RETURN_INT_LILL = handle("ILILL");
    private static final MethodHandle RETURN_INT_LLILLLILL = handle("ILLILLLILL");
    private static final MethodHandle RETURN_INT_LLLLLLILL = handle("ILLLLLLILL");
    private static final MethodHandle RETURN_INT_IL = handle("IIL");

    private final MemorySegment clGetPlatformIDs;
    private final MemorySegment clGetPlatformInfo;
    private final MemorySegment clGetDeviceIDs;
    private final MemorySegment clGetDeviceInfo;
    private final MemorySegment clCreateContext;
    private final MemorySegment clReleaseContext;
    private final MemorySegment clCreateCommandQueue;
    private final MemorySegment clReleaseCommandQueue;
    private final MemorySegment clCreateBuffer;
    private final MemorySegment clReleaseMemObject;
    private final MemorySegment clEnqueueMapBuffer;
    private final MemorySegment clEnqueueUnmapMemObject;
    private final MemorySegment clCreateProgramWithSource;
    private final MemorySegment clBuildProgram;
    private final MemorySegment clGetProgramBuildInfo;
    private final MemorySegment clReleaseProgram;
    private final MemorySegment clCreateKernel;
    private final MemorySegment clReleaseKernel;
    private final MemorySegment clSetKernelArg;
    private final MemorySegment clGetKernelWorkGroupInfo;
    private final MemorySegment clEnqueueNDRangeKernel;
    private final MemorySegment clEnqueueWriteBuffer;
    private final MemorySegment clEnqueueReadBuffer;
    private final MemorySegment clEnqueueCopyBuffer;
    private final MemorySegment clEnqueueFillBuffer;
    private final MemorySegment clEnqueueMarkerWithWaitList;
    private final MemorySegment clEnqueueBarrierWithWaitList;
    private final MemorySegment clFlush;
    private final MemorySegment clFinish;
    private final MemorySegment clWaitForEvents;
    private final MemorySegment clGetEventInfo;
    private final MemorySegment clGetEventProfilingInfo;
    private final MemorySegment clRetainEvent;
    private final MemorySegment clReleaseEvent;

    /**
     * Loads a library; it stays loaded.
     *
     * @throws IllegalArgumentException if it can't be loaded or lacks a function; the message says which
     */
    @SuppressWarnings("restricted") // what the library does is the driver's business
    LibOpenCl(String library) {
        SignalHandlers.remember();
        SymbolLookup lookup = SymbolLookup.libraryLookup(library, Arena.global());
        clGetPlatformIDs = address(lookup, "clGetPlatformIDs");
        clGetPlatformInfo = address(lookup, "clGetPlatformInfo");
        clGetDeviceIDs = address(lookup, "clGetDeviceIDs");
        clGetDeviceInfo = address(lookup, "clGetDeviceInfo");
        clCreateContext = address(lookup, "clCreateContext");
        clReleaseContext = address(lookup, "clReleaseContext");
        clCreateCommandQueue = address(lookup, "clCreateCommandQueue");
        clReleaseCommandQueue = address(lookup, "clReleaseCommandQueue");
        clCreateBuffer = address(lookup, "clCreateBuffer");
        clReleaseMemObject = address(lookup, "clReleaseMemObject");
        clEnqueueMapBuffer = address(lookup, "clEnqueueMapBuffer");
        clEnqueueUnmapMemObject = address(lookup, "clEnqueueUnmapMemObject");
        clCreateProgramWithSource = address(lookup, "clCreateProgramWithSource");
        clBuildProgram = address(lookup, "clBuildProgram");
        clGetProgramBuildInfo = address(lookup, "clGetProgramBuildInfo");
        clReleaseProgram = address(lookup, "clReleaseProgram");
        clCreateKernel = address(lookup, "clCreateKernel");
        clReleaseKernel = address(lookup, "clReleaseKernel");
        clSetKernelArg = address(lookup, "clSetKernelArg");
        clGetKernelWorkGroupInfo = address(lookup, "clGetKernelWorkGroupInfo");
        clEnqueueNDRangeKernel = address(lookup, "clEnqueueNDRangeKernel");
        clEnqueueWriteBuffer = address(lookup, "clEnqueueWriteBuffer");
        clEnqueueReadBuffer = address(lookup, "clEnqueueReadBuffer");
        clEnqueueCopyBuffer = address(lookup, "clEnqueueCopyBuffer");
        clEnqueueFillBuffer = address(lookup, "clEnqueueFillBuffer");
        clEnqueueMarkerWithWaitList = address(lookup, "clEnqueueMarkerWithWaitList");
        clEnqueueBarrierWithWaitList = address(lookup, "clEnqueueBarrierWithWaitList");
        clFlush = address(lookup, "clFlush");
        clFinish = address(lookup, "clFinish");
        clWaitForEvents = address(lookup, "clWaitForEvents");
        clGetEventInfo = address(lookup, "clGetEventInfo");
        clGetEventProfilingInfo = address(lookup, "clGetEventProfilingInfo");
        clRetainEvent = address(lookup, "clRetainEvent");
        clReleaseEvent = address(lookup, "clReleaseEvent");
    }

    private static MemorySegment address(SymbolLookup lookup, String function) {
        return lookup.find(function).orElseThrow(() -> new IllegalArgumentException("it has no function " + function));
    }

    /** A handle for a signature: the result, then the parameters, I for int and L for long. */
    @SuppressWarnings("restricted") // signatures are those of CL/cl.h
    private static MethodHandle handle(String signature) {
        MemoryLayout[] parameters = signature.chars()
                .skip(1)
                .mapToObj(c -> c == 'I' ? ValueLayout.JAVA_INT : ValueLayout.JAVA_LONG)
                .toArray(MemoryLayout[]::new);
        MemoryLayout result = signature.charAt(0) == 'I' ? ValueLayout.JAVA_INT : ValueLayout.JAVA_LONG;
        return Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(result, parameters));
    }

    /** Native calls throw nothing; this satisfies the compiler. */
    private static AssertionError impossible(Throwable t) {
        return new AssertionError(t);
    }

    /** Platforms: how many, and their handles. */
    int clGetPlatformIDs(int count, long platforms, long found) {
        try {
            return (int) RETURN_INT_ILL.invokeExact(clGetPlatformIDs, count, platforms, found);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** A property of a platform. */
    int clGetPlatformInfo(long platform, int name, long size, long value, long written) {
        try {
            return (int) RETURN_INT_LILLL.invokeExact(clGetPlatformInfo, platform, name, size, value, written);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Devices of a platform: how many, and their handles. */
    int clGetDeviceIDs(long platform, long type, int count, long devices, long found) {
        try {
            return (int) RETURN_INT_LLILL.invokeExact(clGetDeviceIDs, platform, type, count, devices, found);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** A property of a device. */
    int clGetDeviceInfo(long device, int name, long size, long value, long written) {
        try {
            return (int) RETURN_INT_LILLL.invokeExact(clGetDeviceInfo, device, name, size, value, written);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** A context; the status goes to {@code status}. */
    long clCreateContext(long properties, int count, long devices, long callback, long user, long status) {
        try {
            return (long) RETURN_LONG_LILLLL.invokeExact(
                    clCreateContext, properties, count, devices, callback, user, status);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Gives a context back. */
    int clReleaseContext(long context) {
        try {
            return (int) RETURN_INT_L.invokeExact(clReleaseContext, context);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** An in-order queue (OpenCL 1.x form, which every version has). */
    long clCreateCommandQueue(long context, long device, long properties, long status) {
        try {
            return (long) RETURN_LONG_LLLL.invokeExact(clCreateCommandQueue, context, device, properties, status);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Gives a queue back. */
    int clReleaseCommandQueue(long queue) {
        try {
            return (int) RETURN_INT_L.invokeExact(clReleaseCommandQueue, queue);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Device memory. */
    long clCreateBuffer(long context, long flags, long size, long host, long status) {
        try {
            return (long) RETURN_LONG_LLLLL.invokeExact(clCreateBuffer, context, flags, size, host, status);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Gives memory back, once queued work has ended. */
    int clReleaseMemObject(long memory) {
        try {
            return (int) RETURN_INT_L.invokeExact(clReleaseMemObject, memory);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** The host's view of a buffer. */
    long clEnqueueMapBuffer(
            long queue, long memory, int blocking, long flags, long offset, long size, int waits, long waitList,
            long event, long status) {
        try {
            return (long) RETURN_LONG_LLILLLILLL.invokeExact(
                    clEnqueueMapBuffer, queue, memory, blocking, flags, offset, size, waits, waitList, event, status);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Ends the host's view. */
    int clEnqueueUnmapMemObject(long queue, long memory, long mapped, int waits, long waitList, long event) {
        try {
            return (int) RETURN_INT_LLLILL.invokeExact(
                    clEnqueueUnmapMemObject, queue, memory, mapped, waits, waitList, event);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** A program from source texts. */
    long clCreateProgramWithSource(long context, int count, long strings, long lengths, long status) {
        try {
            return (long) RETURN_LONG_LILLL.invokeExact(
                    clCreateProgramWithSource, context, count, strings, lengths, status);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Compiles and links. */
    int clBuildProgram(long program, int count, long devices, long options, long callback, long user) {
        try {
            return (int) RETURN_INT_LILLLL.invokeExact(
                    clBuildProgram, program, count, devices, options, callback, user);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** A property of a build, such as its log. */
    int clGetProgramBuildInfo(long program, long device, int name, long size, long value, long written) {
        try {
            return (int) RETURN_INT_LLILLL.invokeExact(
                    clGetProgramBuildInfo, program, device, name, size, value, written);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Gives a program back. */
    int clReleaseProgram(long program) {
        try {
            return (int) RETURN_INT_L.invokeExact(clReleaseProgram, program);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** A kernel object of an entry: holds arguments, so not to be shared by threads. */
    long clCreateKernel(long program, long name, long status) {
        try {
            return (long) RETURN_LONG_LLL.invokeExact(clCreateKernel, program, name, status);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Gives a kernel object back. */
    int clReleaseKernel(long kernel) {
        try {
            return (int) RETURN_INT_L.invokeExact(clReleaseKernel, kernel);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Sets an argument, by value. */
    int clSetKernelArg(long kernel, int index, long size, long value) {
        try {
            return (int) RETURN_INT_LILL.invokeExact(clSetKernelArg, kernel, index, size, value);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** A property of a kernel on a device. */
    int clGetKernelWorkGroupInfo(long kernel, long device, int name, long size, long value, long written) {
        try {
            return (int) RETURN_INT_LLILLL.invokeExact(
                    clGetKernelWorkGroupInfo, kernel, device, name, size, value, written);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Launches. */
    int clEnqueueNDRangeKernel(
            long queue, long kernel, int dimensions, long offset, long global, long local, int waits, long waitList,
            long event) {
        try {
            return (int) RETURN_INT_LLILLLILL.invokeExact(
                    clEnqueueNDRangeKernel, queue, kernel, dimensions, offset, global, local, waits, waitList, event);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Host to device. */
    int clEnqueueWriteBuffer(
            long queue, long memory, int blocking, long offset, long size, long host, int waits, long waitList, long event) {
        try {
            return (int) RETURN_INT_LLILLLILL.invokeExact(
                    clEnqueueWriteBuffer, queue, memory, blocking, offset, size, host, waits, waitList, event);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Device to host. */
    int clEnqueueReadBuffer(
            long queue, long memory, int blocking, long offset, long size, long host, int waits, long waitList, long event) {
        try {
            return (int) RETURN_INT_LLILLLILL.invokeExact(
                    clEnqueueReadBuffer, queue, memory, blocking, offset, size, host, waits, waitList, event);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Device to device. */
    int clEnqueueCopyBuffer(
            long queue, long from, long to, long fromOffset, long toOffset, long size, int waits, long waitList,
            long event) {
        try {
            return (int) RETURN_INT_LLLLLLILL.invokeExact(
                    clEnqueueCopyBuffer, queue, from, to, fromOffset, toOffset, size, waits, waitList, event);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Repeats a pattern. */
    int clEnqueueFillBuffer(
            long queue, long memory, long pattern, long patternSize, long offset, long size, int waits, long waitList,
            long event) {
        try {
            return (int) RETURN_INT_LLLLLLILL.invokeExact(
                    clEnqueueFillBuffer, queue, memory, pattern, patternSize, offset, size, waits, waitList, event);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** An event after all work so far. */
    int clEnqueueMarkerWithWaitList(long queue, int waits, long waitList, long event) {
        try {
            return (int) RETURN_INT_LILL.invokeExact(clEnqueueMarkerWithWaitList, queue, waits, waitList, event);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Holds later work back until events are complete. */
    int clEnqueueBarrierWithWaitList(long queue, int waits, long waitList, long event) {
        try {
            return (int) RETURN_INT_LILL.invokeExact(clEnqueueBarrierWithWaitList, queue, waits, waitList, event);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Hands work to the device. */
    int clFlush(long queue) {
        try {
            return (int) RETURN_INT_L.invokeExact(clFlush, queue);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Waits for all work. */
    int clFinish(long queue) {
        try {
            return (int) RETURN_INT_L.invokeExact(clFinish, queue);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Waits for events. */
    int clWaitForEvents(int count, long events) {
        try {
            return (int) RETURN_INT_IL.invokeExact(clWaitForEvents, count, events);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** A property of an event, such as its state. */
    int clGetEventInfo(long event, int name, long size, long value, long written) {
        try {
            return (int) RETURN_INT_LILLL.invokeExact(clGetEventInfo, event, name, size, value, written);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** A time stamp of an event, in nanoseconds. */
    int clGetEventProfilingInfo(long event, int name, long size, long value, long written) {
        try {
            return (int) RETURN_INT_LILLL.invokeExact(clGetEventProfilingInfo, event, name, size, value, written);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Holds an event. */
    int clRetainEvent(long event) {
        try {
            return (int) RETURN_INT_L.invokeExact(clRetainEvent, event);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Gives an event back. */
    int clReleaseEvent(long event) {
        try {
            return (int) RETURN_INT_L.invokeExact(clReleaseEvent, event);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }
}
