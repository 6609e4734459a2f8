package dev.kerf.tune.device;

import dev.kerf.json.Json;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.result.Trial.Details;
import dev.kerf.tune.result.Trial.Times;
import dev.kerf.tune.result.Trial.Validity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a trial took so far, and what is known of it. */
final class TrialClock {
    private static final double NANOS = 1e9;

    private final List<Double> runs = new ArrayList<>();
    private Validity phase = Validity.COMPILE;
    private Details details = Details.NONE;
    private long last = System.nanoTime();
    private double compilation;
    private double verification;

    private double lap() {
        long now = System.nanoTime();
        double lap = (now - last) / NANOS;
        last = now;
        return lap;
    }

    /** What a failure is one of now. */
    Validity phase() {
        return phase;
    }

    /** From now on it runs. */
    void runs() {
        phase = Validity.RUNTIME;
    }

    /** Compiled, into what is launched so. */
    void compiled(Map<String, Json> build) {
        compilation = lap();
        details = new Details(build, Map.of());
        runs();
    }

    Map<String, Json> build() {
        return details.build();
    }

    /** More is known. */
    void counted(Details known) {
        details = known;
    }

    void verified() {
        verification = lap();
    }

    /** A timed run. */
    void ran(double seconds) {
        runs.add(seconds);
    }

    /** Right, with the median of the runs. */
    Trial done(Map<String, Json> configuration) {
        return done(configuration, median(runs));
    }

    /** Right, with a cost. */
    Trial done(Map<String, Json> configuration, double cost) {
        return new Trial(configuration, Validity.CORRECT, cost, new Times(compilation, verification, lap(), 0, 0, runs),
                Instant.now().toString(), "", details);
    }

    Trial failed(Map<String, Json> configuration, Validity why, String error) {
        double rest = lap();
        boolean compiling = compilation == 0;
        return new Trial(configuration, why, Double.NaN, new Times(compiling ? rest : compilation, verification,
                compiling ? 0 : rest, 0, 0, runs), Instant.now().toString(), error, details);
    }

    /** The middle of numbers; NaN of none. */
    static double median(List<Double> numbers) {
        return median(numbers.stream().mapToDouble(Double::doubleValue).sorted().toArray());
    }

    /** The middle of sorted numbers; NaN of none. */
    static double median(double[] sorted) {
        int n = sorted.length;
        return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }

    /** How far runs lie apart: 1.4826 times the median distance to their median, as a share of it; σ for normal noise. */
    static double noise(List<Double> runs) {
        double middle = median(runs);
        return 1.4826 * median(runs.stream().mapToDouble(r -> Math.abs(r - middle)).sorted().toArray()) / middle;
    }
}
