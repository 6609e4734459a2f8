package dev.kerf.tune;

import dev.kerf.tune.result.Trial;
import dev.kerf.tune.search.Search;
import dev.kerf.tune.space.Space;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A search, carried through: configurations are tried until the budget is spent or nothing is left. What was tried before is
 * answered from memory; it takes no evaluation and no time.
 *
 * <pre>{@code
 * Simulation file = new Simulation(Results.read(Path.of("cache.json")));
 * Search search = SearchStrategy.of("genetic").search(file.space(), new Random(1), Map.of());
 * Tuning.Outcome outcome = Tuning.run(file.space(), search, file, Budget.parse("10%"), visit -> {});
 * Map<String, Json> best = outcome.best().orElseThrow().trial().configuration();
 * }</pre>
 */
public final class Tuning {
    /** So often may a search ask for what is known, for each configuration of the space, before it is taken to turn in circles. */
    private static final int CIRCLES = 20;

    private Tuning() {}

    /**
     * A configuration tried for the first time.
     *
     * @param configuration its number
     * @param trial         what it gave
     * @param evaluations   configurations tried, with this one
     * @param seconds       spent, with this one
     */
    public record Visit(int configuration, Trial trial, int evaluations, double seconds) {}

    /**
     * What a search found.
     *
     * @param visits  in order
     * @param seconds spent
     */
    public record Outcome(List<Visit> visits, double seconds) {
        /** The best visit, of equal ones the first; empty if every trial failed. */
        public Optional<Visit> best() {
            return visits.stream().filter(v -> Double.isFinite(v.trial().cost()))
                    .reduce((a, b) -> b.trial().cost() < a.trial().cost() ? b : a);
        }
    }

    /**
     * Searches.
     *
     * @param seen told of each visit
     */
    public static Outcome run(Space space, Search search, Objective objective, Budget budget, Consumer<Visit> seen) {
        Map<Integer, Trial> known = new HashMap<>();
        List<Visit> visits = new ArrayList<>();
        double seconds = 0;
        long circles = 0;
        while (!budget.spent(visits.size(), seconds, space.size()) && circles <= (long) CIRCLES * (space.size() + 50)) {
            int asked = search.ask();
            if (asked == Search.DONE) {
                break;
            }
            circles++;
            Trial trial = known.get(asked);
            if (trial == null) {
                circles = 0;
                trial = objective.evaluate(asked);
                known.put(asked, trial);
                seconds += trial.times().charged();
                Visit visit = new Visit(asked, trial, visits.size() + 1, seconds);
                visits.add(visit);
                seen.accept(visit);
            }
            search.tell(asked, trial.cost());
        }
        return new Outcome(List.copyOf(visits), seconds);
    }
}
