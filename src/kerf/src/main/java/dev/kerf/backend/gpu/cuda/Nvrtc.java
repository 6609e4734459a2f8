package dev.kerf.backend.gpu.cuda;

import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * NVIDIA's compiler for CUDA C++ at run time, {@code libnvrtc}: what Kerf uses of it, as in {@code nvrtc.h}. It needs
 * no GPU. Thread-safe: one compilation at a time.
 */
final class Nvrtc {
    private static final int SUCCESS = 0;
    private static final int LOG_IN_MESSAGE = 4000;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle RETURN_INT_L = handle("L");
    private static final MethodHandle RETURN_INT_LL = handle("LL");
    private static final MethodHandle RETURN_INT_LIL = handle("LIL");
    private static final MethodHandle RETURN_INT_LLLILL = handle("LLLILL");
    @SuppressWarnings("restricted") // the descriptor is as in nvrtc.h
    private static final MethodHandle RETURN_LONG_I = LINKER.downcallHandle(
            FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

    private final String library;
    private final MemorySegment createProgram;
    private final MemorySegment compileProgram;
    private final MemorySegment destroyProgram;
    private final MemorySegment ptxSize;
    private final MemorySegment ptx;
    private final MemorySegment logSize;
    private final MemorySegment log;
    private final MemorySegment errorString;
    private final String version;
    private final int[] architectures;

    /**
     * Loads a library; it stays loaded.
     *
     * @throws IllegalArgumentException if it can't be loaded or lacks a function; the message says which
     */
    @SuppressWarnings("restricted") // what the library does is the compiler's business
    Nvrtc(String library) {
        this.library = library;
        SymbolLookup lookup = SymbolLookup.libraryLookup(library, Arena.global());
        createProgram = address(lookup, "nvrtcCreateProgram");
        compileProgram = address(lookup, "nvrtcCompileProgram");
        destroyProgram = address(lookup, "nvrtcDestroyProgram");
        ptxSize = address(lookup, "nvrtcGetPTXSize");
        ptx = address(lookup, "nvrtcGetPTX");
        logSize = address(lookup, "nvrtcGetProgramLogSize");
        log = address(lookup, "nvrtcGetProgramLog");
        errorString = address(lookup, "nvrtcGetErrorString");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment two = arena.allocate(ValueLayout.JAVA_INT, 2);
            MemorySegment versionOf = address(lookup, "nvrtcVersion");
            check(call(RETURN_INT_LL, versionOf, two.address(), two.address() + 4), "nvrtcVersion");
            version = two.get(ValueLayout.JAVA_INT, 0) + "." + two.get(ValueLayout.JAVA_INT, 4);
            check(call(RETURN_INT_L, address(lookup, "nvrtcGetNumSupportedArchs"), two.address()),
                    "nvrtcGetNumSupportedArchs");
            int count = two.get(ValueLayout.JAVA_INT, 0);
            MemorySegment all = arena.allocate(ValueLayout.JAVA_INT, Math.max(1, count));
            check(call(RETURN_INT_L, address(lookup, "nvrtcGetSupportedArchs"), all.address()),
                    "nvrtcGetSupportedArchs");
            architectures = all.asSlice(0, 4L * count).toArray(ValueLayout.JAVA_INT);
        }
    }

    /** The library and its version, such as {@code libnvrtc.so.12 (12.6)}. */
    String name() {
        return library + " (" + version + ")";
    }

    /** Its version, such as {@code 12.6}. */
    String version() {
        return version;
    }

    /**
     * The latest architecture that it compiles for and a device runs, such as {@code compute_90}; null if there is
     * none.
     */
    String architecture(KernelImages.Chip chip) {
        int own = chip.major() * 10 + chip.minor();
        int best = 0;
        for (int a : architectures) {
            best = a <= own ? Math.max(best, a) : best;
        }
        return best == 0 ? null : "compute_" + best;
    }

    /**
     * Compiles a program to PTX.
     *
     * @param source  CUDA C++ that includes no files
     * @param what    the program in words, for messages
     * @param options as on a command line
     * @throws DeviceException if it is refused; with the compiler's log
     */
    synchronized String compile(String source, String what, List<String> options) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment program = arena.allocate(ValueLayout.JAVA_LONG);
            check(call(RETURN_INT_LLLILL, createProgram, program.address(), arena.allocateFrom(source).address(),
                    arena.allocateFrom("kernel.cu").address(), 0, 0L, 0L), "nvrtcCreateProgram");
            try {
                long handle = program.get(ValueLayout.JAVA_LONG, 0);
                MemorySegment words = arena.allocate(ValueLayout.JAVA_LONG, Math.max(1, options.size()));
                for (int i = 0; i < options.size(); i++) {
                    words.setAtIndex(ValueLayout.JAVA_LONG, i, arena.allocateFrom(options.get(i)).address());
                }
                int status = call(RETURN_INT_LIL, compileProgram, handle, options.size(), words.address());
                if (status != SUCCESS) {
                    String said = text(arena, handle, logSize, "nvrtcGetProgramLogSize", log, "nvrtcGetProgramLog").strip();
                    String shown = said.length() <= LOG_IN_MESSAGE ? said : said.substring(0, LOG_IN_MESSAGE) + " …";
                    throw new DeviceException("nvrtcCompileProgram", status, statusName(status),
                            "of " + what + " by " + name(), "the compiler says:\n" + shown, status == 1);
                }
                return text(arena, handle, ptxSize, "nvrtcGetPTXSize", ptx, "nvrtcGetPTX");
            } finally {
                call(RETURN_INT_L, destroyProgram, program.address());
            }
        }
    }

    private String text(
            Arena arena, long program, MemorySegment sizeOf, String sizeName, MemorySegment get, String getName) {
        MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
        check(call(RETURN_INT_LL, sizeOf, program, size.address()), sizeName);
        MemorySegment bytes = arena.allocate(Math.max(1, size.get(ValueLayout.JAVA_LONG, 0)));
        check(call(RETURN_INT_LL, get, program, bytes.address()), getName);
        String all = new String(bytes.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        int end = all.indexOf('\0');
        return end < 0 ? all : all.substring(0, end);
    }

    private void check(int status, String function) {
        if (status != SUCCESS) {
            throw new DeviceException(function, status, statusName(status), "of " + library,
                    "the compiler's library doesn't work here; install another one or name it by -D"
                            + NvrtcLibrary.PROPERTY + "=FILE",
                    status == 1);
        }
    }

    @SuppressWarnings("restricted") // the library owns the string
    private String statusName(int status) {
        try {
            MemorySegment s = MemorySegment.ofAddress((long) RETURN_LONG_I.invokeExact(errorString, status));
            return s.address() == 0 ? "NVRTC_ERROR" : s.reinterpret(256).getString(0);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static int call(MethodHandle handle, MemorySegment function, Object... arguments) {
        try {
            Object[] all = new Object[arguments.length + 1];
            all[0] = function;
            System.arraycopy(arguments, 0, all, 1, arguments.length);
            return (int) handle.invokeWithArguments(all);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    @SuppressWarnings("restricted") // the descriptors are as in nvrtc.h
    private static MethodHandle handle(String parameters) {
        return LINKER.downcallHandle(FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters.chars()
                .mapToObj(c -> c == 'L' ? ValueLayout.JAVA_LONG : ValueLayout.JAVA_INT)
                .toArray(ValueLayout[]::new)));
    }

    private static MemorySegment address(SymbolLookup lookup, String name) {
        return lookup.find(name).orElseThrow(() -> new IllegalArgumentException("it has no " + name));
    }
}
