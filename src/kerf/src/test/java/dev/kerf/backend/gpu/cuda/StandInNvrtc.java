package dev.kerf.backend.gpu.cuda;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The library of {@code src/kerf/src/test/c/standin_nvrtc.c}, built by gcc. */
record StandInNvrtc(Path library) {
    /** Builds it in a folder. */
    static StandInNvrtc in(Path folder, String... flags) throws IOException, InterruptedException {
        Path library = folder.resolve("libnvrtc.so");
        List<String> command = new ArrayList<>(List.of("gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror",
                "-Wno-incompatible-pointer-types", "src/kerf/src/test/c/standin_nvrtc.c", "-o", library.toString()));
        command.addAll(List.of(flags));
        Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
        String log = new String(p.getInputStream().readAllBytes());
        if (p.waitFor() != 0) {
            throw new IOException(log);
        }
        return new StandInNvrtc(library);
    }

    /** How many programs were compiled in this process. */
    int compiles() {
        return number("standin_compiles");
    }

    /** How many programs weren't destroyed. */
    int programs() {
        return number("standin_programs");
    }

    @SuppressWarnings("restricted") // our own library
    private int number(String function) {
        try {
            return (int) Linker.nativeLinker().downcallHandle(
                    SymbolLookup.libraryLookup(library, Arena.global()).findOrThrow(function),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT)).invokeExact();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
