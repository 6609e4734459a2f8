package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import java.util.Arrays;
import java.util.Random;

/**
 * Between what limits a mean over cases may be expected: percentiles of the means of samples drawn from the cases, with repetition
 * (Efron 1979).
 *
 * <pre>{@code
 * Bootstrap.Interval dice = Bootstrap.of().mean(new double[] {0.91, 0.88, 0.95, 0.79});
 * }</pre>
 *
 * @param samples    how many are drawn
 * @param confidence how much of the means is between the limits, more than 0 and less than 1
 * @param seed       the same cases and seed give the same limits
 */
public record Bootstrap(int samples, double confidence, long seed) {
    /** Checks the numbers. */
    public Bootstrap {
        if (samples < 1 || !(confidence > 0 && confidence < 1)) {
            throw new BadInputException(samples + " samples, confidence " + confidence
                    + ": expected at least 1, and more than 0 and less than 1");
        }
    }

    /**
     * A mean and its limits.
     *
     * @param mean  over the cases that have a score; NaN if none has
     * @param low   lower limit
     * @param high  upper limit
     * @param cases how many have a score
     */
    public record Interval(double mean, double low, double high, int cases) {}

    /** 95 % of 2000 samples. */
    public static Bootstrap of() {
        return new Bootstrap(2000, 0.95, 1);
    }

    /** The mean of cases; those that are NaN have no score and are left out. */
    public Interval mean(double[] scores) {
        double[] cases = Arrays.stream(scores).filter(v -> !Double.isNaN(v)).toArray();
        if (cases.length == 0) {
            return new Interval(Double.NaN, Double.NaN, Double.NaN, 0);
        }
        Random random = new Random(seed);
        double[] means = new double[samples];
        for (int s = 0; s < samples; s++) {
            double sum = 0;
            for (int k = 0; k < cases.length; k++) {
                sum += cases[random.nextInt(cases.length)];
            }
            means[s] = sum / cases.length;
        }
        Arrays.sort(means);
        double tail = (1 - confidence) / 2;
        return new Interval(Arrays.stream(cases).sum() / cases.length, percentile(means, tail), percentile(means, 1 - tail),
                cases.length);
    }

    /** Between the two nearest of sorted values, as NumPy's {@code percentile} has it. */
    private static double percentile(double[] sorted, double share) {
        double at = share * (sorted.length - 1);
        int below = (int) at;
        double next = sorted[Math.min(below + 1, sorted.length - 1)];
        return sorted[below] == next ? next : sorted[below] + (at - below) * (next - sorted[below]);
    }
}
