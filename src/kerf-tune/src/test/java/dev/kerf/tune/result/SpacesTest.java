package dev.kerf.tune.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.kernel.Expression;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.json.Json;
import dev.kerf.tune.Budget;
import dev.kerf.tune.Simulation;
import dev.kerf.tune.Tuning;
import dev.kerf.tune.result.Trial.Validity;
import dev.kerf.tune.search.SearchStrategy;
import dev.kerf.tune.space.KernelSpace;
import dev.kerf.tune.space.Space;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The spaces of {@code kernels/spaces}, measured whole: what they hold, what the shipped parameters and methods make of them. */
class SpacesTest {
    private static final Path FOLDER = Path.of("kernels", "spaces");
    /** Of PoCL's device. */
    private static final Map<String, Long> FACTS = Map.of("max_group", 4096L, "local_memory", 1L << 20, "compute_units", 2L);

    static Stream<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(FOLDER)) {
            return all.filter(f -> f.toString().endsWith(".t4.json.gz")).sorted().toList().stream();
        }
    }

    private static Space whole(Results r) {
        Map<String, Long> names = new HashMap<>(FACTS);
        names.putAll(r.about().problem());
        return KernelSpace.of(r.about().kernel(), names);
    }

    @ParameterizedTest
    @MethodSource("files")
    void holdWhatTheManifestAllows(Path file) {
        Results r = Results.read(file);
        Space space = whole(r);
        assertEquals(space.size(), r.trials().size());
        r.trials().forEach(t -> {
            assertTrue(space.number(t.configuration()) >= 0, t.configuration().toString());
            assertEquals(Validity.CORRECT, t.validity());
        });
    }

    /**
     * The set that a device without a file of its own has for these sizes took at most a quarter longer than the best trial, which
     * owes some of its lead to chance: timed in turns, sets that are 12 to 17 % behind here are up to 5 % behind.
     */
    @ParameterizedTest
    @MethodSource("files")
    void shippedParametersComeFromThem(Path file) throws IOException {
        Results r = Results.read(file);
        Simulation all = new Simulation(r);
        Map<String, Json> set = new HashMap<>();
        Manifest.of(r.about().kernel()).parameters().forEach((name, p) -> set.put(name, Json.of(p.standard())));
        Json tuned = Json.parse(Files.readString(Path.of("kernels", "tuned", "default.json")), "default.json");
        tuned.find(r.about().kernel()).map(Json::items).orElse(List.of()).stream()
                .filter(e -> Expression.parse(e.find("when").map(Json::asString).orElse("1")).holds(r.about().problem()))
                .findFirst().ifPresent(e -> e.at("parameters").members().forEach(set::put));
        double cost = all.evaluate(all.space().number(set)).cost();
        assertTrue(all.optimum().cost() >= 0.8 * cost, set + " takes " + cost + ", the best " + all.optimum());
    }

    static Stream<Path> large() throws IOException {
        return files().filter(f -> Results.read(f).trials().size() > 100);
    }

    /** The median of 9 seeds, with {@code -Dkerf.test.wide=true} of 33, has 95 % of the optimum after a tenth of the space. */
    @ParameterizedTest
    @MethodSource("large")
    void aTenthIsEnough(Path file) {
        Simulation all = new Simulation(Results.read(file));
        int seeds = Boolean.getBoolean("kerf.test.wide") ? 33 : 9;
        double[] found = IntStream.range(0, seeds).mapToDouble(seed -> Tuning.run(all.space(), SearchStrategy.of("bayesian")
                .search(all.space(), new Random(seed), Map.of()), all, Budget.parse("10%"), _ -> {})
                .best().orElseThrow().trial().cost()).sorted().toArray();
        double median = found[seeds / 2];
        assertTrue(all.optimum().cost() >= 0.95 * median, median + ", the best " + all.optimum().cost());
    }
}
