package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.device.DeviceFloors;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.check.golden.Golden;
import dev.kerf.cli.bench.KernelCase;
import dev.kerf.cli.bench.KernelTimes;
import dev.kerf.cli.bench.Percentiles;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
        Run run = Run.of("bench", "--backend", backend, "--device", id.substring(id.indexOf(':') + 1), "--weights", net,
                "--size", "32x48", "--batch", "1,2", "--runs", 120, "--seconds", 4, "--only", "network", "--out",
                dir.resolve("reports")).succeeded();
        Json report = Json.read(dir.resolve("reports/bench-" + backend + ".json"));
        assertEquals(Files.readString(dir.resolve("reports/bench-" + backend + ".md")), run.out());
        boolean float16 = Backends.named(backend).devices().getFirst().precisions().contains(Precision.FLOAT16);
        List<Json> networks = report.at("networks").items();
        assertEquals(float16 ? 4 : 2, networks.size());
        assertEquals(float16 ? 0 : 1, report.at("left_out").size());
        for (Json network : networks) {
            Json total = network.at("latency").at("total");
            assertTrue(total.at("p50_us").asDouble() >= total.at("least_us").asDouble());
            assertEquals(total.at("runs").asInt() < 100, total.at("p99_us").isNull());
            assertTrue(total.at("p999_us").isNull());
            assertTrue(network.at("latency").at("submit").at("p50_us").asDouble() <= network.at("latency").at("enqueue")
                    .at("most_us").asDouble());
            assertTrue(network.at("nodes").size() > 5);
            assertTrue(network.at("nodes_us").asDouble() > 0);
        }
        boolean gpu = !backend.equals("cpu");
        assertEquals(!gpu, report.at("copy_bytes_per_s").isNull());
        assertEquals(gpu, networks.getFirst().at("nodes").at(0).at("bytes").asLong() > 0);
    }

    /** Networks that travel with the program, with the states that they have. */
    @Test
    void partsOfOtherModels() {
        String home = System.getProperty(Golden.HOME);
        System.setProperty(Golden.HOME, "src/kerf-check/src/test/resources");
        try {
            Run.of("bench", "--backend", "cpu", "--network", "sam2-frame,sam2-decoder", "--image-size", 256, "--runs", 2,
                    "--only",
                    "network", "--seconds", 1, "--out", dir).succeeded();
        } finally {
            if (home == null) {
                System.clearProperty(Golden.HOME);
            } else {
                System.setProperty(Golden.HOME, home);
            }
        }
        List<Json> networks = Json.read(dir.resolve("bench-cpu-sam2-frame-sam2-decoder.json")).at("networks").items();
        assertEquals(List.of("sam2-frame", "sam2-decoder"), networks.stream().map(n -> n.at("network").asString()).toList());
        for (Json n : networks) {
            assertEquals("1024x1024", n.at("size").asString());
            assertEquals(2, n.at("latency").at("compute").at("runs").asInt());
        }
        assertTrue(networks.getFirst().at("nodes").size() > networks.getLast().at("nodes").size());
    }

    /** Each case runs where there is a driver, and says what it has to move. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.Parity#devices")
    void kernelsHaveFloors(String id) {
        try (Device device = Backends.open(id)) {
            DeviceFloors floors = DeviceFloors.measure((GpuDevice) device);
            assertTrue(floors.copyBytesPerSecond() > 1e8 && floors.flopsPerSecond() > 1e8, floors.toString());
            assertEquals(4 / floors.copyBytesPerSecond(), floors.seconds(0, 4));
            assertEquals(1e15 / floors.flopsPerSecond(), floors.seconds(1_000_000_000_000_000L, 4));
            for (KernelCase c : KernelCase.all(16)) {
                try (DeviceWeights loaded = c.weights() == null ? null : device.load(c.weights())) {
                    KernelTimes.Row row = KernelTimes.of(device, c.graph(), loaded, CompileOptions.of(), floors, c.name(), 1)
                            .rows().getLast();
                    // What an op reads and writes is at least its output.
                    assertTrue(row.bytes() >= c.graph().outputs().get("y").type().bytes() && row.flops() >= 0
                            && row.floor() > 0 && row.seconds() > 0, row.toString());
                }
            }
        }
    }

    @Test
    void percentilesNeedEnoughRuns() {
        long[] nanos = new long[1000];
        for (int i = 0; i < 1000; i++) {
            nanos[i] = (1000 - i) * 1000L;
        }
        Percentiles all = new Percentiles(nanos);
        assertEquals(500e-6, all.seconds(0.5), 1e-12);
        assertEquals(990e-6, all.seconds(0.99), 1e-12);
        assertEquals(999e-6, all.seconds(0.999), 1e-12);
        assertEquals("500 / 990 / 999", all.text());
        Percentiles few = new Percentiles(new long[] {3000, 1000, 2000});
        assertEquals("2.0 / – / –", few.text());
        assertTrue(Double.isNaN(few.seconds(0.99)) && few.json().at("p99_us").isNull());
    }

    @Test
    void badCalls() {
        Run.of("bench", "--backend", "cpu", "--batch", "0").failedWith(ExitCode.USAGE, "are 1 or more");
        Run.of("bench", "--backend", "cpu", "--precision", "f16").failedWith(ExitCode.FAILED, "cpu:0 has none");
        Run.of("bench", "--backend", "cpu", "--only", "network", "--out", dir).failedWith(ExitCode.FAILED,
                "no network of kind 'unet' travels", "give --weights FILE");
        Run.of("bench", "--network", "unet,yolo").failedWith(ExitCode.USAGE, "'yolo': expected one of unet, maskrcnn,");
        Run.of("bench", "--backend", "nowhere").failedWith(ExitCode.USAGE, "no back end 'nowhere'");
    }
}
