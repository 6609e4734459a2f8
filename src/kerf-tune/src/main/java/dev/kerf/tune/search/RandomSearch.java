package dev.kerf.tune.search;

import dev.kerf.tune.space.Space;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Every configuration once, in random order: what other methods are held against. */
public final class RandomSearch implements SearchStrategy {
    /** For {@link java.util.ServiceLoader}. */
    public RandomSearch() {}

    @Override
    public String name() {
        return "random";
    }

    @Override
    public String what() {
        return "every configuration once, in random order";
    }

    @Override
    public Search start(Space space, RandomGenerator random, Map<String, Double> settings) {
        int[] order = new int[space.size()];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        return new Search() {
            private int done;

            @Override
            public int ask() {
                if (done == order.length) {
                    return DONE;
                }
                int other = random.nextInt(done, order.length);
                int chosen = order[other];
                order[other] = order[done];
                order[done++] = chosen;
                return chosen;
            }

            @Override
            public void tell(int configuration, double cost) {}
        };
    }
}
