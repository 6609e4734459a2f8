package dev.kerf.tune.device;

import dev.kerf.json.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Two sets of parameters, timed in turns: what was quick once by chance isn't in each round, and what slows a machine down for
 * a while slows both.
 *
 * @param today each round's runs of the one, in seconds
 * @param best  each round's runs of the other
 */
public record Duel(List<List<Double>> today, List<List<Double>> best) {
    private static final int ROUNDS = 5;

    /** Copies the lists. */
    public Duel {
        today = List.copyOf(today);
        best = List.copyOf(best);
    }

    /** Times two sets. */
    public static Duel of(Evaluation objective, Map<String, Json> today, Map<String, Json> best) {
        List<List<Double>> a = new ArrayList<>();
        List<List<Double>> b = new ArrayList<>();
        for (int i = 0; i < ROUNDS; i++) {
            a.add(objective.evaluate(today).times().runs());
            b.add(objective.evaluate(best).times().runs());
        }
        return new Duel(a, b);
    }

    /** All runs of rounds. */
    public static List<Double> pooled(List<List<Double>> rounds) {
        return rounds.stream().flatMap(List::stream).toList();
    }

    private static double median(List<Double> runs) {
        return TrialClock.median(runs);
    }

    /** How many times as long today's takes as the other. */
    public double ratio() {
        return median(pooled(today)) / median(pooled(best));
    }

    /**
     * Whether the other is quicker beyond the noise: in every round, which of equal ones one in 32 is, and by more than two
     * standard errors of the mean gain. Rounds are compared within themselves, so that it doesn't matter how the machine changes.
     */
    public boolean won() {
        double[] gains = IntStream.range(0, today.size()).mapToDouble(i -> 1 - median(best.get(i)) / median(today.get(i)))
                .toArray();
        double mean = Arrays.stream(gains).average().orElse(Double.NaN);
        double squares = Arrays.stream(gains).map(g -> (g - mean) * (g - mean)).sum();
        return Arrays.stream(gains).allMatch(g -> g > 0)
                && mean > 2 * Math.sqrt(squares / Math.max(1, gains.length - 1) / gains.length);
    }
}
