package dev.kerf.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderNotFoundException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Inputs that a fuzzer starts from: the small files that other tests have, and texts written by hand. */
public final class Seeds {
    private static final String LIBRARY = "kerf";
    /** Larger ones slow the fuzzer down more than they show it. */
    private static final long LARGEST = 1 << 14;

    private Seeds() {}

    /** Files of the library's tests, in the order of their names. */
    static Stream<byte[]> files(String folder, String ending) {
        return files(LIBRARY, folder, ending);
    }

    /** Files of the medical module's tests, in the order of their names. */
    static Stream<byte[]> medical(String folder, String ending) {
        return files("kerf-medical", "dev/kerf/medical/" + folder, ending);
    }

    /** Files of another module's tests. */
    static Stream<byte[]> files(String module, String folder, String ending) {
        return paths(module, folder, ending).stream().map(Seeds::bytes);
    }

    /** What is in those of them that are ZIP archives. */
    static Stream<byte[]> entries(String folder, String ending, String entryEnding) {
        List<byte[]> all = new ArrayList<>();
        for (Path file : paths(LIBRARY, folder, ending)) {
            try (FileSystem zip = FileSystems.newFileSystem(file)) {
                Files.walk(zip.getPath("/")).filter(e -> e.toString().endsWith(entryEnding)).map(Seeds::bytes)
                        .forEach(all::add);
            } catch (ProviderNotFoundException e) {
                // Another format with the same ending.
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return all.stream();
    }

    private static List<Path> paths(String module, String folder, String ending) {
        Path resources = Path.of(System.getProperty("kerf.root", ""), "src", module, "src/test/resources");
        try (Stream<Path> all = Files.list(resources.resolve(folder))) {
            return all.filter(f -> f.toString().endsWith(ending) && f.toFile().length() <= LARGEST).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Texts in UTF-8. */
    public static Stream<byte[]> texts(String... texts) {
        return Stream.of(texts).map(t -> t.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
