package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tune.Budget;
import dev.kerf.tune.Tuning;
import dev.kerf.tune.device.DeviceObjective;
import dev.kerf.tune.device.DeviceObjective.Timing;
import dev.kerf.tune.device.Problem;
import dev.kerf.tune.device.Session;
import dev.kerf.tune.device.Shapes;
import dev.kerf.tune.device.TunedFile;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.Results.About;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.result.Trial.Times;
import dev.kerf.tune.result.Trial.Validity;
import dev.kerf.tune.search.BruteForce;
import dev.kerf.tune.space.KernelSpace;
import dev.kerf.tune.space.Space;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Trials on each device under test whose compiler makes what is asked for. */
class TuningTest {
    private static final Timing TWICE = new Timing(2, false, Duration.ofSeconds(30));

    @TempDir
    private Path temp;

    /** Shipped code, in the interpreter, and Java's kernels know no other parameters than theirs. */
    static Stream<String> devices() {
        return Parity.devices().filter(d -> !d.startsWith("ptx:") && !d.startsWith("tornado:"));
    }

    private static Problem problem(GpuDevice device, String kernel, String shape) {
        return Problem.of(Shapes.graph(kernel, shape), device, Precision.FLOAT32, kernel).getFirst();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void everySetIsRight(String id) {
        for (String kernel : List.of("unary", "softmax", "max_pool2d", "layer_norm")) {
            try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
                Problem problem = problem(device, kernel, kernel.equals("unary") ? "elements=5000" : "");
                Space space = KernelSpace.of(problem.variant(), problem.known());
                try (DeviceObjective objective = new DeviceObjective(device, problem, Precision.FLOAT32, TWICE)) {
                    assertEquals("the oracle", objective.checkedBy());
                    Tuning.Outcome all = Tuning.run(space, new BruteForce().start(space, new Random(), Map.of()),
                            c -> objective.evaluate(space.configuration(c)), Budget.NONE, _ -> {});
                    assertEquals(space.size(), all.visits().size());
                    for (Tuning.Visit v : all.visits()) {
                        assertEquals(Validity.CORRECT, v.trial().validity(), v.trial().toString());
                        List<Double> runs = v.trial().times().runs();
                        assertEquals(2, runs.size());
                        assertEquals((runs.get(0) + runs.get(1)) / 2, v.trial().objective(), 1e-15);
                        assertTrue(v.trial().times().compilation() > 0 && v.trial().times().verification() > 0
                                && v.trial().times().benchmark() > 0, v.trial().toString());
                    }
                }
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void failuresHaveTheirReasons(String id) {
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            Problem problem = problem(device, "unary", "elements=5000");
            try (DeviceObjective objective = new DeviceObjective(device, problem, Precision.FLOAT32, TWICE)) {
                Trial broken = objective.evaluate(Map.of("GROUP", Json.of(7)));
                assertEquals(Validity.CONSTRAINTS, broken.validity());
                assertTrue(broken.error().contains("GROUP"), broken.error());
                assertTrue(Double.isInfinite(broken.cost()));
            }
            // What must come out is of other numbers than go in.
            Map<String, HostTensor> others = new LinkedHashMap<>(problem.inputs());
            others.replaceAll((_, t) -> HostTensor.zeros(t.dtype(), t.shape()));
            Problem changing = new Problem(problem.kernel(), problem.variant(), problem.sizes(), problem.known(),
                    problem.parameters(), "", 1, problem.conditions(), problem.graph(), others);
            try (DeviceObjective objective = new DeviceObjective(device, changing, Precision.FLOAT32, TWICE)) {
                others.putAll(problem.inputs());
                Trial wrong = objective.evaluate(Map.of());
                assertEquals(Validity.CORRECTNESS, wrong.validity());
                assertTrue(wrong.error().contains("the oracle has 0.0"), wrong.error());
                assertEquals(0, wrong.times().runs().size(), "what is wrong isn't timed");
            }
        }
    }

    /** Sizes and names are what the manifest's formulas see; a variant is forced by its name. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void problemsSayWhatTheyAre(String id) {
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            Problem direct = Problem.of(Shapes.graph("conv2d", "C=3,O=5,H=9,W=8"), device, Precision.FLOAT32, "conv2d_direct")
                    .getFirst();
            assertEquals("conv2d", direct.kernel());
            assertEquals("conv2d_direct", direct.variant());
            assertEquals(Map.of("C", 3L, "O", 5L, "KH", 3L, "P", 9L), Map.of("C", direct.sizes().get("C"), "O",
                    direct.sizes().get("O"), "KH", direct.sizes().get("KH"), "P", direct.sizes().get("P")));
            assertFalse(direct.sizes().containsKey("max_group"), direct.sizes().toString());
            assertEquals("default.json", direct.tier());
            try (DeviceObjective objective = new DeviceObjective(device, direct, Precision.FLOAT32, TWICE)) {
                Trial trial = objective.evaluate(Map.of("TILE_M", Json.of(2), "PIXELS", Json.of(2), "GROUP", Json.of(64)));
                assertEquals(Validity.CORRECT, trial.validity(), trial.error());
            }
            for (String kernel : List.of("attention", "nms", "matmul", "resize", "binary")) {
                String shape = switch (kernel) {
                    case "attention" -> "LQ=20,LK=30,heads=2,D=16,DV=16";
                    case "nms" -> "M=100,most=50";
                    case "matmul" -> "M=20,N=30,K=40";
                    case "resize" -> "C=2,H=8,W=8";
                    default -> "elements=99";
                };
                Problem problem = problem(device, kernel, shape);
                try (DeviceObjective objective = new DeviceObjective(device, problem, Precision.FLOAT32, TWICE)) {
                    Map<String, Json> today = new LinkedHashMap<>();
                    problem.parameters().forEach((name, v) -> today.put(name, Json.of(v)));
                    Trial trial = objective.evaluate(today);
                    assertEquals(Validity.CORRECT, trial.validity(), kernel + " " + trial.error());
                }
            }
            assertThrows(BadInputException.class,
                    () -> Problem.of(Shapes.graph("unary", ""), device, Precision.FLOAT32, "matmul"));
        }
    }

    /** What no model launches is tuned by the sizes of its op cases. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void everyKernelHasSizes(String id) {
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            for (String kernel : List.of("confusion", "components", "from_nv12", "group_norm", "paste_masks")) {
                List<Problem> problems = Problem.ofCases(device, Precision.FLOAT32, kernel);
                Problem largest = problems.getFirst();
                assertEquals(kernel, largest.kernel());
                try (DeviceObjective objective = new DeviceObjective(device, largest, Precision.FLOAT32, TWICE)) {
                    Map<String, Json> today = new LinkedHashMap<>();
                    largest.parameters().forEach((name, v) -> today.put(name, Json.of(v)));
                    Trial trial = objective.evaluate(today);
                    assertEquals(Validity.CORRECT, trial.validity(), largest.text() + " " + trial.error());
                }
            }
        }
    }

    @Test
    void aShapeThatThereIsNotIsNamed() {
        String said = assertThrows(BadInputException.class, () -> Shapes.graph("conv2d", "C=3,Q=5")).getMessage();
        assertTrue(said.contains("'Q=5'") && said.contains("stride=1"), said);
        assertThrows(BadInputException.class, () -> Shapes.graph("conv2d", "C=0"));
        assertThrows(BadInputException.class, () -> Shapes.graph("roi_align", ""));
    }

    @Test
    void aSessionGoesOn() throws IOException {
        List<Space.Parameter> parameters = List.of(new Space.Parameter("p", IntStream.range(0, 6).mapToObj(Json::of).toList()));
        Space space = Space.listed(parameters, IntStream.range(0, 6).mapToObj(i -> Map.of("p", Json.of(i))).toList());
        About about = new About("D", "k", Map.of("n", 5L), parameters, Results.TIME);
        Path file = temp.resolve("k.json");
        List<Integer> tried = new ArrayList<>();
        Function<Map<String, Json>, Trial> measure = c -> {
            tried.add(c.get("p").asInt());
            if (tried.size() == 4 || tried.size() == 5) {
                throw new IllegalStateException("the process ends");
            }
            return new Trial(c, Validity.CORRECT, c.get("p").asInt() + 1, new Times(1, 0, 0, 0, 0, List.of()), "", "");
        };
        for (int process = 0; process < 2; process++) {
            // Not closed, as by a process that ended.
            Session ended = new Session(file, about, space, measure);
            assertThrows(IllegalStateException.class, () -> IntStream.range(0, 6).forEach(ended::evaluate));
        }
        assertEquals(List.of(0, 1, 2, 3, 3), tried, "what is known isn't tried again, what wasn't finished is");
        try (Session last = new Session(file, about, space, measure)) {
            assertEquals(3, last.known());
            List<Trial> all = IntStream.range(0, 6).mapToObj(last::evaluate).toList();
            assertEquals(Validity.RUNTIME, all.get(3).validity());
            assertEquals("2 processes ended while it was tried", all.get(3).error());
            assertEquals(6.0, all.get(5).objective());
        }
        assertEquals(List.of(0, 1, 2, 3, 3, 4, 5), tried);
        assertFalse(Files.exists(temp.resolve("k.json.trying")));
        assertEquals(6, Results.read(file).trials().size());
    }

    /** Trials of a source that was changed since aren't taken for those of the new one; files that don't say are believed. */
    @Test
    void aChangedKernelBeginsAnew() throws IOException {
        List<Space.Parameter> parameters = List.of(new Space.Parameter("p", List.of(Json.of(1), Json.of(2))));
        Space space = Space.listed(parameters, List.of(Map.of("p", Json.of(1)), Map.of("p", Json.of(2))));
        Function<Map<String, Json>, Trial> measure = c -> new Trial(c, Validity.CORRECT, 1, new Times(1, 0, 0, 0, 0, List.of()),
                "", "");
        Path file = temp.resolve("k.json");
        for (String source : List.of("", "a")) {
            About about = new About("D", "k", Map.of("n", 5L), parameters, Results.TIME, source);
            try (Session session = new Session(file, about, space, measure)) {
                assertEquals(source.isEmpty() ? 0 : 1, session.known());
                session.evaluate(session.known());
            }
        }
        About changed = new About("D", "k", Map.of("n", 5L), parameters, Results.TIME, "b");
        String said = assertThrows(BadInputException.class, () -> new Session(file, changed, space, measure)).getMessage();
        assertTrue(said.contains("another version of k's source"), said);
        assertEquals(2, Results.read(file).trials().size());
        try (GpuDevice device = Parity.open("ptx:0", Target.Forced.NONE)) {
            assertEquals(32, problem(device, "unary", "").source(device).length());
            assertFalse(problem(device, "unary", "").source(device).equals(problem(device, "binary", "").source(device)));
        }
    }

    /** Compiling has its own limit; what took too long has failed, and the next trial and the end wait for the compiler. */
    @Test
    void compilingMayNotTakeLong() {
        Timing hasty = new Timing(1, false, Duration.ofSeconds(30), Duration.ofNanos(1));
        try (GpuDevice device = Parity.open("ptx:0", Target.Forced.NONE)) {
            Problem problem = problem(device, "unary", "elements=5000");
            try (DeviceObjective objective = new DeviceObjective(device, problem, Precision.FLOAT32, hasty)) {
                for (int i = 0; i < 2; i++) {
                    Trial late = objective.evaluate(Map.of());
                    assertEquals(Validity.TIMEOUT, late.validity());
                    assertTrue(late.error().startsWith("compiling it and running it once took more than"), late.error());
                    assertTrue(late.times().compilation() > 0, "the time that it took is known");
                    assertEquals(List.of(), late.times().runs());
                }
            }
            assertThrows(BadInputException.class, () -> new Timing(1, false, Duration.ofSeconds(1), Duration.ZERO));
        }
    }

    /** For each kernel that sizes can be given for: a file that has nothing but an accepted set is taken, for all other sizes too. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void aFreshFileIsTaken(String id) throws IOException {
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            Path file = temp.resolve(TunedParameters.files(device.driver().facts()).getFirst());
            Map<Problem, Map<String, Long>> accepted = new LinkedHashMap<>();
            for (String kernel : Shapes.kernels()) {
                Problem problem = problem(device, kernel, "");
                Map<String, Json> set = KernelSpace.of(problem.variant(), problem.known()).configuration(0);
                TunedFile.accept(file, problem, set, "", TunedParameters.MEASURED);
                Map<String, Long> numbers = new LinkedHashMap<>();
                set.forEach((name, value) -> numbers.put(name, value.asLong()));
                accepted.put(problem, numbers);
            }
            TunedParameters tuned = TunedParameters.of(device.driver().facts(), temp);
            for (String kernel : Shapes.kernels()) {
                Target target = new Target(device.driver().facts(), Shapes.graph(kernel, ""), Precision.FLOAT32, tuned,
                        Target.Forced.NONE);
                target.graph().nodes().forEach(n -> Lowering.lower(n, target).forEach(
                        call -> accepted.entrySet().stream().filter(a -> a.getKey().variant().equals(call.kernel().name()))
                                .forEach(a -> a.getValue().forEach(
                                        (name, value) -> assertEquals(value.intValue(), call.parameter(name), kernel)))));
                Map<String, Long> others = new LinkedHashMap<>(problem(device, kernel, "").known());
                others.replaceAll((name, value) -> value + 1);
                assertFalse(tuned.tier(kernel, others).contains(file.toString()), "other sizes go on to the next file");
            }
        }
    }

    /** What is accepted is what the device takes for these sizes, and no others, from then on. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void acceptedSetsAreTaken(String id) throws IOException {
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            Problem problem = problem(device, "unary", "elements=5000");
            Path file = temp.resolve(TunedParameters.files(device.driver().facts()).getFirst());
            Files.writeString(file,
                    "{\"softmax\": [{\"parameters\": {\"GROUP\": 32}}], \"unary\": [{\"parameters\": {\"GROUP\": 32}}]}");
            TunedFile.accept(file, problem, Map.of("GROUP", Json.of(128), "ITEMS", Json.of(2)), "", TunedParameters.MEASURED);
            TunedFile.accept(file, problem, Map.of("GROUP", Json.of(64), "ITEMS", Json.of(2)), "", TunedParameters.MEASURED);
            TunedParameters tuned = TunedParameters.of(device.driver().facts(), temp);
            assertEquals(Map.of("GROUP", 64L, "ITEMS", 2L), tuned.of("unary", problem.known()));
            assertEquals(file.toString(), tuned.tier("unary", problem.known()));
            assertEquals(Map.of("GROUP", 32L), tuned.of("unary", problem(device, "unary", "elements=5001").known()));
            assertEquals(2, Json.read(file).at("unary").size(), "the same sizes have one entry");
            assertEquals(new TunedParameters.Tier(file.toString(), true), tuned.looked().getFirst());
        }
    }

    @Test
    void aMisspeltNameIsAnError() throws IOException {
        Driver.Facts facts = new Driver.Facts(new Device.Info("test", 0, Device.Info.Kind.GPU, "G",
                "V", "1", 1, 1, 1, List.of(Precision.FLOAT32)), "", 64, 128, 1 << 15, false);
        for (String[] wrong : new String[][] {{"unari", "GROUP", "no kernel 'unari'"},
            {"unary", "GRUOP", "no parameter 'GRUOP'"}}) {
            Files.writeString(temp.resolve("v.json"),
                    "{\"" + wrong[0] + "\": [{\"parameters\": {\"" + wrong[1] + "\": 64}}]}");
            String said = assertThrows(BadFileException.class, () -> TunedParameters.of(facts, temp)).getMessage();
            assertTrue(said.contains("v.json") && said.contains(wrong[2]), said);
        }
        Files.writeString(temp.resolve("v.json"), "{\"unary\": [{\"wehn\": \"1\", \"parameters\": {\"GROUP\": 64}}]}");
        String key = assertThrows(BadFileException.class, () -> TunedParameters.of(facts, temp)).getMessage();
        assertTrue(key.contains("not 'wehn'"), key);
        Files.writeString(temp.resolve("v.json"),
                "{\"unary\": [{\"parameters\": {\"GROUP\": 64}, \"source\": \"predicted\"}]}");
        TunedParameters predicted = TunedParameters.of(facts, temp);
        assertEquals(temp.resolve("v.json") + " (predicted)", predicted.tier("unary", Map.of(), Map.of("GROUP", 64L)));
        assertEquals("", predicted.tier("unary", Map.of(), Map.of("GROUP", 32L)), "values that weren't taken");
    }
}
