package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How many pixels of each class were given which class, and the scores that follow. Immutable.
 *
 * <pre>{@code
 * ConfusionMatrix m = ConfusionMatrix.of(new long[][] {{50, 10}, {5, 35}});
 * m.iou(1);            // 35 / (35 + 5 + 10) = 0.7
 * m.pixelAccuracy();   // 0.85
 * }</pre>
 *
 * <p>In the formulas, n(t,p) is the number of pixels of class t that were given class p, t(i) = Σ n(i,·) the pixels of
 * class i in the truth and p(i) = Σ n(·,i) those in the prediction. Pixel accuracy, mean accuracy, mean IoU and
 * frequency weighted IoU are those of Long, Shelhamer and Darrell 2015, "Fully convolutional networks for semantic segmentation",
 * section 5. A score whose denominator is 0 is NaN, and means leave it out; a mean of nothing is NaN.
 */
public final class ConfusionMatrix {
    /** Counts then take 2 GiB. */
    static final int MOST_CLASSES = 1 << 14;

    private final int classes;
    private final long[] counts;
    private final long[] truth;
    private final long[] predicted;

    private ConfusionMatrix(int classes, long[] counts) {
        this.classes = classes;
        this.counts = counts;
        this.truth = new long[classes];
        this.predicted = new long[classes];
        long all = 0;
        for (int t = 0; t < classes; t++) {
            for (int p = 0; p < classes; p++) {
                long n = counts[t * classes + p];
                if (n < 0) {
                    throw new BadInputException("a count of " + n + " pixels of class " + t + " given class " + p);
                }
                truth[t] += n;
                predicted[p] += n;
                all = Overlap.sum(all, n);
            }
        }
    }

    /**
     * No pixels; what sums start from.
     *
     * @throws BadInputException if there are no classes or more than 16384
     */
    public static ConfusionMatrix empty(int classes) {
        checkClasses(classes);
        return new ConfusionMatrix(classes, new long[classes * classes]);
    }

    /** Refuses numbers of classes whose matrix can't be held. */
    static void checkClasses(int classes) {
        if (classes < 1 || classes > MOST_CLASSES) {
            throw new BadInputException(classes + " classes; 1 to " + MOST_CLASSES + " can be counted");
        }
    }

    /**
     * A matrix of counts, copied.
     *
     * @param counts element [t][p] = pixels of class t that were given class p; square, none negative
     */
    public static ConfusionMatrix of(long[][] counts) {
        int k = counts.length;
        checkClasses(k);
        long[] flat = new long[k * k];
        for (int t = 0; t < k; t++) {
            if (counts[t].length != k) {
                throw new BadInputException("row " + t + " of a confusion matrix of " + k + " classes has "
                        + counts[t].length + " elements");
            }
            System.arraycopy(counts[t], 0, flat, t * k, k);
        }
        return new ConfusionMatrix(k, flat);
    }

    /** Counts [t * classes + p], kept. */
    static ConfusionMatrix ofFlat(int classes, long[] counts) {
        return new ConfusionMatrix(classes, counts);
    }

    /** Adds the counts to sums. */
    void addTo(long[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] = Overlap.sum(sums[i], counts[i]);
        }
    }

    /** Number of classes. */
    public int classes() {
        return classes;
    }

    /** Pixels of class {@code truth} that were given class {@code predicted}. */
    public long count(int truthClass, int predictedClass) {
        return counts[check(truthClass) * classes + check(predictedClass)];
    }

    /** All counts, copied; [t][p]. */
    public long[][] toArray() {
        return IntStream.range(0, classes)
                .mapToObj(t -> Arrays.copyOfRange(counts, t * classes, (t + 1) * classes))
                .toArray(long[][]::new);
    }

    /** t(i): pixels of a class in the truth. */
    public long truthPixels(int c) {
        return truth[check(c)];
    }

    /** p(i): pixels of a class in the prediction. */
    public long predictedPixels(int c) {
        return predicted[check(c)];
    }

    /** All pixels counted. */
    public long pixels() {
        return Arrays.stream(truth).sum();
    }

    /** Whether a class occurs in the truth or in the prediction. */
    public boolean occurs(int c) {
        return truth[check(c)] > 0 || predicted[c] > 0;
    }

    /** Truth and prediction of one class as two masks: a the prediction, b the truth. */
    public Overlap overlap(int c) {
        return Overlap.of(count(c, c), predictedPixels(c), truthPixels(c));
    }

    /** n(i,i) / (t(i) + p(i) − n(i,i)); NaN if the class occurs on neither side. */
    public double iou(int c) {
        return occurs(c) ? overlap(c).iou() : Double.NaN;
    }

    /** 2 n(i,i) / (t(i) + p(i)); NaN if the class occurs on neither side. */
    public double dice(int c) {
        return occurs(c) ? overlap(c).dice() : Double.NaN;
    }

    /** n(i,i) / p(i): the share of what was given the class that has it; NaN if no pixel was given it. */
    public double precision(int c) {
        return share(count(c, c), predictedPixels(c));
    }

    /** n(i,i) / t(i): the share of the class that was given it; NaN if the truth lacks it. */
    public double recall(int c) {
        return share(count(c, c), truthPixels(c));
    }

    /** Σ n(i,i) / Σ t(i). */
    public double pixelAccuracy() {
        return share(IntStream.range(0, classes).mapToLong(c -> count(c, c)).sum(), pixels());
    }

    /** Mean of {@link #recall} over the classes that occur in the truth. */
    public double meanAccuracy() {
        return mean(this::recall);
    }

    /** Mean of {@link #iou} over the classes that occur on either side. */
    public double meanIou() {
        return mean(this::iou);
    }

    /** Mean of {@link #dice} over the classes that occur on either side. */
    public double meanDice() {
        return mean(this::dice);
    }

    /** Σ t(i) · IoU(i) / Σ t(i). */
    public double frequencyWeightedIou() {
        double sum = 0;
        for (int c = 0; c < classes; c++) {
            sum += occurs(c) ? truth[c] * iou(c) : 0;
        }
        long all = pixels();
        return all == 0 ? Double.NaN : sum / all;
    }

    /**
     * The counts of both, as if the pictures were one: scores of the sum are pooled scores.
     *
     * @throws BadInputException past 2^63 − 1 pixels
     */
    public ConfusionMatrix plus(ConfusionMatrix other) {
        if (other.classes != classes) {
            throw new BadInputException("confusion matrices of " + classes + " and " + other.classes
                    + " classes can't be added");
        }
        long[] sum = counts.clone();
        other.addTo(sum);
        return new ConfusionMatrix(classes, sum);
    }

    private double mean(IntToDoubleFunction score) {
        return IntStream.range(0, classes).mapToDouble(score).filter(v -> !Double.isNaN(v)).average()
                .orElse(Double.NaN);
    }

    private static double share(long part, long whole) {
        return whole == 0 ? Double.NaN : (double) part / whole;
    }

    private int check(int c) {
        if (c < 0 || c >= classes) {
            throw new BadInputException("class " + c + " of " + classes);
        }
        return c;
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof ConfusionMatrix m && m.classes == classes && Arrays.equals(m.counts, counts);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(counts);
    }

    /** The counts, such as {@code [[50, 10], [5, 35]]}. */
    @Override
    public String toString() {
        return Arrays.deepToString(toArray());
    }
}
