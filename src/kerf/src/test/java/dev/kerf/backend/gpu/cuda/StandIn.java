package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.Backends;
import dev.kerf.backend.BackendsUnderTest;
import dev.kerf.error.BackendUnavailableException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The libcuda of machines without a GPU: {@code src/kerf/src/kerf/src/test/c/cuda}, compiled with gcc, which does the work by
 * OpenCL on the CPU.
 */
public final class StandIn {
    /** What the tests' list of back ends calls it. */
    public static final String NAME = "cuda-standin";

    /** What its device is called. */
    public static final String DEVICE = "Kerf stand-in";

    private static final Path SOURCES = Path.of("src", "kerf", "src", "test", "c", "cuda");
    private static final List<String> KINDS = List.of("contexts", "streams", "events", "modules", "functions", "pools",
            "graphs", "executables", "nodes", "links", "buffers", "bytes", "host");

    private final Path library;
    private final MethodHandle fault;
    private final MethodHandle calls;
    private final MethodHandle live;
    private final MethodHandle last;
    private final MethodHandle set;
    private final MethodHandle abandon;
    private final MethodHandle context;

    private static final class Holder {
        static final StandIn INSTANCE = new StandIn(compile("standin"));
    }

    @SuppressWarnings("restricted") // the library is ours
    private StandIn(Path library) {
        this.library = library;
        SymbolLookup lookup = SymbolLookup.libraryLookup(library, Arena.global());
        fault = handle(lookup, "standin_fault",
                FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
        FunctionDescriptor number = FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS);
        calls = handle(lookup, "standin_calls", number);
        live = handle(lookup, "standin_live", number);
        last = handle(lookup, "standin_last", number);
        set = handle(lookup, "standin_set",
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
        abandon = handle(lookup, "standin_abandon", FunctionDescriptor.ofVoid());
        context = handle(lookup, "standin_context",
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    }

    /** The stand-in, in place of libcuda in this process from now on, its kernels' code the portable sources. */
    public static StandIn install() {
        StandIn standIn = Holder.INSTANCE;
        System.setProperty("kerf.cuda.library", standIn.library.toString());
        System.setProperty("kerf.cuda.images", SourceImages.class.getName());
        return standIn;
    }

    /**
     * The stand-in if it can be had here, as arguments of a parameterised test. Where it is demanded ({@link
     * BackendsUnderTest#DEMANDED}) and can't be had, an error; where it isn't demanded, what is missing is printed.
     */
    public static Stream<StandIn> found() {
        boolean demanded = System.getProperty(BackendsUnderTest.DEMANDED, "").contains(NAME);
        if (!demanded && !works()) {
            return Stream.empty();
        }
        try {
            StandIn standIn = install();
            Backends.named("cuda").devices();
            return Stream.of(standIn);
        } catch (BackendUnavailableException e) {
            if (demanded) {
                throw e;
            }
            System.out.println("not tested: " + NAME + " (" + e.getMessage() + "; it takes gcc and an OpenCL device of "
                    + "type CPU, such as Debian's pocl-opencl-icd)");
            return Stream.empty();
        }
    }

    /** For {@code @EnabledIf}: whether gcc is there, with which stand-ins for libraries are compiled; says so if it isn't. */
    public static boolean compiles() {
        try {
            new ProcessBuilder("gcc", "--version").redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return true;
        } catch (IOException e) {
            System.out.println("not tested: what takes a library that gcc compiles (" + e.getMessage() + ")");
            return false;
        }
    }

    /** For {@code @EnabledIf}: whether it can be had here, see {@link #compiles}; it also takes a device of OpenCL. */
    public static boolean works() {
        boolean opencl = Backends.survey().stream().anyMatch(f -> f.name().equals("opencl") && !f.devices().isEmpty());
        if (!opencl) {
            System.out.println("not tested: what takes " + NAME + " (there is no device of OpenCL)");
        }
        return opencl && compiles();
    }

    /** Compiles it with definitions of its own; another file for each name. */
    public static Path compile(String name, String... definitions) {
        Path folder = Path.of("target", "standin").toAbsolutePath();
        Path made = folder.resolve("lib" + name + ".so");
        try {
            Files.createDirectories(folder);
            Path fresh = Files.createTempFile(folder, name, ".so");
            List<String> command = new ArrayList<>(
                    List.of("gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"));
            command.addAll(List.of(definitions));
            command.addAll(List.of("-o", fresh.toString()));
            try (Stream<Path> sources = Files.list(SOURCES)) {
                sources.filter(p -> p.toString().endsWith(".c")).sorted().forEach(p -> command.add(p.toString()));
            }
            command.addAll(List.of("-ldl", "-lpthread"));
            Process gcc = new ProcessBuilder(command).redirectErrorStream(true).start();
            String says = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (gcc.waitFor() != 0) {
                throw new BackendUnavailableException(NAME + ": gcc can't compile " + SOURCES + ":\n" + says);
            }
            return Files.move(fresh, made, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new BackendUnavailableException(NAME + ": the stand-in for libcuda is compiled with gcc, which can't "
                    + "be run (" + e.getMessage() + "); install it (Debian: gcc libc6-dev)", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BackendUnavailableException(NAME + ": interrupted while gcc ran", e);
        }
    }

    @SuppressWarnings("restricted") // signatures are those of the source
    private static MethodHandle handle(SymbolLookup lookup, String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(lookup.find(name).orElseThrow(), type);
    }

    /** Makes a function fail once, after some calls that pass. */
    void fault(String function, long passes, int status) {
        try (Arena arena = Arena.ofConfined()) {
            fault.invokeExact(arena.allocateFrom(function), passes, status);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /** How often a function was called. */
    public long calls(String function) {
        return ask(calls, function);
    }

    /**
     * {@code shared}, {@code cluster} or {@code attributes} of the last launch; so far, {@code uploaded} bytes, copies from
     * or to {@code pageable} memory, and PTX {@code assembled}.
     */
    public long last(String what) {
        return ask(last, what);
    }

    /** What was made and not freed, by kind; empty when all was. */
    Map<String, Long> live() {
        Map<String, Long> left = new TreeMap<>();
        for (String kind : KINDS) {
            long n = ask(live, kind);
            if (n != 0) {
                left.put(kind, n);
            }
        }
        return left;
    }

    /** Forgets all that was made and not freed, and every context of the calling thread. */
    void abandon() {
        try {
            abandon.invokeExact();
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /**
     * Pushes a context on the calling thread's stack; 0 pops, −1 does nothing. Returns the one that is current then.
     */
    long context(long push) {
        try {
            return (long) context.invokeExact(push);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /** Its device is a Turing from now on, for which no kernel is chosen that only CUDA's compiler reads: it runs the others. */
    public void withPortableKernels() {
        set("major", 7);
        set("minor", 5);
    }

    /**
     * Changes the device: {@code version}, {@code devices}, {@code pools}, {@code memory}, {@code major}, {@code
     * minor}.
     */
    void set(String name, long value) {
        try (Arena arena = Arena.ofConfined()) {
            if ((int) set.invokeExact(arena.allocateFrom(name), value) != 1) {
                throw new IllegalArgumentException(name);
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private static long ask(MethodHandle function, String what) {
        try (Arena arena = Arena.ofConfined()) {
            return (long) function.invokeExact(arena.allocateFrom(what));
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }
}
