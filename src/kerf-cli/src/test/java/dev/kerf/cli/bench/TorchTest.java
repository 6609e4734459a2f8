package dev.kerf.cli.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Precision;
import dev.kerf.check.golden.Golden;
import dev.kerf.cli.bench.report.Round;
import dev.kerf.cli.bench.report.Row;
import dev.kerf.cli.option.ModelPart;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/** What a process of Python is asked and what becomes of its answers; by PyTorch itself where it is found. Nothing here is timed. */
class TorchTest {
    /** An interpreter that has torch, to be named where {@code python3} hasn't: CONTRIBUTING.md. */
    private static final String PYTHON = "kerf.test.python";
    private static final int SIDE = 64;
    private static final List<String> NETWORKS = List.of("unet", "maskrcnn", "sam2-encoder", "sam2-decoder", "sam2-frame",
            "sam2-memory");

    @TempDir
    private Path dir;

    private final List<String> said = new ArrayList<>();
    private String home;

    @BeforeEach
    void networksTravel() {
        home = System.setProperty(Golden.HOME, "src/kerf-check/src/test/resources");
    }

    @AfterEach
    void asBefore() {
        if (home == null) {
            System.clearProperty(Golden.HOME);
        } else {
            System.setProperty(Golden.HOME, home);
        }
    }

    private static Request request(String model, String engine) {
        return new Request(
                new Workload(Workload.NETWORK, ModelPart.of(model), null, null, new PictureSize(SIDE, SIDE), 1, SIDE),
                engine, engine.startsWith(Torch.NAME), Precision.FLOAT32, 1, 1, 5, Duration.ofMillis(1), Duration.ofMillis(10),
                false, List.of());
    }

    /** A program that is started as the interpreter is, with the script as its argument. */
    private Path standIn(String answer) throws IOException {
        Path file = Files.writeString(dir.resolve("python"), """
                #!/bin/sh
                folder=$(dirname "$2")
                while read -r line; do
                    echo "what a library says" >&2
                    test -f "$2" && cp "$folder"/* "%s" && echo "$line" >> "%s/asked"
                    echo '%s'
                done
                """.formatted(dir, dir, answer));
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void aStandInIsAskedAndAnswers() throws IOException {
        Path python = standIn(
                "{\"cuda\": true, \"device\": null, \"driver\": \"torch 9\", \"times_ns\": {\"compute\": [5, 4]}, \"process\":"
                        + " {\"prepare_ns\": 1, \"first_run_ns\": 2, \"warm_up_ns\": null, \"warm_up_runs\": 3, \"heap_bytes_per_run\": null,"
                        + " \"peak_bytes\": 4, \"device_bytes\": null, \"images_per_s\": 5.5, \"other_processors\": null,"
                        + " \"stolen_processors\": 0}, \"nodes\": [], \"output\": [0.5, 1e-3]}");
        List<Engine> engines = Torch.engines(python, said::add);
        assertEquals(List.of(), said);
        assertEquals(List.of("torch", "torch:cuda"), engines.stream().map(Engine::id).toList());
        assertTrue(engines.stream().allMatch(Engine::peer) && engines.getLast().precisions().contains(Precision.TF32));
        Json answer;
        try (Worker worker = Torch.worker(python)) {
            answer = worker.ask(request("unet", Torch.NAME));
            assertTrue(worker.alive());
        }
        Round round = Round.of(answer);
        assertEquals("torch 9", round.driver());
        assertArrayEquals(new long[] {5, 4}, round.times().get(Row.COMPUTE).rounds().getFirst());
        assertEquals(5.5, round.process().imagesPerSecond());
        Json asked = Json.parse(Files.readAllLines(dir.resolve("asked")).getLast());
        assertEquals("FLOAT32", asked.at("precision").asString());
        assertEquals("logits", asked.at("compared").asString());
        assertTrue(asked.at("alone").asBoolean());
        assertFalse(Files.exists(Path.of(asked.at("program").asString())), "the folder goes with the process");
        Json program = Json.read(dir.resolve("program.json"));
        Json first = program.at("nodes").at(0);
        assertEquals("conv2d", first.at("op").asString());
        assertEquals(1, first.at("attributes").at("window").at("padTop").asInt());
        assertEquals(-1, first.at("attributes").at("counted").asInt());
        Json weight = program.at("tensors").at(Integer.toString(first.at("in").at(1).asInt()));
        assertEquals(List.of(64L, 3L, 3L, 3L), weight.at("shape").items().stream().map(Json::asLong).toList());
        assertEquals(0, weight.at("at").asLong() % 64);
        assertTrue(Files.size(dir.resolve("data.bin")) > 31_000_000 * 4L);
    }

    @Test
    void absenceIsAnAnswerInALine() throws IOException {
        Path none = dir.resolve("no-python");
        assertEquals(List.of("torch"), Torch.engines(none, said::add).stream().map(Engine::id).toList());
        try (Workers workers = Workers.processes(none)) {
            String why = workers.ask(request("unet", Torch.NAME)).at("error").asString();
            assertEquals(List.of(why), said);
            assertTrue(why.startsWith("PyTorch is absent: ") && why.contains("no-python") && why.contains("--python")
                    && why.lines().count() == 1, why);
        }
        try (Workers workers = Workers.processes(standIn("{\"error\": \"no torch\"}"))) {
            assertEquals("no torch", workers.ask(request("unet", Torch.NAME)).at("error").asString());
        }
        Path silent = Files.setPosixFilePermissions(
                Files.writeString(dir.resolve("silent"), "#!/bin/sh\necho 'gone: why' >&2\n"),
                PosixFilePermissions.fromString("rwx------"));
        try (Workers workers = Workers.processes(silent)) {
            assertTrue(workers.ask(request("unet", Torch.NAME)).at("error").asString().endsWith(": gone: why"));
        }
    }

    /** Every network by PyTorch against the back end {@code cpu}; where there is none, it says why. */
    @Test
    void pyTorchComputesTheSame(TestReporter reporter) {
        Path python = Path.of(System.getProperty(PYTHON, "python3"));
        Torch.engines(python, said::add);
        if (!said.isEmpty()) {
            reporter.publishEntry("not run by PyTorch", said.getFirst());
            assertTrue(said.getFirst().startsWith("PyTorch is absent: "), said.toString());
            return;
        }
        try (Worker worker = Torch.worker(python)) {
            for (String model : NETWORKS) {
                Json answer = worker.ask(request(model, Torch.NAME));
                String error = answer.find("error").map(Json::asString).orElse("");
                if (error.startsWith("torchvision, which has")) {
                    reporter.publishEntry(model + " not run by PyTorch", error);
                    continue;
                }
                assertEquals("", error);
                Round torch = Round.of(answer);
                Round kerf = BenchWorker.measure(request(model, "cpu:0"));
                double difference = Rounds.difference(kerf.output(), torch.output());
                assertTrue(difference <= request(model, "cpu:0").workload().tolerance(), model + ": " + difference);
                assertTrue(torch.driver().startsWith("torch "), torch.driver());
                assertEquals(5, torch.times().get(Row.COMPUTE).runs());
            }
        }
    }

    @Test
    void everyOpOfTheGraphsHasItsFunction() throws IOException {
        String source = Files.readString(Path.of("src/kerf-cli/src/main/resources/dev/kerf/cli/bench/torch_ops.py"));
        NETWORKS.forEach(model -> {
            try (Workload.Opened work = request(model, Torch.NAME).workload().open()) {
                work.graph().nodes().stream().filter(n -> !n.inputs().isEmpty()).map(n -> n.op().kind()).distinct()
                        .forEach(kind -> assertTrue(source.contains("\"" + kind + "\": "), kind));
            }
        });
    }
}
