package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The detections of a class in all images, the surest first; equal scores in the images' order.
 *
 * @param images in ascending order
 * @param image  which of them each detection is of
 * @param place  which of the image's detections it is
 */
record RankedMatches(List<ImageMatches> images, int[] image, int[] place) {
    /** Recalls at which precision is taken: 0, 0.01, … 1. */
    static final int RECALLS = 101;

    /** Of a class, which an array holds. */
    private static final int MOST = Integer.MAX_VALUE - 8;

    /** At most so many of each image. */
    static RankedMatches of(List<ImageMatches> images, int limit) {
        long all = images.stream().mapToLong(i -> i.count(limit)).sum();
        if (all > MOST) {
            throw new BadInputException(all + " detections of a class: at most " + MOST + " can be ranked");
        }
        int n = (int) all;
        int[] image = new int[n];
        int[] place = new int[n];
        double[] score = new double[n];
        int at = 0;
        for (int i = 0; i < images.size(); i++) {
            for (int d = 0; d < images.get(i).count(limit); d++) {
                image[at] = i;
                place[at] = d;
                score[at++] = images.get(i).scores()[d] + 0.0;
            }
        }
        int[] order = IntStream.range(0, n).boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> score[i]).reversed())
                .mapToInt(Integer::intValue).toArray();
        return new RankedMatches(images, Arrays.stream(order).map(i -> image[i]).toArray(),
                Arrays.stream(order).map(i -> place[i]).toArray());
    }

    /**
     * Precision and recall of one size at one IoU.
     *
     * @param truths    objects of that size
     * @param precision whose element t is set: the mean over the recalls of the greatest precision at that recall or more
     * @param recall    whose element t is set: what all detections reach
     * @return the precision at each recall
     */
    double[] measure(int a, int t, long truths, double[] precision, double[] recall) {
        double[] curve = new double[RECALLS];
        if (truths == 0) {
            Arrays.fill(curve, ApScores.NONE);
            precision[t] = ApScores.NONE;
            recall[t] = ApScores.NONE;
            return curve;
        }
        double[] reached = new double[image.length];
        double[] precise = new double[image.length];
        int right = 0;
        int wrong = 0;
        for (int i = 0; i < image.length; i++) {
            ImageMatches m = images.get(image[i]);
            if ((m.ignored()[a][place[i]] >> t & 1) == 0) {
                boolean hit = (m.matched()[a][place[i]] >> t & 1) != 0;
                right += hit ? 1 : 0;
                wrong += hit ? 0 : 1;
            }
            reached[i] = (double) right / truths;
            precise[i] = right / (wrong + right + Math.ulp(1.0));
        }
        for (int i = image.length - 1; i > 0; i--) {
            precise[i - 1] = Math.max(precise[i - 1], precise[i]);
        }
        recall[t] = image.length == 0 ? 0 : reached[image.length - 1];
        double sum = 0;
        int i = 0;
        for (int r = 0; r < RECALLS; r++) {
            // NumPy's linspace(0, 1, 101).
            double least = r == RECALLS - 1 ? 1 : r * 0.01;
            while (i < reached.length && reached[i] < least) {
                i++;
            }
            curve[r] = i < reached.length ? precise[i] : 0;
            sum += curve[r];
        }
        precision[t] = sum / RECALLS;
        return curve;
    }
}
