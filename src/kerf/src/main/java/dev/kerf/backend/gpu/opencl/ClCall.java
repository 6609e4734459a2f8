package dev.kerf.backend.gpu.opencl;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Calls of native functions by signature: each handle is a constant, the address is an argument. {@code status} calls what returns
 * a {@code cl_int}, {@code create} what returns a handle or a pointer.
 */
final class ClCall {
    private static final MethodHandle STATUS_ILL = handle("IILL");
    private static final MethodHandle STATUS_LILLL = handle("ILILLL");
    private static final MethodHandle STATUS_LLILL = handle("ILLILL");
    private static final MethodHandle STATUS_L = handle("IL");
    private static final MethodHandle STATUS_LLLILL = handle("ILLLILL");
    private static final MethodHandle STATUS_LILLLL = handle("ILILLLL");
    private static final MethodHandle STATUS_LLILLL = handle("ILLILLL");
    private static final MethodHandle STATUS_LILL = handle("ILILL");
    private static final MethodHandle STATUS_LLILLLILL = handle("ILLILLLILL");
    private static final MethodHandle STATUS_LLLLLLILL = handle("ILLLLLLILL");
    private static final MethodHandle STATUS_IL = handle("IIL");
    private static final MethodHandle CREATE_LILLLL = handle("LLILLLL");
    private static final MethodHandle CREATE_LLLL = handle("LLLLL");
    private static final MethodHandle CREATE_LLLLL = handle("LLLLLL");
    private static final MethodHandle CREATE_LLILLLILLL = handle("LLLILLLILLL");
    private static final MethodHandle CREATE_LILLL = handle("LLILLL");
    private static final MethodHandle CREATE_LLL = handle("LLLL");

    private ClCall() {}

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

    static int status(MemorySegment function, int a, long b, long c) {
        try {
            return (int) STATUS_ILL.invokeExact(function, a, b, c);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int status(MemorySegment function, long a, int b, long c, long d, long e) {
        try {
            return (int) STATUS_LILLL.invokeExact(function, a, b, c, d, e);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int status(MemorySegment function, long a, long b, int c, long d, long e) {
        try {
            return (int) STATUS_LLILL.invokeExact(function, a, b, c, d, e);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int status(MemorySegment function, long a) {
        try {
            return (int) STATUS_L.invokeExact(function, a);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int status(MemorySegment function, long a, long b, long c, int d, long e, long f) {
        try {
            return (int) STATUS_LLLILL.invokeExact(function, a, b, c, d, e, f);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int status(MemorySegment function, long a, int b, long c, long d, long e, long f) {
        try {
            return (int) STATUS_LILLLL.invokeExact(function, a, b, c, d, e, f);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int status(MemorySegment function, long a, long b, int c, long d, long e, long f) {
        try {
            return (int) STATUS_LLILLL.invokeExact(function, a, b, c, d, e, f);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int status(MemorySegment function, long a, int b, long c, long d) {
        try {
            return (int) STATUS_LILL.invokeExact(function, a, b, c, d);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int status(MemorySegment function, long a, long b, int c, long d, long e, long f, int g, long h, long i) {
        try {
            return (int) STATUS_LLILLLILL.invokeExact(function, a, b, c, d, e, f, g, h, i);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int status(MemorySegment function, long a, long b, long c, long d, long e, long f, int g, long h, long i) {
        try {
            return (int) STATUS_LLLLLLILL.invokeExact(function, a, b, c, d, e, f, g, h, i);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int status(MemorySegment function, int a, long b) {
        try {
            return (int) STATUS_IL.invokeExact(function, a, b);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long create(MemorySegment function, long a, int b, long c, long d, long e, long f) {
        try {
            return (long) CREATE_LILLLL.invokeExact(function, a, b, c, d, e, f);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long create(MemorySegment function, long a, long b, long c, long d) {
        try {
            return (long) CREATE_LLLL.invokeExact(function, a, b, c, d);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long create(MemorySegment function, long a, long b, long c, long d, long e) {
        try {
            return (long) CREATE_LLLLL.invokeExact(function, a, b, c, d, e);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long create(MemorySegment function, long a, long b, int c, long d, long e, long f, int g, long h, long i, long j) {
        try {
            return (long) CREATE_LLILLLILLL.invokeExact(function, a, b, c, d, e, f, g, h, i, j);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long create(MemorySegment function, long a, int b, long c, long d, long e) {
        try {
            return (long) CREATE_LILLL.invokeExact(function, a, b, c, d, e);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long create(MemorySegment function, long a, long b, long c) {
        try {
            return (long) CREATE_LLL.invokeExact(function, a, b, c);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }
}
