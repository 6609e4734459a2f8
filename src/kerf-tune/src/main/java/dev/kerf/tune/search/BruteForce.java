package dev.kerf.tune.search;

import dev.kerf.tune.space.Space;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Every configuration in order. */
public final class BruteForce implements SearchStrategy {
    /** For {@link java.util.ServiceLoader}. */
    public BruteForce() {}

    @Override
    public String name() {
        return "brute-force";
    }

    @Override
    public String what() {
        return "every configuration in order";
    }

    @Override
    public Search start(Space space, RandomGenerator random, Map<String, Double> settings) {
        return new Search() {
            private int next;

            @Override
            public int ask() {
                return next < space.size() ? next++ : DONE;
            }

            @Override
            public void tell(int configuration, double cost) {}
        };
    }
}
