package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Precision;
import dev.kerf.check.golden.Golden;
import dev.kerf.cli.bench.report.Report;
import dev.kerf.cli.bench.report.Row;
import dev.kerf.cli.bench.report.Simulated;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BenchCommandTest {
    @TempDir
    private Path dir;

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void latenciesOfANetwork(String id) throws IOException {
        Path net = Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
        String backend = id.substring(0, id.indexOf(':'));
        boolean float16 = Backends.named(backend).devices().getFirst().precisions().contains(Precision.FLOAT16);
        Run run = Run.of("bench", "--backends", id, "--weights", net, "--precision", "f32,f16", "--size", "32x48", "--batch",
                "2", "--rounds", 2, "--runs", 20, "--seconds", 1, "--warm-up", 1, "--out", dir.resolve("reports"));
        assertEquals(0, run.code(), run.err());
        assertEquals(!float16, run.err().contains("left out: f16: " + id + " doesn't have it"), run.err());
        assertEquals(Files.readString(dir.resolve("reports/bench-" + backend + ".md")), run.out());
        Report report = Report.read(dir.resolve("reports/bench-" + backend + ".jsonl"));
        assertEquals(float16 ? 2 : 1, report.rows().size());
        assertTrue(run.out().contains("\n- seconds: 1.0\n- warm up seconds: 1.0\n"), run.out());
        for (Row row : report.rows()) {
            assertEquals(Set.copyOf(Row.TIMED), row.times().keySet());
            assertRounds(2, row);
            int rounds = row.compute().rounds().size();
            int runs = row.compute().runs();
            assertTrue(runs >= 5 * rounds && runs <= 20 * rounds, runs + " runs of " + rounds + " rounds");
            assertEquals(runs < 100, Double.isNaN(row.compute().percentile(0.99)));
            assertTrue(Double.isNaN(row.compute().percentile(0.999)));
            assertTrue(row.compute().median() > 0 && row.work().flops() > 0 && row.work().bytes() > 0);
            assertTrue(row.times().get("enqueue").sorted()[0] >= row.times().get("submit").sorted()[0]);
            assertTrue(row.nodes().size() > 5 && row.onDevice() > 0);
            assertTrue(row.ofRoofline() > 0 && row.imagesPerSecond() > 0);
            row.processes().forEach(p -> assertTrue(p.prepareNanos() > 0 && p.firstRunNanos() > 0 && p.warmUpRuns() >= 4
                    && p.peakBytes() > 1 << 24 && p.deviceBytes() > 0 && p.heapBytesPerRun() >= 0, p.toString()));
        }
    }

    /** A machine that others use may take rounds once more; where none was quiet all count. {@code RoundsTest} has which count when. */
    private static void assertRounds(int wanted, Row row) {
        int counted = row.compute().rounds().size();
        int made = counted + row.rejected();
        assertEquals(counted, row.processes().size());
        assertTrue(made >= wanted && made <= 2 * wanted, row.rejected() + " rejected rounds beside " + counted);
        assertTrue(counted <= wanted || row.rejected() == 0, row.rejected() + " rejected rounds beside " + counted);
    }

    /** Networks that travel with the program, with the states that they have; callers side by side. */
    @Test
    void partsOfOtherModels() {
        String home = System.getProperty(Golden.HOME);
        System.setProperty(Golden.HOME, "src/kerf-check/src/test/resources");
        try {
            Run.of("bench", "--backend", "cpu", "--network", "sam2-frame", "--image-size", 64, "--runs", 2,
                    "--rounds", 1, "--seconds", 1, "--warm-up", 1, "--budget", "1s", "--callers", "1,2", "--threads", 1,
                    "--threads-simulated",
                    "1,64", "--batch", 2, "--out",
                    dir).succeeded();
        } finally {
            if (home == null) {
                System.clearProperty(Golden.HOME);
            } else {
                System.setProperty(Golden.HOME, home);
            }
        }
        List<Row> networks = Report.read(dir.resolve("bench-cpu-sam2-frame.jsonl")).rows();
        assertEquals(
                List.of("sam2-frame 1024x1024@64, batch 2, cpu:0, 1 thread",
                        "sam2-frame 1024x1024@64, batch 2, 2 callers, cpu:0, 1 thread"),
                networks.stream().map(r -> r.subject().toString()).toList());
        for (int i = 0; i < 2; i++) {
            Row row = networks.get(i);
            assertRounds(1, row);
            assertEquals(2 * (i + 1) * row.compute().rounds().size(), row.compute().runs());
        }
        assertTrue(networks.getFirst().nodes().size() > 100 && networks.getLast().nodes().isEmpty());
        List<Simulated> simulated = networks.getFirst().simulated();
        assertEquals(List.of(1, 64), simulated.stream().map(Simulated::threads).toList());
        simulated.forEach(s -> assertTrue(networks.getFirst().nodes().stream().anyMatch(n -> n.name().equals(s.longest()))
                && s.factor() > 0 && s.part() > 0 && s.part() < 1, s.toString()));
        assertEquals(1, simulated.getFirst().factor());
        assertTrue(simulated.getLast().factor() > 1 && simulated.getLast().factor() <= 64 + 1e-9, simulated.toString());
        assertTrue(networks.getLast().simulated().isEmpty(), "once for a network");
    }

    @Test
    void opsOfANetwork() throws IOException {
        Path net = Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
        Run run = Run.of("bench", "--backends", "cpu", "--weights", net, "--size", "16x16", "--runs", 2, "--rounds", 1,
                "--seconds", 1, "--warm-up", 1, "--budget", "1s", "--threads-simulated", 4, "--only", "ops", "--out", dir);
        assertEquals(0, run.code(), run.err());
        assertTrue(run.err().contains("left out: --threads-simulated: it takes a network on cpu"), run.err());
        List<Row> ops = Report.read(dir.resolve("bench-cpu.jsonl")).rows();
        Set<String> names = ops.stream().map(r -> r.subject().name().split(" ")[0]).collect(Collectors.toSet());
        assertTrue(names.containsAll(Set.of("conv2d", "conv_transpose2d", "max_pool2d", "softmax")), names.toString());
        assertEquals(ops.size(), ops.stream().map(Row::subject).distinct().count());
        assertFalse(ops.stream().anyMatch(r -> r.processes().getFirst().peakBytes() != null), "ops share a process");
    }

    /** What fails costs only its own row. */
    @Test
    void whatFailsIsARowWithTheReason() throws IOException {
        Path net = Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
        Run run = Run.of("bench", "--backends", "cpu", "--weights", net, "--size", "16x16,16x32", "--out", dir);
        assertEquals(ExitCode.USAGE, run.code(), run.err());
        run = Run.of("bench", "--backends", "cpu", "--weights", net, "--size", "16x16", "--threads", "2000,1", "--runs", 3,
                "--rounds", 1, "--seconds", 1, "--out", dir);
        assertEquals(ExitCode.SOME_FAILED, run.code(), run.err());
        assertTrue(run.err().contains("cpu:0, 2000 threads: 2000 threads: expected 1 to 1024"), run.err());
        Report report = Report.read(dir.resolve("bench-cpu.jsonl"));
        assertEquals(10, report.environment().facts().at("warm_up_seconds").asDouble(), "ten, whatever --seconds are");
        List<Row> rows = report.rows();
        assertEquals(List.of(false, true), rows.stream().map(Row::success).toList());
        assertTrue(run.out().contains("failed: unet 16x16, cpu:0, 2000 threads"), run.out());
    }

    /** Lines that a run once wrote, and the same a fifth slower. */
    @Test
    void comparisonsHaveExitCodes() throws IOException {
        String environment = "{\"kind\":\"environment\",\"schema\":1,\"run\":\"r\"}\n";
        String row = """
                {"kind":"row","run":"r","what":"op","name":"relu","size":null,"batch":1,"precision":"float32","engine":"cpu:0",\
                "threads":2,"callers":1,"device":"d","driver":null,"success":true,"error":null,"times":{"compute":{"rounds_ns":\
                [[1000,1010,1020],[1003,1001,1020],[990,1000,1020]]},"total":null},"images_per_s":1,"processes":[],"flops":null,\
                "bytes":null,"floor":null,"of_roofline":null,"compared_with":null,"relative_l2":null,"nodes":null}
                """;
        Path before = Files.writeString(dir.resolve("before.jsonl"), environment + row);
        Path after = Files.writeString(dir.resolve("after.jsonl"),
                environment
                        + row.replace("1000", "1200").replace("1010", "1210").replace("1003", "1205").replace("1001", "1201")
                                .replace("990", "1190").replace("1020", "1220"));
        Run same = Run.of("bench", "--compare", before, before).succeeded();
        assertTrue(same.out().contains("no difference: 1") && same.out().contains("| relu | cpu:0 | 2 | 1.000 |"), same.out());
        Run slower = Run.of("bench", "--compare", before, after);
        assertEquals(ExitCode.FAILED, slower.code(), slower.err());
        assertTrue(slower.out().contains("| slower |"), slower.out());
        assertTrue(Run.of("bench", "--compare", after, before).succeeded().out().contains("| faster |"));
        Run.of("bench", "--compare", before, after, "--threshold", 30).succeeded();
        Run.of("bench", "--compare", before).failedWith(ExitCode.USAGE, "--compare");
        Run.of("bench", "--compare", before, dir.resolve("none.jsonl")).failedWith(ExitCode.FAILED, "none.jsonl: no such file");
    }

    @Test
    void badCalls() {
        Run.of("bench", "--backend", "cpu", "--batch", "0").failedWith(ExitCode.USAGE, "are 1 or more");
        Run.of("bench", "--backend", "cpu", "--warm-up", "0").failedWith(ExitCode.USAGE, "--warm-up are 1 or more");
        Run.of("bench", "--backend", "cpu", "--precision", "f16", "--out", dir).failedWith(ExitCode.FAILED, "cpu:0 has none");
        Run.of("bench", "--backend", "cpu", "--out", dir).failedWith(ExitCode.USAGE,
                "no network of kind 'unet' travels", "give --weights FILE");
        Run.of("bench", "--backend", "cpu", "--network", "sam2-encoder", "--batch", "2,4", "--out", dir).failedWith(
                ExitCode.FAILED, "sam2-encoder, batch 2: it takes one image at a time; sam2-encoder, batch 4:");
        Run.of("bench", "--network", "unet,yolo").failedWith(ExitCode.USAGE, "'yolo': expected one of unet, maskrcnn,");
        Run.of("bench", "--backend", "nowhere").failedWith(ExitCode.USAGE, "no back end 'nowhere'");
        Run.of("bench", "--backend", "cpu:7").failedWith(ExitCode.USAGE, "there is no device 'cpu:7'");
        Run.of("bench", "--backend", "cpu", "--peers", "ghost").failedWith(ExitCode.USAGE, "no peer 'ghost'");
    }

    @Test
    void networksThatAreShownThingsSideBySide() throws IOException {
        Run run = Run
                .of("bench", "sam", "--pairs", "tiny:edgetam", "--backend", "cpu", "--only", "encoder,first_mask", "--rounds",
                        1, "--size", "40x56", "--points-per-side", 4, "--out", dir)
                .succeeded();
        assertTrue(run.out().contains("| SAM 2.1 tiny | EdgeTAM | × |"), run.out());
        assertEquals(run.out(), Files.readString(dir.resolve("bench-sam.md")));
        Json pair = Json.read(dir.resolve("bench-sam.json")).at("pairs").at(0);
        assertEquals(2, pair.at("networks").size());
        List<Json> tasks = pair.at("tasks").items();
        assertEquals(3, tasks.size());
        for (int network = 0; network < 2; network++) {
            long encoder = tasks.get(0).at("flops").at(network).asLong();
            long mask = tasks.get(1).at("flops").at(network).asLong();
            // 16 points are two runs of eight prompts.
            long everything = tasks.get(2).at("flops").at(network).asLong();
            assertTrue(encoder < mask && everything - encoder > 15 * (mask - encoder), tasks.toString());
            assertEquals(1, tasks.get(0).at("times_ns").at(network).size());
            assertEquals(1, tasks.get(1).at("times_ns").at(network).size());
            assertEquals(0, tasks.get(2).at("times_ns").at(network).size());
        }
        assertTrue(tasks.get(0).at("flops").at(0).asLong() > 3 * tasks.get(0).at("flops").at(1).asLong(), tasks.toString());
    }
}
