package dev.kerf.cli.bench.report;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * How many times longer something takes, with a bootstrap interval.
 *
 * <p>Times of one process are alike in ways that those of another aren't (where memory lies, what the JIT chose), so processes are
 * drawn first, then times within each of them. Of R processes R − 1 are drawn: with all R the variance between them would come out
 * too small by (R − 1)/R (Rao and Wu 1988, "Resampling inference with complex survey data"). Few processes tell their own variance
 * badly besides: the interval of percentiles is widened by Student's quantile over the normal one.
 *
 * @param value second over first: of the medians of the processes' medians
 * @param low   end of the interval
 * @param high  likewise
 */
public record Ratio(double value, double low, double high) {
    /** Of the interval: a report has tens of rows, of which one in a hundred may be wrong. */
    public static final double CONFIDENCE = 0.99;
    /** The normal distribution's quantile for it. */
    private static final double NORMAL = 2.5758;
    private static final int DRAWS = 4000;
    /** Drawn medians of each process, from which those of the draws are taken. */
    private static final int MEDIANS = 400;

    /** Half the interval's width over the value. */
    public double halfWidth() {
        return (high - low) / 2 / value;
    }

    /** Of two measurements of the same. */
    public static Ratio of(Times first, Times second, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double[][] before = medians(first, random);
        double[][] after = medians(second, random);
        double[] ratios = new double[DRAWS];
        for (int i = 0; i < DRAWS; i++) {
            ratios[i] = drawn(after, random) / drawn(before, random);
        }
        Arrays.sort(ratios);
        int cut = (int) Math.round((1 - CONFIDENCE) / 2 * DRAWS);
        double value = center(second) / center(first);
        int freedom = before.length + after.length - 2;
        double wider = freedom < 1 ? 1 : student(freedom) / NORMAL;
        return new Ratio(value, value * Math.pow(ratios[cut] / value, wider),
                value * Math.pow(ratios[DRAWS - 1 - cut] / value, wider));
    }

    /** Student's quantile of the confidence; Abramowitz and Stegun 26.7.5. */
    static double student(int freedom) {
        double z = NORMAL;
        double g1 = (Math.pow(z, 3) + z) / 4;
        double g2 = (5 * Math.pow(z, 5) + 16 * Math.pow(z, 3) + 3 * z) / 96;
        double g3 = (3 * Math.pow(z, 7) + 19 * Math.pow(z, 5) + 17 * Math.pow(z, 3) - 15 * z) / 384;
        return z + g1 / freedom + g2 / Math.pow(freedom, 2) + g3 / Math.pow(freedom, 3);
    }

    private static double center(Times times) {
        return median(times.rounds().stream().mapToDouble(r -> median(Arrays.stream(r).asDoubleStream().toArray())).toArray());
    }

    /** Medians of resampled times, for each process. */
    private static double[][] medians(Times times, SplittableRandom random) {
        return times.rounds().stream().map(round -> {
            double[] all = new double[MEDIANS];
            double[] some = new double[round.length];
            for (int i = 0; i < MEDIANS; i++) {
                for (int k = 0; k < some.length; k++) {
                    some[k] = round[random.nextInt(round.length)];
                }
                all[i] = median(some);
            }
            return all;
        }).toArray(double[][]::new);
    }

    private static double drawn(double[][] medians, SplittableRandom random) {
        double[] some = new double[Math.max(1, medians.length - 1)];
        for (int i = 0; i < some.length; i++) {
            some[i] = medians[random.nextInt(medians.length)][random.nextInt(MEDIANS)];
        }
        return median(some);
    }

    /** Of an even number of values the mean of the middle two; sorts them. */
    private static double median(double[] values) {
        Arrays.sort(values);
        int n = values.length;
        return (values[(n - 1) / 2] + values[n / 2]) / 2;
    }
}
