package dev.kerf.backend.gpu.cuda;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Calls of native functions that return a status, by signature: each handle is a constant, the address is an argument.
 */
final class CuCall {
    private static final MethodHandle OF_I = handle("I");
    private static final MethodHandle OF_L = handle("L");
    private static final MethodHandle OF_IL = handle("IL");
    private static final MethodHandle OF_LI = handle("LI");
    private static final MethodHandle OF_LII = handle("LII");
    private static final MethodHandle OF_LL = handle("LL");
    private static final MethodHandle OF_LLILL = handle("LLILL");
    private static final MethodHandle OF_LLL = handle("LLL");
    private static final MethodHandle OF_LIL = handle("LIL");
    private static final MethodHandle OF_LLLL = handle("LLLL");
    private static final MethodHandle OF_LLLLL = handle("LLLLL");
    private static final MethodHandle OF_ILLL = handle("ILLL");
    private static final MethodHandle OF_LILLLILL = handle("LILLLILL");
    private static final MethodHandle OF_LLI = handle("LLI");
    private static final MethodHandle OF_LBLL = handle("LBLL");

    private CuCall() {}

    /** A handle for a signature that returns int: I for int, L for long, B for byte. */
    @SuppressWarnings("restricted") // signatures are those of cuda.h
    private static MethodHandle handle(String signature) {
        MemoryLayout[] parameters = signature.chars()
                .mapToObj(c -> switch (c) {
                    case 'I' -> ValueLayout.JAVA_INT;
                    case 'B' -> ValueLayout.JAVA_BYTE;
                    default -> ValueLayout.JAVA_LONG;
                })
                .toArray(MemoryLayout[]::new);
        return Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
    }

    /** Native calls throw nothing; this satisfies the compiler. */
    private static AssertionError impossible(Throwable t) {
        return new AssertionError(t);
    }

    static int of(MemorySegment function, int a) {
        try {
            return (int) OF_I.invokeExact(function, a);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, long a) {
        try {
            return (int) OF_L.invokeExact(function, a);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, int a, long b) {
        try {
            return (int) OF_IL.invokeExact(function, a, b);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, long a, int b) {
        try {
            return (int) OF_LI.invokeExact(function, a, b);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, long a, int b, int c) {
        try {
            return (int) OF_LII.invokeExact(function, a, b, c);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, long a, long b) {
        try {
            return (int) OF_LL.invokeExact(function, a, b);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, long a, long b, int c, long d, long e) {
        try {
            return (int) OF_LLILL.invokeExact(function, a, b, c, d, e);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, long a, long b, long c) {
        try {
            return (int) OF_LLL.invokeExact(function, a, b, c);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, long a, int b, long c) {
        try {
            return (int) OF_LIL.invokeExact(function, a, b, c);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, long a, long b, long c, long d) {
        try {
            return (int) OF_LLLL.invokeExact(function, a, b, c, d);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, long a, long b, long c, long d, long e) {
        try {
            return (int) OF_LLLLL.invokeExact(function, a, b, c, d, e);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, int a, long b, long c, long d) {
        try {
            return (int) OF_ILLL.invokeExact(function, a, b, c, d);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, long a, int b, long c, long d, long e, int f, long g, long h) {
        try {
            return (int) OF_LILLLILL.invokeExact(function, a, b, c, d, e, f, g, h);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, long a, long b, int c) {
        try {
            return (int) OF_LLI.invokeExact(function, a, b, c);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int of(MemorySegment function, long a, byte b, long c, long d) {
        try {
            return (int) OF_LBLL.invokeExact(function, a, b, c, d);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }
}
