package dev.kerf.metrics;

import dev.kerf.error.BadInputException;

/**
 * How two masks overlap, in pixels.
 *
 * <pre>{@code
 * Overlap o = new Overlap(30, 50, 40, 40);
 * o.iou();    // 0.6
 * o.dice();   // 0.75
 * }</pre>
 *
 * @param intersection pixels in both
 * @param union        pixels in either
 * @param areaA        pixels of the first
 * @param areaB        pixels of the second
 */
public record Overlap(long intersection, long union, long areaA, long areaB) {
    /** Nothing counted yet; what sums start from. */
    public static final Overlap NONE = new Overlap(0, 0, 0, 0);

    /** Checks that such masks exist. */
    public Overlap {
        if (intersection < 0 || intersection > Math.min(areaA, areaB)
                || union != sum(areaA, areaB - intersection)) {
            throw new BadInputException("no masks have intersection " + intersection + ", union " + union
                    + " and areas " + areaA + " and " + areaB);
        }
    }

    /** The overlap of masks of those areas that have so many pixels in common. */
    public static Overlap of(long intersection, long areaA, long areaB) {
        return new Overlap(intersection, sum(areaA, areaB - intersection), areaA, areaB);
    }

    /**
     * Intersection over union, |A ∩ B| / |A ∪ B| (Jaccard 1912, "The distribution of the flora in the alpine zone");
     * 1 if both masks are empty.
     */
    public double iou() {
        return union == 0 ? 1 : (double) intersection / union;
    }

    /**
     * 2 |A ∩ B| / (|A| + |B|) (Dice 1945, "Measures of the amount of ecologic association between species"), which is
     * the F1 score; 1 if both masks are empty.
     */
    public double dice() {
        return union == 0 ? 1 : 2.0 * intersection / ((double) areaA + areaB);
    }

    /**
     * The counts of both, as if the two pairs of pictures were one pair: scores of the sum are pooled scores.
     *
     * @throws BadInputException past 2^63 − 1 pixels
     */
    public Overlap plus(Overlap other) {
        return of(sum(intersection, other.intersection), sum(areaA, other.areaA), sum(areaB, other.areaB));
    }

    /** Of counts that aren't negative. */
    static long sum(long a, long b) {
        if (b > Long.MAX_VALUE - a) {
            throw new BadInputException("more than 2^63 - 1 pixels: " + a + " and " + b);
        }
        return a + b;
    }
}
