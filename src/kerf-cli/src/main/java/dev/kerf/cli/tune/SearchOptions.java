package dev.kerf.cli.tune;

import dev.kerf.cli.option.Usage;
import dev.kerf.error.BadInputException;
import dev.kerf.tune.Budget;
import dev.kerf.tune.search.Search;
import dev.kerf.tune.search.SearchStrategy;
import dev.kerf.tune.space.Space;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How to search and for how long. */
final class SearchOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    private SearchStrategy method;

    private Budget budget = Budget.NONE;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Of all that is drawn at random; 1.")
    private long seed;

    @Option(names = "--setting", paramLabel = "NAME=VALUE", description = "Changes a setting of the method; may be repeated. --methods lists them.")
    private Map<String, Double> settings = new LinkedHashMap<>();

    @Option(names = "--method", paramLabel = "NAME", defaultValue = "greedy-ils", description = "brute-force, random, greedy-ils (the default), annealing, bayesian, genetic or vnd: see --methods.")
    private void method(String name) {
        method = Usage.of(spec, () -> SearchStrategy.of(name));
    }

    @Option(names = "--budget", paramLabel = "B", description = "When to end: after so many evaluations (200), a time (90s, 5min, 1h) or a share of the space (10%%); several with"
            + " commas between. By default when nothing is left to try.")
    private void budget(String text) {
        budget = Usage.of(spec, () -> Budget.parse(text));
    }

    SearchStrategy method() {
        return method;
    }

    Budget budget() {
        return budget;
    }

    long seed() {
        return seed;
    }

    /**
     * A search from the beginning.
     *
     * @throws BadInputException if the method has no such setting
     */
    Search start(Space space) {
        return Usage.of(spec, () -> method.search(space, new Random(seed), settings));
    }
}
