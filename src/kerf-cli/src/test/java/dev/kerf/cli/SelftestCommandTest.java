package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.Parity;
import dev.kerf.backend.gpu.WrongKernel;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.opencl.OpenClBackend;
import dev.kerf.check.SelfTest;
import dev.kerf.check.op.OpCases;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the command says of what it ran: that devices pass is {@code OpCasesTest}'s and {@code GoldenTest}'s. With
 * {@code -Dkerf.test.wide=true} it runs all that there is.
 */
class SelftestCommandTest {
    private static final boolean WIDE = Boolean.getBoolean("kerf.test.wide");
    private static final Path GOLDENS = Path.of("src/kerf-check/src/test/resources/goldens");

    @TempDir
    private Path dir;

    @Test
    void everythingOnTheCpu() throws IOException {
        Path file = dir.resolve("report.json");
        Path goldens = WIDE ? GOLDENS : copy("u2netp-quick", "unet-quick");
        String out = Run.of("selftest", "--backend", "cpu", "--goldens", goldens, "--report", file).succeeded().out();
        assertTrue(out.startsWith("cpu:0  ") && out.contains("\nall ") && !out.contains("FAILED"), out);
        Run asJson = Run.of("selftest", "--backend", "cpu", "--only", "leaks", "--json");
        assertEquals(ExitCode.OK, asJson.code());
        assertEquals("leaks", Json.parse(asJson.out()).at("checks").at(0).at("part").asString());
        assertTrue(asJson.err().startsWith("cpu:0  ") && asJson.err().contains("\nall "), asJson.err());
        Json report = Json.read(file);
        assertTrue(report.at("passed").asBoolean());
        assertEquals(List.of("leaks", "parity", "threads", "goldens"),
                report.at("parts").items().stream().map(Json::asString).toList());
        List<Json> checks = report.at("checks").items();
        assertEquals(out.lines().filter(l -> l.contains("  ok  ")).count(), checks.size());
        Json unet = checks.getLast();
        assertEquals("unet-quick", unet.at("name").asString());
        assertEquals(13, unet.at("figures").size());
        assertTrue(unet.at("of_bound").asDouble() > 0 && unet.at("of_bound").asDouble() < 1);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.Parity#devices")
    void modelsAndThreadsOnAGpuInItsPrecisions(String id) {
        boolean half = halves().anyMatch(id::equals);
        for (String precision : half && WIDE ? List.of("f32", "f16") : List.of(half ? "f16" : "f32")) {
            String out = Run.of("selftest", "--backend", id.substring(0, id.indexOf(':')), "--device",
                    id.substring(id.indexOf(':') + 1), "--precision", precision, "--only", "threads,goldens", "--goldens",
                    GOLDENS.resolve("unet-quick")).succeeded().out();
            assertTrue(out.contains("all 3 checks passed"), out);
        }
    }

    /** The devices that store float16. */
    static Stream<String> halves() {
        return Parity.devices().filter(id -> !id.startsWith("tornado:"));
    }

    static Stream<String> openCl() {
        return Parity.devices().filter(id -> id.startsWith("opencl:"));
    }

    /** One function of an element in place of all: checks fail and name it, those that don't need it pass. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("openCl")
    void aWrongKernelIsNamed(String id) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (Device device = new GpuDevice(new WrongKernel(
                OpenClBackend.openDriver(Integer.parseInt(id.substring(id.indexOf(':') + 1))), "unary", "FUNCTION", "0"))) {
            Console console = Console.of(out, out, false);
            assertFalse(SelftestCommand.run(device, Precision.FLOAT32, Set.of(SelfTest.Part.PARITY),
                    WIDE ? OpCases.families().keySet() : Set.of("elementwise", "normalisation", "measuring"), List.of(),
                    console.out())
                    .at("passed").asBoolean());
            console.out().flush();
        }
        String said = out.toString(StandardCharsets.UTF_8);
        assertTrue(said.lines().anyMatch(l -> l.startsWith("parity   elementwise           FAILED")), said);
        assertTrue(said.contains("    unary SIGMOID: y1[") && said.contains("    unary SIGMOID: kernels: unary on opencl"),
                said);
        assertTrue(said.lines().filter(l -> l.contains(": kernels: ")).allMatch(l -> l.contains("unary")), said);
        assertTrue(said.lines().anyMatch(l -> l.startsWith("parity   normalisation         ok")), said);
        assertTrue(said.lines().anyMatch(l -> l.startsWith("parity   measuring             ok")), said);
    }

    @Test
    void aWrongModelIsFound() throws IOException {
        Path golden = copy("unet-quick").resolve("unet-quick");
        Image image = Image.read(golden.resolve("image.png"));
        MemorySegment data = image.data();
        for (long i = 0; i < data.byteSize(); i++) {
            data.set(ValueLayout.JAVA_BYTE, i, (byte) ~data.get(ValueLayout.JAVA_BYTE, i));
        }
        image.writePng(golden.resolve("image.png"));
        Run run = Run.of("selftest", "--backend", "cpu", "--only", "goldens", "--goldens", dir.resolve("goldens"));
        assertEquals(ExitCode.FAILED, run.code());
        assertTrue(run.out().contains("    input: relative L2 ") && run.out().contains(", at most 1.00e-06"), run.out());
        assertTrue(run.out().contains("    labels: wrong beyond the margin "), run.out());
        assertTrue(run.out().contains("1 of 1 checks FAILED"), run.out());
    }

    /** SAM 2's quick cases have random weights: float16 can't be held to anything there, and nothing claims that it passed. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("halves")
    void whatIsNotRunIsNotClaimed(String id) {
        Path file = dir.resolve("report.json");
        Run run = Run.of("selftest", "--backend", id.substring(0, id.indexOf(':')), "--device",
                id.substring(id.indexOf(':') + 1), "--precision", "f16", "--only", "goldens", "--goldens",
                GOLDENS.resolve("sam2-quick"), "--report", file);
        String out = run.out();
        assertEquals(ExitCode.FAILED, run.code());
        assertTrue(out.lines().anyMatch(l -> l.startsWith("goldens  sam2-quick            not run")), out);
        assertTrue(out.contains("nothing was run"), out);
        assertEquals("false", Json.read(file).at("checks").at(0).at("ran").toString());
    }

    @Test
    void aModelThatIsNotKnownFails() throws IOException {
        Path golden = copy("unet-quick").resolve("unet-quick");
        Files.writeString(golden.resolve("case.json"),
                Files.readString(golden.resolve("case.json")).replace("\"unet\"", "\"vnet\""));
        Run run = Run.of("selftest", "--backend", "cpu", "--only", "goldens", "--goldens", golden);
        assertEquals(ExitCode.FAILED, run.code());
        assertTrue(run.out().contains("a case for 'vnet'; there are [") && run.out().contains("not run"), run.out());
    }

    @Test
    void badCalls() {
        Run.of("selftest", "--backend", "cpu").failedWith(ExitCode.FAILED, "no golden case travels", "--goldens DIR");
        Run.of("selftest", "--backend", "cpu", "--goldens", dir).failedWith(ExitCode.FAILED, dir.toString(), "case.json");
        Run.of("selftest", "--backend", "cpu", "--goldens", dir.resolve("none")).failedWith(ExitCode.FAILED,
                "none is no folder");
        Run.of("selftest", "--backend", "cpu", "--only", "threads", "--precision", "f16").failedWith(ExitCode.FAILED,
                "cpu:0 has no precision float16");
        Run.of("selftest", "--backend", "nowhere", "--only", "threads").failedWith(ExitCode.USAGE, "no back end 'nowhere'");
        Run.of("selftest", "--only", "luck").failedWith(ExitCode.USAGE, "luck");
    }

    /** A folder of cases of their own. */
    private Path copy(String... names) throws IOException {
        Path all = Files.createDirectory(dir.resolve("goldens"));
        for (String name : names) {
            Path to = Files.createDirectory(all.resolve(name));
            try (Stream<Path> files = Files.list(GOLDENS.resolve(name))) {
                for (Path f : files.toList()) {
                    Files.copy(f, to.resolve(f.getFileName()));
                }
            }
        }
        return all;
    }
}
