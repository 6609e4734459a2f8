package dev.kerf.backend.gpu.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.kernel.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The arguments that the manifests name are those of the shipped PTX: number, order and size, in every module. */
class PtxParametersTest {
    private static final Path FOLDER = Path.of("kernels", "ptx");
    private static final Pattern ENTRY = Pattern.compile("\\.visible \\.entry (\\w+)\\(([^)]*)\\)");
    private static final Pattern PARAMETER = Pattern.compile("\\.param \\.[a-z](\\d+)");

    /** All shipped files. */
    static Stream<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(FOLDER)) {
            List<Path> found = all.filter(p -> p.toString().endsWith(".ptx")).sorted().toList();
            assertTrue(!found.isEmpty(), "no PTX under " + FOLDER.toAbsolutePath());
            return found.stream();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void takesWhatTheManifestSays(Path file) throws IOException {
        String kernel = file.getFileName().toString().replace(".ptx", "");
        List<String> expected = Manifest.of(kernel).arguments().stream()
                .map(a -> a.pointer() || a.type().equals("long") ? "64" : "32")
                .toList();
        Matcher entry = ENTRY.matcher(Files.readString(file));
        int entries = 0;
        while (entry.find()) {
            assertEquals(kernel, entry.group(1));
            assertEquals(expected, PARAMETER.matcher(entry.group(2)).results().map(p -> p.group(1)).toList());
            entries++;
        }
        assertTrue(entries > 0, file + " has no entry");
    }
}
