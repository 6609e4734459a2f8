package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SoakCommandTest {
    private static final Path GOLDEN = Path.of("src/kerf-check/src/test/resources/goldens/unet-quick");

    @TempDir
    private Path dir;

    @Test
    void aReportIsPrintedAndWritten() throws IOException {
        Path file = dir.resolve("soak.md");
        String out = Run.of("soak", "--backend", "cpu", "--time", "2s", "--callers", "4", "--goldens", GOLDEN, "--report", file)
                .succeeded().out();
        String report = Files.readString(file);
        assertTrue(report.startsWith("# Soak\n\ncpu:0: ") && report.contains("\n4 callers, seed 1: "), report);
        assertTrue(report.contains("\n| U-Net | ") && report.endsWith("; too short to tell whether anything grows.\n"), report);
        assertTrue(out.contains(" calls, heap ") && out.endsWith(report), out);
    }

    @Test
    void badCalls() {
        Run.of("soak", "--time", "5").failedWith(ExitCode.USAGE, "'5' is no time", "90s, 10m or 1h");
        Run.of("soak", "--time", "0s").failedWith(ExitCode.USAGE, "more than 0");
        Run.of("soak", "--runs", "0").failedWith(ExitCode.USAGE, "more than 0");
        Run.of("soak", "--backend", "cpu").failedWith(ExitCode.FAILED, "no golden case travels", "--goldens DIR");
    }
}
