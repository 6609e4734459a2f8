package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.check.ptx.machine.DeviceMemory;
import dev.kerf.check.ptx.machine.PtxReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The interpreter knows every instruction that ships. */
class ShippedPtxTest {
    static List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(Path.of("kernels", "ptx"))) {
            return all.filter(p -> p.toString().endsWith(".ptx")).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void isUnderstood(Path file) throws IOException {
        String name = file.getFileName().toString().replace(".ptx", "");
        int modules = 0;
        DeviceMemory memory = new DeviceMemory(false, PtxDriver.UNWRITTEN);
        for (String module : Files.readString(file, StandardCharsets.US_ASCII).split("(?m)^// kerf .*$")) {
            if (module.contains(".entry")) {
                PtxKernel kernel = PtxKernel.of(PtxReader.read(module, name), memory, 0);
                assertFalse(kernel.program().kinds().isEmpty());
                modules++;
            }
        }
        assertTrue(modules > 0, file.toString());
    }
}
