package dev.kerf.tune.compare;

import dev.kerf.json.Json;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.space.Space;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How much of the spread of costs each parameter explains by itself: the variance between the means of its values, as a share of
 * all variance (η², the main effect of an analysis of variance), of the costs' logarithms. What is missing to 1 in their sum is what
 * parameters do together; constraints can make them overlap.
 */
public final class Importance {
    private Importance() {}

    /** Of each parameter, 0 to 1, in the file's order. */
    public static Map<String, Double> of(Results results) {
        List<Trial> valid = results.trials().stream().filter(t -> Double.isFinite(t.cost()) && t.cost() > 0).toList();
        double mean = valid.stream().mapToDouble(t -> Math.log(t.cost())).average().orElse(0);
        double all = valid.stream().mapToDouble(t -> Math.pow(Math.log(t.cost()) - mean, 2)).sum();
        Map<String, Double> shares = new LinkedHashMap<>();
        for (Space.Parameter p : results.about().parameters()) {
            Map<Json, double[]> sums = new HashMap<>();
            for (Trial t : valid) {
                double[] sum = sums.computeIfAbsent(t.configuration().get(p.name()), _ -> new double[2]);
                sum[0] += Math.log(t.cost());
                sum[1]++;
            }
            double between = sums.values().stream().mapToDouble(s -> s[1] * Math.pow(s[0] / s[1] - mean, 2)).sum();
            shares.put(p.name(), all == 0 ? 0 : between / all);
        }
        return shares;
    }
}
