package dev.kerf.tune.search;

import dev.kerf.tune.space.Space;
import dev.kerf.tune.space.Space.Neighbourhood;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Greedy iterated local search: neighbours that differ in one parameter are tried in random order, the first that is better is
 * the next place; where none is, a few parameters are changed at random and the climb begins again; after so many climbs without
 * a better place it begins anywhere. The settings are Kernel Tuner's, which were tuned themselves
 * (arXiv 2509.26300).
 */
public final class GreedyLocalSearch implements SearchStrategy {
    /** For {@link java.util.ServiceLoader}. */
    public GreedyLocalSearch() {}

    @Override
    public String name() {
        return "greedy-ils";
    }

    @Override
    public String what() {
        return "greedy iterated local search";
    }

    @Override
    public Map<String, Double> settings() {
        return new TreeMap<>(Map.of("restart", 50.0, "random_walk", 0.3));
    }

    @Override
    public Search start(Space space, RandomGenerator random, Map<String, Double> settings) {
        return new Climb(space, random, settings);
    }

    private static final class Climb implements Search {
        private final Space space;
        private final RandomGenerator random;
        private final double restart;
        private final int walk;
        private int[] left = new int[0];
        private int leftCount;
        private int place = DONE;
        private double cost = Double.POSITIVE_INFINITY;
        private double best = Double.POSITIVE_INFINITY;
        private int inVain;
        private int start;

        Climb(Space space, RandomGenerator random, Map<String, Double> settings) {
            this.space = space;
            this.random = random;
            restart = settings.get("restart");
            walk = Math.max(1, (int) (settings.get("random_walk") * space.parameters().size()));
            start = random.nextInt(space.size());
        }

        @Override
        public int ask() {
            if (start != DONE) {
                return start;
            }
            if (leftCount == 0) {
                start = next();
                return start;
            }
            int at = random.nextInt(leftCount);
            int chosen = left[at];
            left[at] = left[--leftCount];
            return chosen;
        }

        /** Where to climb from after a summit. */
        private int next() {
            if (cost < best) {
                best = cost;
                inVain = 0;
            } else if (++inVain >= restart) {
                inVain = 0;
                return random.nextInt(space.size());
            }
            int from = place;
            for (int i = 0; i < walk; i++) {
                int[] around = space.neighbours(from, Neighbourhood.HAMMING);
                from = around.length == 0 ? random.nextInt(space.size()) : around[random.nextInt(around.length)];
            }
            return from;
        }

        @Override
        public void tell(int configuration, double told) {
            if (start != DONE || told < cost) {
                start = DONE;
                place = configuration;
                cost = told;
                left = space.neighbours(place, Neighbourhood.HAMMING).clone();
                leftCount = left.length;
            }
        }
    }
}
