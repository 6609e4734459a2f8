package dev.kerf.tune.search;

import dev.kerf.error.BadInputException;
import dev.kerf.tune.space.Space;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.random.RandomGenerator;

/**
 * A method of search. Found by {@link ServiceLoader}: a class of your own that is provided as a service is one more method of
 * {@code kerf tune --method}.
 *
 * <pre>{@code
 * public final class Worst implements SearchStrategy {              // the last configurations first
 *     public String name() { return "backwards"; }
 *     public String what() { return "every configuration, the last first"; }
 *     public Search start(Space space, RandomGenerator random, Map<String, Double> settings) {
 *         return new Search() {
 *             private int next = space.size();
 *             public int ask() { return --next; }                   // −1: nothing left
 *             public void tell(int configuration, double cost) {}
 *         };
 *     }
 * }
 * }</pre>
 */
public interface SearchStrategy {
    /** As {@code --method} names it. */
    String name();

    /** One line. */
    String what();

    /** What can be set, with the values that are taken otherwise. */
    default Map<String, Double> settings() {
        return Map.of();
    }

    /**
     * A search from the beginning. The same random numbers and the same costs make it ask the same.
     *
     * @param settings a value for each of {@link #settings}
     */
    Search start(Space space, RandomGenerator random, Map<String, Double> settings);

    /**
     * {@link #start} with some settings changed.
     *
     * @throws BadInputException if there is no such setting
     */
    default Search search(Space space, RandomGenerator random, Map<String, Double> changed) {
        Map<String, Double> all = new LinkedHashMap<>(settings());
        changed.forEach((name, value) -> {
            if (all.replace(name, value) == null) {
                throw new BadInputException("method " + name() + " has no setting '" + name + "', only " + settings());
            }
        });
        return start(space, random, all);
    }

    /** All that there are, by name. */
    static List<SearchStrategy> all() {
        return ServiceLoader.load(SearchStrategy.class).stream().map(ServiceLoader.Provider::get)
                .sorted(Comparator.comparing(SearchStrategy::name)).toList();
    }

    /**
     * The one of a name.
     *
     * @throws BadInputException if there is none; names those that there are
     */
    static SearchStrategy of(String name) {
        return all().stream().filter(s -> s.name().equals(name)).findFirst()
                .orElseThrow(() -> new BadInputException("no method '" + name + "'; there are "
                        + String.join(", ", all().stream().map(SearchStrategy::name).toList())));
    }
}
