package dev.kerf.tune.search;

import dev.kerf.tune.space.Space;
import dev.kerf.tune.space.Space.Neighbourhood;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Bayesian optimisation, as Willemsen et al. (PMBS 2021) have it for kernels' parameters: configurations that lie far apart
 * first; then always the one that is expected to improve on the best by most, as a Gaussian process of all costs so far
 * says. Costs are taken by their logarithm, and one that failed as the highest known. In a large space the process
 * is asked about some configurations only: the neighbours of the best and strangers.
 */
public final class Bayesian implements SearchStrategy {
    /** For {@link java.util.ServiceLoader}. */
    public Bayesian() {}

    @Override
    public String name() {
        return "bayesian";
    }

    @Override
    public String what() {
        return "expected improvement by a Gaussian process of what is known";
    }

    @Override
    public Map<String, Double> settings() {
        return new TreeMap<>(Map.of("first", 10.0, "candidates", 200.0, "known", 80.0));
    }

    @Override
    public Search start(Space space, RandomGenerator random, Map<String, Double> settings) {
        return new Improvement(space, random, settings);
    }

    private static final class Improvement implements Search {
        /** Of the known configurations, those whose neighbours are candidates. */
        private static final int BEST = 5;

        private final Space space;
        private final RandomGenerator random;
        private final int first;
        private final int candidates;
        private final int most;
        private final GaussianProcess process;
        private final Map<Integer, Double> known = new LinkedHashMap<>();
        private int fitted;

        Improvement(Space space, RandomGenerator random, Map<String, Double> settings) {
            this.space = space;
            this.random = random;
            first = settings.get("first").intValue();
            candidates = settings.get("candidates").intValue();
            most = Math.max(2, settings.get("known").intValue());
            List<Space.Parameter> all = space.parameters();
            boolean[] ordered = new boolean[all.size()];
            for (int i = 0; i < ordered.length; i++) {
                ordered[i] = all.get(i).values().stream().allMatch(v -> v.isNumber());
            }
            process = new GaussianProcess(ordered, all.stream().mapToInt(p -> p.values().size() - 1).toArray());
        }

        @Override
        public int ask() {
            if (known.size() == space.size()) {
                return DONE;
            }
            Set<Integer> open = open();
            return known.size() < first ? farthest(open) : best(open);
        }

        /** Configurations that aren't known: all, or neighbours of the best and strangers. */
        private Set<Integer> open() {
            Set<Integer> open = new LinkedHashSet<>();
            if (space.size() <= candidates) {
                IntStream.range(0, space.size()).filter(c -> !known.containsKey(c)).forEach(open::add);
                return open;
            }
            known.entrySet().stream().sorted(Map.Entry.comparingByValue()).limit(BEST).forEach(e -> {
                for (Neighbourhood kind : Neighbourhood.values()) {
                    IntStream.of(space.neighbours(e.getKey(), kind)).filter(c -> !known.containsKey(c)).limit(candidates / BEST)
                            .forEach(open::add);
                }
            });
            while (open.size() < Math.min(candidates, space.size() - known.size())) {
                int c = random.nextInt(space.size());
                if (!known.containsKey(c)) {
                    open.add(c);
                }
            }
            return open;
        }

        /** Of some that are drawn, the one that differs from all known in the most parameters. */
        private int farthest(Set<Integer> open) {
            List<Integer> all = new ArrayList<>(open);
            int chosen = DONE;
            int distance = -1;
            for (int i = 0; i < 30; i++) {
                int c = all.get(random.nextInt(all.size()));
                int nearest = known.keySet().stream().mapToInt(k -> space.distance(c, k)).min().orElse(0);
                if (nearest > distance) {
                    chosen = c;
                    distance = nearest;
                }
            }
            return chosen;
        }

        private int best(Set<Integer> open) {
            // The best of what is known, and the latest.
            List<Integer> latest = new ArrayList<>(known.keySet());
            Set<Integer> told = new LinkedHashSet<>(latest.stream().sorted(Comparator.comparing(known::get)).limit(most / 2)
                    .toList());
            for (int i = latest.size() - 1; i >= 0 && told.size() < Math.min(most, latest.size()); i--) {
                told.add(latest.get(i));
            }
            double worst = known.values().stream().filter(Double::isFinite).mapToDouble(Improvement::logarithm).max().orElse(0);
            int[][] places = told.stream().map(space::values).toArray(int[][]::new);
            double[] costs = told.stream().mapToDouble(known::get).map(c -> Double.isFinite(c) ? logarithm(c) : worst)
                    .toArray();
            // Lengths change little once much is known, and finding them is the costly part.
            boolean fit = known.size() >= fitted + Math.max(1, fitted / 8);
            fitted = fit ? known.size() : fitted;
            process.learn(places, costs, fit);
            double least = Arrays.stream(costs).min().orElse(0);
            int chosen = DONE;
            double gain = Double.NEGATIVE_INFINITY;
            for (int c : open) {
                double g = process.expectedImprovement(space.values(c), least);
                if (g > gain) {
                    gain = g;
                    chosen = c;
                }
            }
            return chosen;
        }

        private static double logarithm(double cost) {
            return Math.log(Math.max(cost, Double.MIN_NORMAL));
        }

        @Override
        public void tell(int configuration, double cost) {
            known.put(configuration, cost);
        }
    }
}
