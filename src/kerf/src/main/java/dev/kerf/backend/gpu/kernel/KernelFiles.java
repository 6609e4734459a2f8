package dev.kerf.backend.gpu.kernel;

import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where kernels' sources and manifests come from: a folder of the user's, if there is one, before what ships. It is laid out like
 * {@code kernels/}, needs no more than what differs, and has three things:
 *
 * <pre>
 * NAME.cl, NAME.h …            a source or a header in place of the one that ships, or the source of a variant
 * manifest/NAME.json           a kernel's manifest in place of the one that ships
 * variants/NAME_WHAT.json      one more entry of the variants of NAME, before those that ship
 * </pre>
 *
 * The system property {@code kerf.kernels} names it, or the environment's {@code KERF_KERNELS}; read when a kernel is first asked for.
 */
public final class KernelFiles {
    /** The system property that names the user's folder. */
    public static final String PROPERTY = "kerf.kernels";

    private static final String SHIPPED = "/dev/kerf/kernels/";

    private KernelFiles() {}

    /**
     * The user's folder.
     *
     * @throws BadFileException if one is named and isn't there
     */
    public static Optional<Path> folder() {
        String named = System.getProperty(PROPERTY, System.getenv().getOrDefault("KERF_KERNELS", ""));
        if (named.isEmpty()) {
            return Optional.empty();
        }
        if (!Files.isDirectory(Path.of(named))) {
            throw new BadFileException("there is no folder " + named + ", which -D" + PROPERTY
                    + " or KERF_KERNELS names as that of kernels of yours");
        }
        return Optional.of(Path.of(named));
    }

    /** Whether a file is one of the user's. */
    static boolean own(String path) {
        return folder().filter(f -> Files.isRegularFile(f.resolve(path))).isPresent();
    }

    static boolean exists(String path) {
        return own(path) || KernelFiles.class.getResource(SHIPPED + path) != null;
    }

    /** How messages name a file. */
    static String name(String path) {
        return own(path) ? folder().orElseThrow().resolve(path).toString() : "kernels/" + path;
    }

    /**
     * A text file.
     *
     * @throws BadFileException if it isn't there or can't be read
     */
    static String read(String path) {
        if (own(path)) {
            try {
                return Files.readString(folder().orElseThrow().resolve(path));
            } catch (IOException e) {
                throw new BadFileException(name(path) + " can't be read (" + e + ")", e);
            }
        }
        try (InputStream in = KernelFiles.class.getResourceAsStream(SHIPPED + path)) {
            if (in == null) {
                throw new BadFileException("kernels/" + path + " is not in the program");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new BadFileException("kernels/" + path + " can't be read (" + e + ")", e);
        }
    }

    /** The user's variants of a kernel, by name: those whose names have its name as the longest that a manifest has. */
    static Map<String, Json> variants(String kernel) {
        Path folder = folder().map(f -> f.resolve("variants")).orElse(null);
        Map<String, Json> all = new LinkedHashMap<>();
        if (folder == null || !Files.isDirectory(folder)) {
            return all;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path f : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
                String name = f.getFileName().toString().replace(".json", "");
                String of = kernelOf(name);
                if (of.isEmpty() || of.equals(name)) {
                    throw new BadFileException(f + " is named for no variant: its name is a kernel's, then _ and what it does");
                }
                if (of.equals(kernel)) {
                    all.put(name, Json.read(f));
                }
            }
        } catch (IOException e) {
            throw new BadFileException(folder + " can't be read (" + e + ")", e);
        }
        return all;
    }

    /** The longest beginning of a name that is a kernel with a manifest; empty if there is none. */
    static String kernelOf(String name) {
        for (int end = name.length(); end > 0; end = name.lastIndexOf('_', end - 1)) {
            if (exists("manifest/" + name.substring(0, end) + ".json")) {
                return name.substring(0, end);
            }
        }
        return "";
    }
}
