package dev.kerf.tune.search;

import dev.kerf.tune.space.Space;
import dev.kerf.tune.space.Space.Neighbourhood;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Variable neighbourhoods with a surrogate, in the manner of HybridVNDX (arXiv 2510.17899): a pool of
 * neighbours, a child of two of the best and strangers is drawn; the one whose nearest known configurations cost least is
 * tried, those tried lately last. What is worse is accepted as by annealing. Of the kinds of neighbours, those that served are
 * drawn from more often; after so many refusals the search begins elsewhere.
 */
public final class VariableNeighbourhood implements SearchStrategy {
    /** For {@link java.util.ServiceLoader}. */
    public VariableNeighbourhood() {}

    @Override
    public String name() {
        return "vnd";
    }

    @Override
    public String what() {
        return "variable neighbourhoods with a nearest-neighbour surrogate";
    }

    @Override
    public Map<String, Double> settings() {
        return new TreeMap<>(Map.of("k", 5.0, "pool", 8.0, "restart", 100.0, "tabu", 300.0, "elite", 5.0, "T", 1.0, "cooling",
                0.995));
    }

    @Override
    public Search start(Space space, RandomGenerator random, Map<String, Double> settings) {
        return new Descent(space, random, settings);
    }

    private record Known(int configuration, double cost) {}

    private static final class Descent implements Search {
        private static final double PRAISE = 1.1;
        private static final double BLAME = 0.9;

        private final Space space;
        private final RandomGenerator random;
        private final Map<String, Double> settings;
        private final List<Known> history = new ArrayList<>();
        private final Set<Integer> seen = new HashSet<>();
        private final List<Known> elite = new ArrayList<>();
        private final Set<Integer> tabu = new LinkedHashSet<>();
        private final double[] weights = new double[Neighbourhood.values().length];
        private int kind;
        private int place = DONE;
        private double cost;
        private double temperature;
        private int refused;

        Descent(Space space, RandomGenerator random, Map<String, Double> settings) {
            this.space = space;
            this.random = random;
            this.settings = settings;
            Arrays.fill(weights, 1);
        }

        @Override
        public int ask() {
            if (place == DONE) {
                return random.nextInt(space.size());
            }
            kind = draw();
            int chosen = DONE;
            boolean late = true;
            double least = Double.POSITIVE_INFINITY;
            for (int c : pool(space.neighbours(place, Neighbourhood.values()[kind]))) {
                boolean tried = tabu.contains(c);
                double cost = predicted(c);
                if (chosen == DONE || !tried && late || tried == late && cost < least) {
                    chosen = c;
                    late = tried;
                    least = cost;
                }
            }
            return chosen;
        }

        private int draw() {
            double at = random.nextDouble() * Arrays.stream(weights).sum();
            int i = 0;
            while (i < weights.length - 1 && at >= weights[i]) {
                at -= weights[i++];
            }
            return i;
        }

        private Set<Integer> pool(int[] around) {
            int size = settings.get("pool").intValue();
            Set<Integer> pool = new LinkedHashSet<>();
            for (int i = 0; i < size / 2 && around.length > 0; i++) {
                pool.add(around[random.nextInt(around.length)]);
            }
            if (elite.size() > 1) {
                int[] child = space.values(elite.get(random.nextInt(elite.size())).configuration());
                int[] other = space.values(elite.get(random.nextInt(elite.size())).configuration());
                for (int i = 0; i < child.length; i++) {
                    child[i] = random.nextBoolean() ? child[i] : other[i];
                }
                pool.add(space.nearest(child, random));
            }
            for (int i = pool.size(); i < size; i++) {
                pool.add(random.nextInt(space.size()));
            }
            return pool;
        }

        /** The mean cost of the nearest known configurations. */
        private double predicted(int configuration) {
            int k = Math.min(settings.get("k").intValue(), history.size());
            int[] distances = new int[k];
            double[] costs = new double[k];
            int found = 0;
            for (Known h : history) {
                int d = space.distance(configuration, h.configuration());
                int at = found < k ? found++ : d < distances[k - 1] ? k - 1 : k;
                if (at < k) {
                    for (; at > 0 && distances[at - 1] > d; at--) {
                        distances[at] = distances[at - 1];
                        costs[at] = costs[at - 1];
                    }
                    distances[at] = d;
                    costs[at] = h.cost();
                }
            }
            return Arrays.stream(costs).average().orElse(0);
        }

        @Override
        public void tell(int configuration, double told) {
            if (seen.add(configuration)) {
                history.add(new Known(configuration, told));
            }
            elite.removeIf(e -> e.configuration() == configuration);
            elite.add(new Known(configuration, told));
            elite.sort(Comparator.comparingDouble(Known::cost));
            if (elite.size() > settings.get("elite")) {
                elite.removeLast();
            }
            boolean first = place == DONE;
            if (first) {
                temperature = settings.get("T");
                refused = 0;
                tabu.clear();
            }
            if (first || told < cost || random.nextDouble() < Math.exp((cost - told) / cost / temperature)) {
                weights[kind] *= first ? 1 : PRAISE;
                place = configuration;
                cost = told;
                refused = 0;
                tabu.remove(configuration);
                tabu.add(configuration);
                if (tabu.size() > settings.get("tabu")) {
                    tabu.remove(tabu.iterator().next());
                }
            } else {
                weights[kind] *= BLAME;
                if (++refused >= settings.get("restart")) {
                    place = DONE;
                }
            }
            double most = Arrays.stream(weights).max().orElse(1);
            for (int i = 0; i < weights.length; i++) {
                weights[i] = Math.max(weights[i] / most, 1e-3);
            }
            temperature *= settings.get("cooling");
        }
    }
}
