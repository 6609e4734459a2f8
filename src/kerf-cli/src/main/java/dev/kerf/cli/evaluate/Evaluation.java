package dev.kerf.cli.evaluate;

import dev.kerf.metrics.ConfusionMatrix;
import java.util.Arrays;

/**
 * Scores of a data set, image by image: pooled, where all pixels count alike, and averaged over images, where all
 * images do. Used by one thread at a time.
 *
 * <pre>{@code
 * Evaluation e = new Evaluation(3);
 * for (...) e.add(confusions.measure(truth, predicted));
 * e.pooled().meanIou();       // scores of the summed counts
 * e.imageMean().dice()[1];    // mean of class 1's Dice over the images in which it occurs
 * }</pre>
 */
final class Evaluation {
    private static final int TOTALS = 5;

    private final int classes;
    private final double[][] sums;
    private final long[][] images;
    private final double[] totalSums = new double[TOTALS];
    private final long[] totalImages = new long[TOTALS];
    private ConfusionMatrix pooled;
    private long count;

    /**
     * Means over images; each mean leaves out the images that don't have the score: a class that occurs on neither side
     * of an image says nothing about it. NaN if no image has it.
     *
     * @param iou                  for each class
     * @param dice                 for each class
     * @param precision            for each class
     * @param recall               for each class
     * @param images               for each class, the images in which it occurs on either side
     * @param pixelAccuracy        mean of {@link ConfusionMatrix#pixelAccuracy}
     * @param meanAccuracy         mean of {@link ConfusionMatrix#meanAccuracy}
     * @param meanIou              mean of {@link ConfusionMatrix#meanIou}
     * @param meanDice             mean of {@link ConfusionMatrix#meanDice}
     * @param frequencyWeightedIou mean of {@link ConfusionMatrix#frequencyWeightedIou}
     */
    public record ImageMean(
            double[] iou, double[] dice, double[] precision, double[] recall, long[] images, double pixelAccuracy,
            double meanAccuracy, double meanIou, double meanDice, double frequencyWeightedIou) {}

    /** Nothing added yet. */
    public Evaluation(int classes) {
        this.pooled = ConfusionMatrix.empty(classes);
        this.classes = classes;
        this.sums = new double[4][classes];
        this.images = new long[4][classes];
    }

    /** Adds an image. */
    public void add(ConfusionMatrix image) {
        pooled = pooled.plus(image);
        count++;
        for (int c = 0; c < classes; c++) {
            add(sums[0], images[0], c, image.iou(c));
            add(sums[1], images[1], c, image.dice(c));
            add(sums[2], images[2], c, image.precision(c));
            add(sums[3], images[3], c, image.recall(c));
        }
        add(totalSums, totalImages, 0, image.pixelAccuracy());
        add(totalSums, totalImages, 1, image.meanAccuracy());
        add(totalSums, totalImages, 2, image.meanIou());
        add(totalSums, totalImages, 3, image.meanDice());
        add(totalSums, totalImages, 4, image.frequencyWeightedIou());
    }

    /** Images added. */
    public long images() {
        return count;
    }

    /** The counts of all images together. */
    public ConfusionMatrix pooled() {
        return pooled;
    }

    /** Means over the images added so far. */
    public ImageMean imageMean() {
        double[] totals = means(totalSums, totalImages);
        return new ImageMean(means(sums[0], images[0]), means(sums[1], images[1]), means(sums[2], images[2]),
                means(sums[3], images[3]), images[0].clone(), totals[0], totals[1], totals[2], totals[3], totals[4]);
    }

    private static void add(double[] sums, long[] counts, int i, double score) {
        if (!Double.isNaN(score)) {
            sums[i] += score;
            counts[i]++;
        }
    }

    private static double[] means(double[] sums, long[] counts) {
        double[] out = new double[sums.length];
        Arrays.setAll(out, i -> counts[i] == 0 ? Double.NaN : sums[i] / counts[i]);
        return out;
    }
}
