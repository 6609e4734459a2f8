package dev.kerf.tune.search;

import java.util.Arrays;

/**
 * What a few measurements say of all other configurations (Rasmussen and Williams 2006, algorithm 2.1): a mean and a
 * deviation for each, of a process whose covariance is Matérn's of order 5/2 over the steps between values of each parameter,
 * with a length for each parameter. Lengths and noise are those of a grid that make the measurements likeliest.
 */
final class GaussianProcess {
    /** As shares of a parameter's range; with the last it hardly matters. */
    private static final double[] LENGTHS = {0.15, 0.3, 0.6, 1.2, 2.5, 10};
    /** As shares of the measurements' variance. */
    private static final double[] NOISES = {1e-4, 1e-3, 1e-2, 0.1};
    private static final double SQRT_5 = Math.sqrt(5);

    private final boolean[] ordered;
    private final int[] steps;
    /** A length for each parameter, then the noise. */
    private final double[] settings;
    private int[][] known = {};
    private double[] values = {};
    private double[][] factor = {};
    private double[] weights = {};
    private double mean;
    private double scale = 1;

    /**
     * A process that knows nothing yet.
     *
     * @param ordered for each parameter, whether its values lie in an order
     * @param steps   from its first value to its last
     */
    GaussianProcess(boolean[] ordered, int[] steps) {
        this.ordered = ordered;
        this.steps = steps;
        settings = new double[steps.length + 1];
        Arrays.fill(settings, 0.6);
        settings[steps.length] = 1e-2;
    }

    /**
     * Takes measurements in place of those before.
     *
     * @param configurations for each, which of its values every parameter has
     * @param costs          of each
     * @param fit            whether lengths and noise are chosen anew
     */
    void learn(int[][] configurations, double[] costs, boolean fit) {
        known = configurations;
        mean = Arrays.stream(costs).average().orElse(0);
        double variance = Arrays.stream(costs).map(c -> (c - mean) * (c - mean)).average().orElse(0);
        scale = variance > 0 ? Math.sqrt(variance) : 1;
        values = Arrays.stream(costs).map(c -> (c - mean) / scale).toArray();
        for (int i = 0; fit && i < settings.length; i++) {
            double best = settings[i];
            double most = Double.NEGATIVE_INFINITY;
            for (double v : i < steps.length ? LENGTHS : NOISES) {
                settings[i] = v;
                double likelihood = solve();
                if (likelihood > most) {
                    most = likelihood;
                    best = v;
                }
            }
            settings[i] = best;
        }
        solve();
    }

    /** The Cholesky factor of the covariances and what follows from it; the logarithm of the measurements' likelihood. */
    private double solve() {
        int n = known.length;
        factor = new double[n][];
        double likelihood = 0;
        for (int i = 0; i < n; i++) {
            double[] row = covariances(known[i], i + 1);
            row[i] += settings[steps.length];
            for (int j = 0; j <= i; j++) {
                double s = row[j];
                double[] other = j < i ? factor[j] : row;
                for (int k = 0; k < j; k++) {
                    s -= row[k] * other[k];
                }
                row[j] = j < i ? s / other[j] : Math.sqrt(Math.max(s, 1e-10));
            }
            factor[i] = row;
            likelihood -= Math.log(row[i]);
        }
        double[] half = forward(values);
        for (double h : half) {
            likelihood -= h * h / 2;
        }
        weights = half;
        for (int i = n - 1; i >= 0; i--) {
            weights[i] /= factor[i][i];
            for (int k = 0; k < i; k++) {
                weights[k] -= factor[i][k] * weights[i];
            }
        }
        return likelihood;
    }

    private double[] forward(double[] right) {
        double[] x = right.clone();
        for (int i = 0; i < x.length; i++) {
            double[] row = factor[i];
            for (int k = 0; k < i; k++) {
                x[i] -= row[k] * x[k];
            }
            x[i] /= row[i];
        }
        return x;
    }

    /** With the first configurations known. */
    private double[] covariances(int[] configuration, int count) {
        double[] all = new double[count];
        for (int i = 0; i < count; i++) {
            double square = 0;
            for (int p = 0; p < steps.length; p++) {
                int apart = Math.abs(configuration[p] - known[i][p]);
                double distance = (ordered[p] ? (double) apart / Math.max(1, steps[p]) : Math.min(1, apart)) / settings[p];
                square += distance * distance;
            }
            double r = SQRT_5 * Math.sqrt(square);
            all[i] = (1 + r + r * r / 3) * Math.exp(-r);
        }
        return all;
    }

    /**
     * By how much a configuration is expected to cost less than the best (Jones et al. 1998, equation 15).
     *
     * @param best cost so far
     */
    double expectedImprovement(int[] configuration, double best) {
        double[] with = covariances(configuration, known.length);
        double expected = 0;
        for (int i = 0; i < with.length; i++) {
            expected += with[i] * weights[i];
        }
        double variance = 1;
        for (double h : forward(with)) {
            variance -= h * h;
        }
        double deviation = Math.sqrt(Math.max(variance, 1e-12));
        double gain = (best - mean) / scale - expected;
        double z = gain / deviation;
        // The normal distribution's share below z, by its logistic fit.
        double below = 1 / (1 + Math.exp(-1.5976 * z - 0.07056 * z * z * z));
        return gain * below + deviation * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
    }
}
