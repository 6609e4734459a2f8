package dev.kerf.metrics;

import java.util.Arrays;

/**
 * Scores of a data set of label maps: pooled, where all pixels count alike, and averaged over images, where all images do.
 *
 * <pre>{@code
 * Tally<ConfusionMatrix> tally = Tally.confusions(3);
 * for (...) tally.add(name, confusions.measure(truth, predicted));
 * LabelScores s = LabelScores.of(tally);
 * s.pooled().meanIou();       // scores of the summed counts
 * s.imageMean().dice()[1];    // mean of class 1's Dice over the images in which it occurs
 * }</pre>
 *
 * @param images    how many there are
 * @param pooled    the counts of all images together
 * @param imageMean means over images
 */
public record LabelScores(long images, ConfusionMatrix pooled, ImageMean imageMean) {
    private static final int TOTALS = 5;

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

    /** Sums of the scores that images have, and how many have them. */
    private record Means(double[] sums, long[] images) {
        Means(int scores) {
            this(new double[scores], new long[scores]);
        }

        void add(int i, double score) {
            if (!Double.isNaN(score)) {
                sums[i] += score;
                images[i]++;
            }
        }

        double[] get() {
            double[] out = new double[sums.length];
            Arrays.setAll(out, i -> images[i] == 0 ? Double.NaN : sums[i] / images[i]);
            return out;
        }
    }

    /**
     * Of what was counted.
     *
     * @throws dev.kerf.error.BadInputException past 2^63 − 1 pixels
     */
    public static LabelScores of(Tally<ConfusionMatrix> tally) {
        int classes = tally.form(TallyForm.OfConfusions.class).classes();
        long[] pooled = new long[classes * classes];
        Means iou = new Means(classes);
        Means dice = new Means(classes);
        Means precision = new Means(classes);
        Means recall = new Means(classes);
        Means totals = new Means(TOTALS);
        tally.forEach((_, m) -> {
            m.addTo(pooled);
            for (int c = 0; c < classes; c++) {
                iou.add(c, m.iou(c));
                dice.add(c, m.dice(c));
                precision.add(c, m.precision(c));
                recall.add(c, m.recall(c));
            }
            totals.add(0, m.pixelAccuracy());
            totals.add(1, m.meanAccuracy());
            totals.add(2, m.meanIou());
            totals.add(3, m.meanDice());
            totals.add(4, m.frequencyWeightedIou());
        });
        double[] t = totals.get();
        return new LabelScores(tally.size(), ConfusionMatrix.ofFlat(classes, pooled), new ImageMean(iou.get(), dice.get(),
                precision.get(), recall.get(), iou.images, t[0], t[1], t[2], t[3], t[4]));
    }
}
