package dev.kerf.tune.search;

import dev.kerf.tune.space.Space;
import dev.kerf.tune.space.Space.Neighbourhood;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Simulated annealing (Kirkpatrick et al. 1983): a neighbour that is worse by a share d of the cost is taken with probability
 * exp(−d ∕ T), while T falls; when it is cold, it begins again elsewhere. A neighbour differs by one step in some parameters, and
 * by any value in a fifth of them.
 */
public final class Annealing implements SearchStrategy {
    private static final double JUMP = 0.2;

    /** For {@link java.util.ServiceLoader}. */
    public Annealing() {}

    @Override
    public String name() {
        return "annealing";
    }

    @Override
    public String what() {
        return "simulated annealing";
    }

    @Override
    public Map<String, Double> settings() {
        return new TreeMap<>(Map.of("T", 0.1, "T_min", 1e-4, "alpha", 0.9975));
    }

    @Override
    public Search start(Space space, RandomGenerator random, Map<String, Double> settings) {
        return new Search() {
            private double temperature = settings.get("T");
            private int place = DONE;
            private double cost = Double.POSITIVE_INFINITY;

            @Override
            public int ask() {
                if (place == DONE) {
                    return random.nextInt(space.size());
                }
                int next = place;
                for (int i = 0; i < space.parameters().size(); i++) {
                    if (random.nextDouble() < JUMP) {
                        next = step(next, Neighbourhood.HAMMING);
                    }
                }
                return step(next, Neighbourhood.ADJACENT);
            }

            private int step(int from, Neighbourhood how) {
                int[] around = space.neighbours(from, how);
                return around.length == 0 ? random.nextInt(space.size()) : around[random.nextInt(around.length)];
            }

            @Override
            public void tell(int configuration, double told) {
                boolean worse = told >= cost;
                if (!worse || place == DONE || random.nextDouble() < Math.exp((cost - told) / cost / temperature)) {
                    place = configuration;
                    cost = told;
                }
                temperature *= settings.get("alpha");
                if (temperature < settings.get("T_min")) {
                    temperature = settings.get("T");
                    place = DONE;
                    cost = Double.POSITIVE_INFINITY;
                }
            }
        };
    }
}
