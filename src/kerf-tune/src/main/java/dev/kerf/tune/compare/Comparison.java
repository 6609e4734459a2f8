package dev.kerf.tune.compare;

import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.tune.Budget;
import dev.kerf.tune.Simulation;
import dev.kerf.tune.Tuning;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.search.SearchStrategy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Methods of search over spaces that were measured whole, each from many seeds. At {@value #TIMES} equal steps until the
 * {@link Baseline} ends, P = (baseline − found) ∕ (baseline − optimum): 0 is as good as random search, 1 is the optimum at once. A
 * method's score is the mean over steps, then over spaces. Until a search has found anything it stands where one draw is expected to.
 *
 * @param spaces what was found in each
 */
public record Comparison(List<SpaceResult> spaces) {
    /** Steps in time. */
    public static final int TIMES = 50;
    private static final double NEAR = 0.95;
    private static final double NORMAL = 1.96;

    /** Copies the list. */
    public Comparison {
        spaces = List.copyOf(spaces);
    }

    /**
     * A space with what each method found in it.
     *
     * @param name       of the file
     * @param results    the file
     * @param baseline   what random search is expected to find
     * @param importance of each parameter, see {@link Importance}
     * @param methods    in the order given
     */
    public record SpaceResult(String name, Results results, Baseline baseline, Map<String, Double> importance,
            List<MethodResult> methods) {
        /** The times of the curves, in seconds. */
        public double[] times() {
            return IntStream.rangeClosed(1, TIMES).mapToDouble(i -> baseline.seconds() * i / TIMES).toArray();
        }
    }

    /**
     * What a method found.
     *
     * @param method   its name
     * @param score    mean P
     * @param interval half of the 95 % interval of the score, from the spread between seeds
     * @param p        P at each time
     * @param share    optimum ∕ found at each time, the median of seeds
     * @param near     evaluations until 95 % of the optimum, the median of seeds; empty where half of them don't come so far
     */
    public record MethodResult(String method, double score, double interval, double[] p, double[] share, OptionalDouble near) {}

    /**
     * Compares.
     *
     * @param files   by name, measured whole
     * @param repeats seeds, 1 … this
     * @param done    told each time that a method is through with a space
     * @throws BadInputException if a file's costs are all the same: there is nothing to search for
     */
    public static Comparison of(Map<String, Results> files, List<SearchStrategy> methods, int repeats, Consumer<String> done) {
        List<SpaceResult> spaces = new ArrayList<>();
        files.forEach((name, results) -> {
            Simulation file = new Simulation(results);
            Baseline baseline = Baseline.of(file);
            if (baseline.median() <= baseline.optimum() || baseline.seconds() <= 0) {
                throw new BadInputException(
                        name + ": the median is the optimum, or the trials took no time: nothing can be compared");
            }
            List<MethodResult> found = new ArrayList<>();
            for (SearchStrategy m : methods) {
                found.add(run(m, file, baseline, repeats));
                done.accept(m.name() + " over " + name);
            }
            spaces.add(new SpaceResult(name, results, baseline, Importance.of(results), found));
        });
        return new Comparison(spaces);
    }

    private static MethodResult run(SearchStrategy method, Simulation file, Baseline baseline, int repeats) {
        double[][] curves = new double[repeats][TIMES];
        double[] near = new double[repeats];
        for (int r = 0; r < repeats; r++) {
            Tuning.Outcome outcome = Tuning.run(file.space(), method.search(file.space(), new Random(r + 1L), Map.of()), file,
                    new Budget(Long.MAX_VALUE, baseline.seconds(), 1), _ -> {});
            near[r] = curve(outcome, baseline, curves[r]);
        }
        double[] p = new double[TIMES];
        double[] share = new double[TIMES];
        double[] scores = new double[repeats];
        for (int t = 0; t < TIMES; t++) {
            double random = baseline.at(baseline.seconds() * (t + 1) / TIMES);
            double[] shares = new double[repeats];
            for (int r = 0; r < repeats; r++) {
                // In a tiny space random search has the optimum for sure before it ends: nobody is better then.
                double of = random > baseline.optimum() ? (random - curves[r][t]) / (random - baseline.optimum()) : 0;
                p[t] += of / repeats;
                scores[r] += of / TIMES;
                shares[r] = baseline.optimum() / curves[r][t];
            }
            share[t] = median(shares);
        }
        double score = Arrays.stream(scores).average().orElseThrow();
        double squares = Arrays.stream(scores).map(s -> (s - score) * (s - score)).sum();
        double reached = median(near);
        return new MethodResult(method.name(), score,
                repeats < 2 ? Double.NaN : NORMAL * Math.sqrt(squares / (repeats - 1) / repeats),
                p, share, Double.isFinite(reached) ? OptionalDouble.of(reached) : OptionalDouble.empty());
    }

    /** The best found at each time; evaluations until 95 % of the optimum, infinite where the search doesn't come so far. */
    private static double curve(Tuning.Outcome outcome, Baseline baseline, double[] best) {
        double least = baseline.at(0);
        boolean any = false;
        double near = Double.POSITIVE_INFINITY;
        int next = 0;
        for (int t = 0; t < best.length; t++) {
            double now = baseline.seconds() * (t + 1) / best.length;
            for (; next < outcome.visits().size() && outcome.visits().get(next).seconds() <= now; next++) {
                double cost = outcome.visits().get(next).trial().cost();
                if (Double.isFinite(cost)) {
                    least = any ? Math.min(least, cost) : cost;
                    any = true;
                    if (Double.isInfinite(near) && baseline.optimum() / least >= NEAR) {
                        near = outcome.visits().get(next).evaluations();
                    }
                }
            }
            best[t] = least;
        }
        return near;
    }

    private static double median(double[] values) {
        double[] sorted = Arrays.stream(values).sorted().toArray();
        double low = sorted[(sorted.length - 1) / 2];
        double high = sorted[sorted.length / 2];
        return low == high ? low : (low + high) / 2;
    }

    /** Each method's score over all spaces, the best first. */
    public Map<String, Double> scores() {
        Map<String, Double> sums = new LinkedHashMap<>();
        spaces.forEach(s -> s.methods().forEach(m -> sums.merge(m.method(), m.score() / spaces.size(), Double::sum)));
        Map<String, Double> sorted = new LinkedHashMap<>();
        sums.entrySet().stream().sorted(Map.Entry.<String, Double>comparingByValue().reversed())
                .forEach(e -> sorted.put(e.getKey(), e.getValue()));
        return sorted;
    }

    /**
     * For each space (rows) what share of its optimum the best set of each (columns) reaches there; NaN where the other's best isn't
     * a configuration of it, or failed.
     */
    public double[][] portability() {
        double[][] shares = new double[spaces.size()][spaces.size()];
        for (int i = 0; i < shares.length; i++) {
            Simulation here = new Simulation(spaces.get(i).results());
            for (int j = 0; j < shares.length; j++) {
                int number = here.space().number(new Simulation(spaces.get(j).results()).optimum().configuration());
                double cost = number < 0 ? Double.NaN : here.evaluate(number).cost();
                shares[i][j] = Double.isFinite(cost) ? here.optimum().cost() / cost : Double.NaN;
            }
        }
        return shares;
    }

    /** All of it. */
    public Json json(int repeats) {
        Json total = Json.object();
        scores().forEach(total::put);
        Json all = Json.array();
        for (SpaceResult s : spaces) {
            Json importance = Json.object();
            s.importance().forEach(importance::put);
            Json methods = Json.array();
            s.methods().forEach(m -> methods.add(Json.object().put("method", m.method()).put("score", m.score())
                    .put("interval", Double.isNaN(m.interval()) ? null : m.interval())
                    .put("evaluations_to_95_percent", m.near().isPresent() ? m.near().getAsDouble() : null)
                    .put("p", array(m.p())).put("share_of_optimum", array(m.share()))));
            all.add(Json.object().put("file", s.name()).put("kernel", s.results().about().kernel())
                    .put("device", s.results().about().device()).put("configurations", s.results().trials().size())
                    .put("optimum", s.baseline().optimum()).put("median", s.baseline().median())
                    .put("budget_seconds", s.baseline().seconds()).put("budget_evaluations", s.baseline().evaluations())
                    .put("times", array(s.times())).put("importance", importance).put("methods", methods));
        }
        Json matrix = Json.array();
        for (double[] row : portability()) {
            matrix.add(array(row));
        }
        return Json.object().put("repeats", repeats).put("scores", total).put("spaces", all).put("portability", matrix);
    }

    private static Json array(double[] values) {
        Json all = Json.array();
        Arrays.stream(values).forEach(v -> all.add(Double.isNaN(v) ? null : v));
        return all;
    }
}
