package dev.kerf.tune.compare;

import dev.kerf.tune.Simulation;
import java.util.Arrays;

/**
 * What random search is expected to have found after some time, calculated, not drawn: of all ways to try n different
 * configurations, the mean of the best of those that count. An evaluation takes the mean time of all (Willemsen et al. 2024, "A
 * methodology for comparing optimization algorithms for auto-tuning", 10.1016/j.future.2024.05.021).
 */
public final class Baseline {
    /** Where random search has closed this much of the way from the median to the optimum, a comparison ends. */
    private static final double CLOSED = 0.95;
    private static final double NOTHING = 1e-15;

    private final double[] costs;
    private final int all;
    private final double each;
    private final double[] expected;

    private Baseline(double[] valid, int all, double each) {
        this.costs = valid;
        this.all = all;
        this.each = each;
        double target = optimum() + (1 - CLOSED) * (median() - optimum());
        int low = 1;
        int high = all;
        while (low < high) {
            int middle = (low + high) / 2;
            if (expected(middle) <= target) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        expected = new double[low + 1];
        for (int n = 1; n <= low; n++) {
            expected[n] = expected(n);
        }
        expected[0] = expected[1];
    }

    /** Of a file's trials. */
    public static Baseline of(Simulation file) {
        double[] costs = file.costs();
        return new Baseline(Arrays.stream(costs).filter(Double::isFinite).sorted().toArray(), costs.length,
                file.seconds() / costs.length);
    }

    /** The least cost. */
    public double optimum() {
        return costs[0];
    }

    /** The middle cost of what counts. */
    public double median() {
        return (costs[(costs.length - 1) / 2] + costs[costs.length / 2]) / 2;
    }

    /** How many evaluations until the comparison ends. */
    public int evaluations() {
        return expected.length - 1;
    }

    /** How long that takes, in seconds. */
    public double seconds() {
        return evaluations() * each;
    }

    /** The expected best after so many seconds, between evaluations in proportion. */
    public double at(double seconds) {
        double n = Math.min(evaluations(), each == 0 ? evaluations() : seconds / each);
        int whole = (int) n;
        return whole == evaluations()
                ? expected[whole]
                : expected[whole] + (n - whole) * (expected[whole + 1] - expected[whole]);
    }

    /** The mean of the best of n different configurations, where at least one counts. */
    double expected(int n) {
        double sum = 0;
        double none = 1; // the chance that none of the i best was drawn
        for (int i = 0; i < costs.length && none > NOTHING; i++) {
            double without = none * Math.max(0, all - i - n) / (all - i);
            sum += costs[i] * (none - without);
            none = without;
        }
        double some = 1 - none;
        return sum / some;
    }
}
