package dev.kerf.tune.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.TunedParameters;
import dev.kerf.check.cost.LaunchCosts;
import dev.kerf.check.cost.Prediction;
import dev.kerf.check.ptx.Card;
import dev.kerf.check.ptx.CompiledPtx;
import dev.kerf.check.ptx.LaunchCounter;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.T4;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.result.Trial.Validity;
import dev.kerf.tune.space.KernelSpace;
import dev.kerf.tune.space.Space;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Counts and what a model makes of them: the same on each machine. */
class ModelObjectiveTest {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final String SHAPE = "elements=5000";

    @TempDir
    private Path temp;

    private static Problem problem(String kernel, String shape) {
        try (LaunchCounter counter = new LaunchCounter(Card.of("h100"))) {
            return Problem.of(Shapes.graph(kernel, shape), counter.device(), Precision.FLOAT32, kernel).getFirst();
        }
    }

    private static Map<String, Json> today(Problem problem) {
        Map<String, Json> set = new LinkedHashMap<>();
        problem.parameters().forEach((name, value) -> set.put(name, Json.of(value)));
        return set;
    }

    private static Trial evaluate(String card, Problem problem, Map<String, Json> set) {
        try (ModelObjective model = new ModelObjective(card, problem, Precision.FLOAT32, LONG)) {
            return model.evaluate(set);
        }
    }

    private static void assumeCompiler() {
        assumeTrue(CompiledPtx.available(), "neither nvcc nor NVRTC is here: only parameters that ship can be counted");
    }

    /** What kerf kernels says of the launch, its counts, and no runs: it was not measured. */
    @Test
    void aShippedSetNeedsNoCompiler() {
        Problem problem = problem("unary", SHAPE);
        Trial trial = evaluate("h100", problem, today(problem));
        assertEquals(Validity.CORRECT, trial.validity(), trial.error());
        Card h100 = Card.of("h100");
        double said = LaunchCosts.of(problem.graph(), null, h100, Precision.FLOAT32, LaunchCosts.SOME).stream()
                .mapToDouble(c -> Prediction.of(c, h100).seconds()).sum();
        assertEquals(said, trial.objective());
        assertEquals(List.of(), trial.times().runs());
        assertEquals(1250.0, trial.details().measures().get("sectors"), "5,000 floats read and written, 8 to a sector");
        assertEquals(0.0, trial.details().measures().get("bank_conflicts"));
        assertEquals(1.0, trial.details().measures().get("waves"));
        long group = problem.parameters().get("GROUP");
        assertEquals(group, trial.details().build().get("local_size").at("x").asLong());
        assertEquals(Math.ceilDiv(5000, group * problem.parameters().get("ITEMS")),
                trial.details().build().get("global_size").at("x").asLong());
        Trial again = evaluate("h100", problem, today(problem));
        assertEquals(trial.objective(), again.objective(), "the same each time");
        assertEquals(trial.details(), again.details());
        assertTrue(evaluate("t4", problem, today(problem)).objective() > trial.objective(),
                "a T4 has a tenth of the memory's rate");
        assertThrows(BadInputException.class, () -> evaluate("h1000", problem, Map.of()));
    }

    /** Where all sets are counted, all move the same bytes; fewer work-items take fewer instructions. */
    @Test
    void setsThatDoNotShipAreCompiled() {
        assumeCompiler();
        Problem problem = problem("unary", SHAPE);
        Space space = KernelSpace.of("unary", problem.known());
        for (Map<String, Json> set : List.of(space.configuration(0), space.configuration(space.size() - 1))) {
            Trial trial = evaluate("h100", problem, set);
            assertEquals(Validity.CORRECT, trial.validity(), trial.error());
            assertEquals(1250.0, trial.details().measures().get("sectors"), set.toString());
            assertEquals(set.get("GROUP").asLong(), trial.details().build().get("local_size").at("x").asLong());
        }
    }

    @Test
    void failuresHaveTheirReasons() {
        Problem problem = problem("unary", SHAPE);
        Trial broken = evaluate("h100", problem, Map.of("GROUP", Json.of(7)));
        assertEquals(Validity.CONSTRAINTS, broken.validity());
        assertTrue(broken.error().contains("GROUP"), broken.error());
        assumeCompiler();
        try (ModelObjective hasty = new ModelObjective("h100", problem, Precision.FLOAT32, Duration.ofMillis(1))) {
            Trial late = hasty.evaluate(KernelSpace.of("unary", problem.known()).configuration(0));
            assumeTrue(late.validity() != Validity.CORRECT, "NVRTC, which can't be ended, has compiled it");
            assertEquals(Validity.TIMEOUT, late.validity(), late.error());
            assertTrue(late.error().contains("COMPILE_TIMEOUT") && late.error().contains("0.001 s"), late.error());
        }
    }

    /** A file says that nothing in it was measured, and what it counted comes back. */
    @Test
    void filesSayThatItIsAModel() throws IOException {
        Problem problem = problem("unary", SHAPE);
        Trial trial = evaluate("h100", problem, today(problem));
        Space space = KernelSpace.of("unary", problem.known());
        Results.About about = new Results.About("H100 SXM, predicted", "unary", problem.sizes(), space.parameters(),
                Results.PREDICTED);
        Json t4 = T4.write(new Results(about, List.of(trial)), new T4.Maker("CUDA", "no device", "1", "now", "a model's"));
        assertEquals("a model's", t4.at("metadata").at("kerf_model").asString());
        assertEquals(Json.parse("[\"predicted_time\"]"), t4.at("results").at(0).at("objectives"));
        assertEquals(0, t4.at("results").at(0).at("times").at("runtimes").size());
        assertEquals(trial.details().build().get("local_size"),
                t4.at("results").at(0).at("compilation_data").at("local_size"));
        Trial read = Results.read(Files.writeString(temp.resolve("m.t4.json"), t4.pretty())).trials().getFirst();
        assertEquals(trial.objective(), read.objective(), 1e-15);
        assertEquals(trial.details(), read.details());
        try (Session session = new Session(temp.resolve("m.json"), about, space, _ -> trial)) {
            session.evaluate(space.number(trial.configuration()));
        }
        Results kept = Results.read(temp.resolve("m.json"));
        assertEquals("predicted_time", kept.about().objective());
        assertEquals(trial.details(), kept.trials().getFirst().details());
    }

    /** Where a set of a model's is taken, the tier says that it is one. */
    @Test
    void anAcceptedSetSaysThatItIsAModels() throws IOException {
        Problem problem = problem("unary", SHAPE);
        Path file = temp.resolve("sm_90.json");
        TunedFile.accept(file, problem, today(problem), "compute_units == 132", "predicted by a model of h100");
        Json entry = Json.read(file).at("unary").at(0);
        assertEquals("predicted by a model of h100", entry.at("source").asString());
        assertEquals("N == 1 && inner == 5000 && compute_units == 132", entry.at("when").asString());
        TunedFile.accept(file, problem, today(problem), "compute_units == 114", TunedParameters.MEASURED);
        assertEquals(2, Json.read(file).at("unary").size(), "other cards have their own");
    }
}
