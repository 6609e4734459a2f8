package dev.kerf.backend.gpu.cuda;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where {@code libnvrtc} is: what the system property {@code kerf.nvrtc.library} or the environment's
 * {@code KERF_NVRTC_LIBRARY} names, and nothing else then; or else the system's library path, CUDA toolkits
 * ({@code CUDA_HOME}, {@code CUDA_PATH}, {@code /usr/local/cuda*}), and the {@code nvidia-cuda-nvrtc} packages of
 * Python (of {@code VIRTUAL_ENV}, {@code CONDA_PREFIX}, the user and the system).
 */
final class NvrtcLibrary {
    /** The system property that names the library. */
    static final String PROPERTY = "kerf.nvrtc.library";

    private static final String VARIABLE = "KERF_NVRTC_LIBRARY";
    private static final List<String> NAMES = List.of("libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so");

    private NvrtcLibrary() {}

    /**
     * A search's outcome.
     *
     * @param nvrtc  the compiler, or null
     * @param looked where it was looked for and why that failed, if it did
     */
    record Found(Nvrtc nvrtc, String looked) {}

    /** Looks as the system property and the environment say. */
    static Found find() {
        String named = System.getProperty(PROPERTY, System.getenv().getOrDefault(VARIABLE, ""));
        return named.isEmpty() ? find(candidates(System.getenv(), Path.of("/"))) : find(List.of(named));
    }

    /** Tries libraries in order. */
    static Found find(List<String> candidates) {
        List<String> refusals = new ArrayList<>();
        for (String library : candidates) {
            try {
                preload(library);
                return new Found(new Nvrtc(library), "");
            } catch (IllegalArgumentException e) {
                refusals.add(library + " (" + e.getMessage() + ")");
            }
        }
        return new Found(null, String.join(", ", refusals));
    }

    /**
     * The library finds its part with the built-in functions by name alone: it must be loaded where no path leads to
     * it.
     */
    @SuppressWarnings("restricted") // as Nvrtc loads its own
    private static void preload(String library) {
        Path folder = Path.of(library).getParent();
        for (Path builtins : folder == null ? List.<Path>of() : list(folder, "libnvrtc-builtins.so.*")) {
            try {
                SymbolLookup.libraryLookup(builtins, Arena.global());
            } catch (IllegalArgumentException e) {
                // Of another release, or broken: if it is needed, the compiler says so.
                System.getLogger(NvrtcLibrary.class.getName()).log(System.Logger.Level.DEBUG, "{0}: {1}", builtins, e);
            }
        }
    }

    /** Libraries to try: names first, then the files that are there. */
    static List<String> candidates(Map<String, String> environment, Path root) {
        Set<String> all = new LinkedHashSet<>(NAMES);
        List<Path> folders = new ArrayList<>();
        for (String toolkit : List.of("CUDA_HOME", "CUDA_PATH")) {
            if (!environment.getOrDefault(toolkit, "").isEmpty()) {
                folders.add(Path.of(environment.get(toolkit), "lib64"));
                folders.add(Path.of(environment.get(toolkit), "lib"));
            }
        }
        Path local = root.resolve("usr/local");
        list(local, "cuda*").forEach(cuda -> folders.add(cuda.resolve("lib64")));
        for (String prefix : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
            if (!environment.getOrDefault(prefix, "").isEmpty()) {
                folders.add(Path.of(environment.get(prefix), "lib"));
            }
        }
        if (!environment.getOrDefault("HOME", "").isEmpty()) {
            folders.add(Path.of(environment.get("HOME"), ".local", "lib"));
        }
        folders.add(local.resolve("lib"));
        folders.add(root.resolve("usr/lib"));
        folders.forEach(folder -> {
            libraries(folder, all);
            for (Path python : list(folder, "python3*")) {
                for (Path packages : list(python, "{site,dist}-packages")) {
                    list(packages.resolve("nvidia"), "{cuda_nvrtc,cu1[0-9]}")
                            .forEach(p -> libraries(p.resolve("lib"), all));
                }
            }
        });
        return List.copyOf(all);
    }

    private static void libraries(Path folder, Set<String> to) {
        list(folder, "libnvrtc.so*").forEach(file -> to.add(file.toString()));
    }

    /**
     * Entries of a folder that match, the last name first: newer versions before older ones; none if it can't be read.
     */
    private static List<Path> list(Path folder, String glob) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<Path> all = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, glob)) {
            entries.forEach(all::add);
        } catch (IOException e) {
            return List.of();
        }
        all.sort((a, b) -> b.compareTo(a));
        return all;
    }
}
