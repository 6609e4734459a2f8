package dev.kerf.tune;

import dev.kerf.error.BadInputException;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.space.Space;
import java.util.Arrays;
import java.util.Comparator;

/** Trials of a file, tried once more without a device: each costs and takes what it did then. */
public final class Simulation implements Objective {
    private final Space space;
    private final Trial[] trials;

    /**
     * A replay.
     *
     * @throws BadInputException if no trial counts
     */
    public Simulation(Results results) {
        space = results.space();
        trials = new Trial[space.size()];
        results.trials().forEach(t -> trials[space.number(t.configuration())] = t);
        if (Arrays.stream(trials).allMatch(t -> Double.isInfinite(t.cost()))) {
            throw new BadInputException("all " + trials.length + " trials failed: there is nothing to search for");
        }
    }

    /** The configurations that were tried. */
    public Space space() {
        return space;
    }

    @Override
    public Trial evaluate(int configuration) {
        return trials[configuration];
    }

    /** The costs of all configurations, infinite where one failed, in order of number. */
    public double[] costs() {
        return Arrays.stream(trials).mapToDouble(Trial::cost).toArray();
    }

    /** What trying them all took, in seconds. */
    public double seconds() {
        return Arrays.stream(trials).mapToDouble(t -> t.times().charged()).sum();
    }

    /** The best there is. */
    public Trial optimum() {
        return Arrays.stream(trials).min(Comparator.comparingDouble(Trial::cost)).orElseThrow();
    }
}
