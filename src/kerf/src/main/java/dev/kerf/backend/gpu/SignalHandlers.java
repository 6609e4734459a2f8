package dev.kerf.backend.gpu;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The JVM's handlers of synchronous signals, put back where a library replaced them. The JVM lives with faults: a null check
 * is a read that may fail. OpenCL implementations that bring LLVM (PoCL, some vendors') install LLVM's crash handlers when they
 * are first used, and those give a signal back to the system's default on their first call: two threads whose null checks fail
 * at once then end the process.
 */
public final class SignalHandlers {
    /** SIGILL, SIGBUS and SIGSEGV as Linux numbers them on x86-64 and AArch64. */
    private static final int[] SIGNALS = {4, 7, 11};
    /** No {@code struct sigaction} is larger. */
    private static final long BYTES = 256;

    private static final Optional<MethodHandle> SIGACTION = sigaction();
    private static final MemorySegment[] KEPT = keep();

    private SignalHandlers() {}

    /** Notes the handlers, on its first call; to be called before the library is loaded. */
    public static void remember() {
        // Initialising the class is all.
    }

    /** Puts back what was noted. */
    public static synchronized void restore() {
        for (int i = 0; i < KEPT.length; i++) {
            call(SIGNALS[i], KEPT[i], MemorySegment.NULL);
        }
    }

    /** The address of a signal's handler now; 0 where it can't be told. For tests. */
    public static long handler(int signal) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(BYTES, 8);
            call(signal, MemorySegment.NULL, action);
            return action.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    @SuppressWarnings("restricted") // the signature is that of sigaction(2)
    private static Optional<MethodHandle> sigaction() {
        if (!System.getProperty("os.name").equals("Linux")) {
            return Optional.empty();
        }
        SymbolLookup libc = Linker.nativeLinker().defaultLookup();
        return libc.find("sigaction").map(f -> Linker.nativeLinker().downcallHandle(f, FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS)));
    }

    private static MemorySegment[] keep() {
        MemorySegment[] kept = new MemorySegment[SIGACTION.isPresent() ? SIGNALS.length : 0];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = Arena.global().allocate(BYTES, 8);
            call(SIGNALS[i], MemorySegment.NULL, kept[i]);
        }
        return kept;
    }

    private static void call(int signal, MemorySegment action, MemorySegment old) {
        if (SIGACTION.isEmpty()) {
            return;
        }
        try {
            int ignored = (int) SIGACTION.get().invokeExact(signal, action, old);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }
}
