package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.check.golden.GoldenCase;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.model.unet.SmallUNets;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** One call of the command in this process: its exit code and what it wrote. */
record Run(int code, String out, String err) {
    /** Flags of a JVM that ends soon: compiling well, and with several threads, costs it more than it gains. */
    static final List<String> SOON_DONE = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    /** SAM 2 with the weights of its golden case, which are many and made by formula: written once. */
    private static final class Sam2File {
        private static final Path FILE = write();

        private static Path write() {
            try (Weights w = GoldenCase.open(Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick")).weights()) {
                Map<String, HostTensor> tensors = new LinkedHashMap<>();
                w.names().forEach(n -> tensors.put(n, w.tensor(n)));
                Path file = Files.createTempFile("kerf-sam2", ".safetensors");
                file.toFile().deleteOnExit();
                Safetensors.write(file, tensors, Map.of());
                return file;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    static Run of(Object... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Main.run(Arrays.stream(args).map(Object::toString).toArray(String[]::new), out, err);
        return new Run(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** It went well and complained of nothing. */
    Run succeeded() {
        assertEquals("", err);
        assertEquals(0, code, out);
        return this;
    }

    /** It failed with one line that holds all these texts, and no result. */
    void failedWith(int expected, String... texts) {
        assertEquals(expected, code, err);
        assertEquals("", out);
        List<String> lines = err.lines().toList();
        assertTrue(lines.getFirst().startsWith("kerf: "), err);
        // A hint on the usage may follow.
        assertEquals(expected == ExitCode.USAGE ? 2 : 1, lines.size(), err);
        for (String text : texts) {
            assertTrue(err.contains(text), () -> "expected '" + text + "' in: " + err);
        }
        assertFalse(err.contains("Exception"), err);
        assertFalse(err.contains("unexpected"), err);
    }

    /** Everything below a directory, by name. */
    static List<String> files(Path directory) {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(f -> !f.equals(directory)).map(f -> directory.relativize(f).toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An untrained SAM 2 under a name of its own, to be read. */
    static Path sam2(Path file) {
        try {
            return Files.createLink(file, Sam2File.FILE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A small U-Net in a file. */
    static Path unet(Path file, int channels, int classes, boolean bilinear) {
        try (Weights w = SmallUNets.milesial(channels, classes, List.of(4, 8), bilinear).build()) {
            Map<String, HostTensor> tensors = new LinkedHashMap<>();
            w.names().forEach(n -> tensors.put(n, w.tensor(n)));
            Safetensors.write(file, tensors, Map.of());
        }
        return file;
    }
}
