package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.json.Json;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code kerf tune} over what a file says. */
class TuneCommandTest {
    @TempDir
    private Path dir;

    private Path cache;

    /** A cache of Kernel Tuner's form: 16 × 8 tiles, the best at 7, 3; those of 100 and more don't compile. */
    @BeforeEach
    void draw() throws IOException {
        StringBuilder text = new StringBuilder(
                "{\"device_name\": \"Drawn GPU\", \"kernel_name\": \"blur\", \"problem_size\": [64], "
                        + "\"tune_params_keys\": [\"x\", \"y\"], \"tune_params\": {\"x\": [1], \"y\": [1]}, \"objective\": \"time\", "
                        + "\"cache\": {");
        for (int x = 1; x <= 16; x++) {
            for (int y = 1; y <= 8; y++) {
                String time = x * y >= 100
                        ? "\"CompilationFailedConfig\""
                        : String.valueOf(2 + Math.abs(x - 7) + 0.5 * Math.abs(y - 3));
                text.append("\n\"" + x + "," + y + "\": {\"x\": " + x + ", \"y\": " + y + ", \"time\": " + time
                        + ", \"compile_time\": 1000, \"verification_time\": 500, \"benchmark_time\": 500},");
            }
        }
        cache = Files.writeString(dir.resolve("cache.json"), text);
    }

    @Test
    void aCacheIsReplayed() {
        String said = Run.of("tune", "--simulate", cache, "--method", "brute-force").succeeded().out();
        assertTrue(said.contains("blur on Drawn GPU, 128 configurations of 2 parameters, 6 failed; 256 s to try them all"),
                said);
        assertTrue(said.contains("brute-force: 2.000 ms with x=7 y=3\n  found at evaluation 51 after 102 s, of 128 in 256 s; "
                + "100.00 % of the optimum"), said);
        assertTrue(said.endsWith("optimum: 2.000 ms with x=7 y=3\n"), said);
    }

    @Test
    void asJsonWithinABudget() {
        Json all = Json
                .parse(Run.of("tune", "--simulate", cache, "--method", "genetic", "--setting", "population=6", "--seed", 3,
                        "--budget", "60s", "--json").succeeded().out());
        assertEquals(30, all.at("evaluations").asInt());
        assertEquals(60.0, all.at("seconds").asDouble());
        assertEquals(128, all.at("configurations").asInt());
        assertEquals(0.002, all.at("optimum").at("time").asDouble());
        double best = all.at("best").at("time").asDouble();
        int x = all.at("best").at("configuration").at("x").asInt();
        int y = all.at("best").at("configuration").at("y").asInt();
        assertEquals((2 + Math.abs(x - 7) + 0.5 * Math.abs(y - 3)) / 1e3, best, 1e-12);
        assertEquals(0.002 / best, all.at("best").at("share_of_optimum").asDouble());
    }

    /** What was visited is written in both forms, and either can be replayed again. */
    @Test
    void whatWasVisitedIsWritten() {
        Path out = dir.resolve("out");
        Run.of("tune", "--simulate", cache, "--method", "random", "--budget", "25%", "--out", out).succeeded();
        for (String form : new String[] {"cache.json", "cache.t4.json"}) {
            Json again = Json.parse(
                    Run.of("tune", "--simulate", out.resolve(form), "--method", "brute-force", "--json").succeeded().out());
            assertEquals(32, again.at("evaluations").asInt(), form);
            assertEquals("blur", again.at("kernel").asString());
            assertEquals(64.0, again.at("seconds").asDouble(), 1e-9);
        }
        assertEquals("1.1.0", Json.read(out.resolve("cache.t4.json")).at("schema_version").asString());
    }

    @Test
    void methodsAreCompared() throws IOException {
        Path page = dir.resolve("page.html");
        Run run = Run.of("tune", "--compare", cache, "--only", "random,genetic", "--repeats", 4, "--page", page).succeeded();
        assertTrue(run.out().contains("cache: 128 configurations, ") && run.out().contains("score over all, 4 seeds each:"),
                run.out());
        assertTrue(Files.readString(page).contains("<h2>cache</h2>"));
        Json all = Json
                .parse(Run.of("tune", "--compare", cache, "--only", "random,genetic", "--repeats", 4, "--json").succeeded()
                        .out());
        assertEquals(2, all.at("spaces").at(0).at("methods").size());
        assertEquals(4, all.at("repeats").asInt());
        assertEquals(ExitCode.USAGE, Run.of("tune", "--compare", cache, "--only", "magic").code());
    }

    static Stream<Path> pythons() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator)).map(d -> Path.of(d, "python3"))
                .filter(Files::isExecutable)
                .limit(1);
    }

    /** Where there is Python, the example leads a search: parameters by themselves lead to the best of hills without ridges. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("pythons")
    void anOptimiserInPythonLeads(Path python) throws Exception {
        List<String> call = List.of(python.toString(), "src/kerf-tune/examples/coordinate_search.py",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"),
                "dev.kerf.cli.Main", "tune", "--simulate", cache.toString(), "--ask-tell");
        Process p = new ProcessBuilder(call).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, p.waitFor(), said);
        assertEquals(Json.parse("{\"best\": {\"x\": 7, \"y\": 3}, \"cost\": 0.002}"), Json.parse(said));
    }

    /** A device without kernels of kernels/ is told of; wrong kernels and sizes are wrong use. */
    @Test
    void onlyKernelsAreTuned() {
        Run.of("tune", "conv2d", "--backend", "cpu", "--shape", "C=2,O=2").failedWith(ExitCode.FAILED, "cpu:0 has no kernels");
        assertEquals(ExitCode.USAGE, Run.of("tune", "conv3d", "--backend", "ptx", "--shape", "C=2").code());
        assertEquals(ExitCode.USAGE, Run.of("tune", "conv2d", "--backend", "ptx", "--shape", "Z=2").code());
        assertEquals(ExitCode.USAGE, Run.of("tune", "conv2d", "--backend", "ptx").code());
        assertEquals(ExitCode.USAGE, Run.of("tune", "conv2d", "--backend", "ptx", "--shapes", "unet").code());
    }

    /** In the interpreter, with the parameters that ship: what a model predicts, and said to be. */
    @Test
    void oneSetByHand() {
        String[] call = {"tune", "unary", "--backend", "ptx", "--shape", "elements=5000", "--set", "GROUP=256"};
        Json one = Json.parse(Run.of(with(call, "--card", "a100", "--json")).succeeded().out()).at(0);
        assertEquals("unary", one.at("variant").asString());
        assertEquals("nvidia.json", one.at("tier").asString());
        assertEquals("correct", one.at("given").at("validity").asString());
        assertEquals("the oracle", one.at("checked_by").asString());
        assertEquals(Json.parse("{\"card\": \"a100\", \"card_name\": \"A100 SXM\", \"measured\": false, \"validated\": false}"),
                one.at("model"));
        assertTrue(one.at("given").at("predicted_seconds").asDouble() > 0 && one.at("given").find("seconds").isEmpty());
        assertEquals(1250, one.at("given").at("counts").at("sectors").asInt());
        assertEquals(256, one.at("given").at("parameters").at("GROUP").asInt());
        String said = Run.of((Object[]) call).succeeded().out();
        assertTrue(said.contains(" predicted with GROUP=256 ") && said.contains("a model's prediction for the card H100 SXM, "
                + "not measured, and not validated"), said);
        Run wrong = Run.of("tune", "unary", "--backend", "ptx", "--shape", "elements=5000", "--set", "GRUOP=256");
        wrong.failedWith(ExitCode.USAGE, "no parameter 'GRUOP'", "GROUP");
        String shown = Run.of("tune", "--backend", "ptx", "--show").succeeded().out();
        assertTrue(shown.contains("  read    kernels/tuned/nvidia.json\n") && shown.contains("kerf/tuned"), shown);
    }

    private static Object[] with(Object[] call, Object... more) {
        return Stream.concat(Stream.of(call), Stream.of(more)).toArray();
    }

    @Test
    void aCardIsForTheModelAlone() {
        Run.of("tune", "unary", "--card", "h100", "--backend", "cpu", "--shape", "").failedWith(ExitCode.USAGE,
                "--card h100 is for --backend ptx");
        Run.of("tune", "unary", "--card", "voodoo", "--shape", "").failedWith(ExitCode.USAGE, "no card 'voodoo'", "h100");
        Run.of("tune", "unary", "--card", "h100", "--shape", "", "--cold").failedWith(ExitCode.USAGE, "--cold is for devices");
        Run.of("tune", "unary", "--card", "h100", "--shape", "", "--compile-timeout", 0).failedWith(ExitCode.USAGE,
                "compiling");
        Run.of("tune", "unary", "--card", "h100", "--shape", "", "--kernels", dir.resolve("none")).failedWith(ExitCode.USAGE,
                "there is no such folder");
    }

    /**
     * Sets that don't ship can't be counted without a compiler, nor those that do of a kernel whose source is the user's: one line says so.
     */
    @Test
    void withoutACompilerOneLineSaysSo() throws IOException, InterruptedException {
        neitherNvccNorNvrtc("--method", "brute-force", "--out", dir.resolve("t").toString());
        assertEquals(List.of(), Run.files(dir.resolve("t")).stream().filter(f -> f.endsWith(".trying")).toList());
        Files.copy(Path.of("kernels", "unary.cl"), Files.createDirectories(dir.resolve("mine")).resolve("unary.cl"));
        neitherNvccNorNvrtc("--set", "GROUP=256", "--kernels", dir.resolve("mine").toString());
    }

    private void neitherNvccNorNvrtc(String... more) throws IOException, InterruptedException {
        List<String> call = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Dkerf.nvrtc.library=/nowhere/libnvrtc.so", "-cp",
                System.getProperty("java.class.path"), "dev.kerf.cli.Main", "tune", "unary", "--card", "h100", "--shape",
                "elements=5000"));
        call.addAll(List.of(more));
        ProcessBuilder without = new ProcessBuilder(call).redirectErrorStream(true);
        without.environment().put("PATH", "/nowhere");
        Process p = without.start();
        List<String> said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines()
                .filter(l -> !l.startsWith("Picked up ")).toList();
        assertEquals(ExitCode.FAILED, p.waitFor(), said.toString());
        assertEquals(1, said.size(), said.toString());
        assertTrue(said.getFirst().contains("isn't shipped, and there is neither nvcc on the path nor NVRTC"), said.toString());
    }

    @Test
    void wrongUseIsToldOf() {
        assertEquals(ExitCode.USAGE, Run.of("tune").code());
        assertEquals(ExitCode.USAGE, Run.of("tune", "--simulate", cache, "--method", "magic").code());
        assertEquals(ExitCode.USAGE, Run.of("tune", "--simulate", cache, "--budget", "soon").code());
        Run setting = Run.of("tune", "--simulate", cache, "--setting", "walk=1");
        assertEquals(ExitCode.USAGE, setting.code());
        assertTrue(setting.err().contains("random_walk"), setting.err());
        assertEquals(ExitCode.FAILED, Run.of("tune", "--simulate", dir.resolve("none.json")).code());
        String methods = Run.of("tune", "--methods").succeeded().out();
        assertTrue(methods.contains("greedy-ils: ") && methods.contains("restart=50.0"), methods);
    }
}
