package dev.kerf.tune.search;

import dev.kerf.tune.space.Space;
import dev.kerf.tune.space.Space.Neighbourhood;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * A genetic algorithm that knows the constraints: two parents, better ones more often, give their child the values of one up to
 * some parameter and the other's after it; a child that breaks a constraint becomes one of the nearest configurations that
 * don't. After the last generation another population begins.
 */
public final class Genetic implements SearchStrategy {
    /** How much sooner good parents are chosen: the least of so many draws. */
    private static final int PRESSURE = 3;
    /** How often a child that the generation has already is made again. */
    private static final int TRIES = 20;

    /** For {@link java.util.ServiceLoader}. */
    public Genetic() {}

    @Override
    public String name() {
        return "genetic";
    }

    @Override
    public String what() {
        return "genetic algorithm that repairs what breaks constraints";
    }

    @Override
    public Map<String, Double> settings() {
        return new TreeMap<>(Map.of("population", 26.0, "generations", 90.0, "mutation", 1 / 55.0));
    }

    @Override
    public Search start(Space space, RandomGenerator random, Map<String, Double> settings) {
        return new Evolution(space, random, settings);
    }

    private record Individual(int configuration, double cost) {}

    private static final class Evolution implements Search {
        private final Space space;
        private final RandomGenerator random;
        private final int size;
        private final int generations;
        private final double mutation;
        private final List<Individual> told = new ArrayList<>();
        private List<Integer> population = List.of();
        private int generation;

        Evolution(Space space, RandomGenerator random, Map<String, Double> settings) {
            this.space = space;
            this.random = random;
            size = Math.max(1, Math.min(settings.get("population").intValue(), space.size()));
            generations = settings.get("generations").intValue();
            mutation = settings.get("mutation");
        }

        @Override
        public int ask() {
            if (told.size() == population.size()) {
                population = generation++ % generations == 0 ? strangers() : children();
                told.clear();
            }
            return population.get(told.size());
        }

        @Override
        public void tell(int configuration, double cost) {
            told.add(new Individual(configuration, cost));
        }

        private List<Integer> strangers() {
            List<Integer> all = new ArrayList<>();
            while (all.size() < size) {
                add(all, random.nextInt(space.size()));
            }
            return all;
        }

        private List<Integer> children() {
            List<Individual> ranked = told.stream().sorted(Comparator.comparingDouble(Individual::cost)).toList();
            List<Integer> all = new ArrayList<>();
            for (int tries = 0; all.size() < size && tries < TRIES * size; tries++) {
                int[] one = parent(ranked);
                int[] other = parent(ranked);
                int cut = random.nextInt(one.length);
                System.arraycopy(other, cut, one, cut, one.length - cut);
                int child = space.nearest(one, random);
                if (random.nextDouble() < mutation) {
                    int[] around = space.neighbours(child, Neighbourhood.HAMMING);
                    child = around.length == 0 ? child : around[random.nextInt(around.length)];
                }
                add(all, child);
            }
            while (all.size() < size) {
                all.add(random.nextInt(space.size()));
            }
            return all;
        }

        private int[] parent(List<Individual> ranked) {
            int rank = ranked.size();
            for (int i = 0; i < PRESSURE; i++) {
                rank = Math.min(rank, random.nextInt(ranked.size()));
            }
            return space.values(ranked.get(rank).configuration());
        }

        private static void add(List<Integer> to, int configuration) {
            if (!to.contains(configuration)) {
                to.add(configuration);
            }
        }
    }
}
