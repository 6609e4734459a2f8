package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.LabelMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * How well the objects of a picture, cells say, were found one by one: average precision at an IoU, as cell segmentation counts it, and the
 * aggregated Jaccard index. Counted on the host.
 *
 * <pre>{@code
 * ObjectScores s = ObjectScores.of(truth, predicted);    // numbers of objects, 0 where there is none
 * s.at(0.5).averagePrecision();
 * s.aggregatedJaccard();
 * }</pre>
 */
public final class ObjectScores {
    private final Map<Integer, Long> truth;
    private final Map<Integer, Long> predicted;
    private final Map<Long, Long> shared;

    /**
     * Objects that match at an IoU, and that don't. Sums of several pictures may be made of the counts.
     *
     * @param matched objects of both
     * @param wrong   predicted objects that match none
     * @param missed  true objects that none matches
     */
    public record Matches(long matched, long wrong, long missed) {
        /** The counts of both. */
        public Matches plus(Matches other) {
            return new Matches(matched + other.matched, wrong + other.wrong, missed + other.missed);
        }

        /** Matched / (matched + wrong + missed), the average precision of the Data Science Bowl 2018, StarDist and Cellpose; NaN of nothing. */
        public double averagePrecision() {
            return ratio(matched, matched + wrong + missed);
        }

        /** Share of the predicted objects that match; NaN if there are none. */
        public double precision() {
            return ratio(matched, matched + wrong);
        }

        /** Share of the true objects that are matched; NaN if there are none. */
        public double recall() {
            return ratio(matched, matched + missed);
        }

        /** 2 matched / (2 matched + wrong + missed); NaN of nothing. */
        public double f1() {
            return ratio(2 * matched, 2 * matched + wrong + missed);
        }

        private static double ratio(long a, long b) {
            return b == 0 ? Double.NaN : (double) a / b;
        }
    }

    private ObjectScores(Map<Integer, Long> truth, Map<Integer, Long> predicted, Map<Long, Long> shared) {
        this.truth = truth;
        this.predicted = predicted;
        this.shared = shared;
    }

    /**
     * Counts the pixels that objects share.
     *
     * @param truth     numbers of objects, 0 where there is none
     * @param predicted likewise, by numbers of its own
     * @throws BadInputException if the sizes differ, or a number is negative
     */
    public static ObjectScores of(LabelMap truth, LabelMap predicted) {
        if (truth.width() != predicted.width() || truth.height() != predicted.height()) {
            throw new BadInputException("the truth is " + truth.width() + "x" + truth.height() + ", the prediction "
                    + predicted.width() + "x" + predicted.height());
        }
        int[] a = truth.toArray();
        int[] b = predicted.toArray();
        Map<Integer, Long> left = new TreeMap<>();
        Map<Integer, Long> right = new TreeMap<>();
        Map<Long, Long> both = new HashMap<>();
        for (int i = 0; i < a.length; i++) {
            if (a[i] < 0 || b[i] < 0) {
                throw new BadInputException("object " + Math.min(a[i], b[i]) + ": numbers are 0 or more");
            }
            if (a[i] > 0) {
                left.merge(a[i], 1L, Long::sum);
            }
            if (b[i] > 0) {
                right.merge(b[i], 1L, Long::sum);
            }
            if (a[i] > 0 && b[i] > 0) {
                both.merge((long) a[i] << 32 | b[i], 1L, Long::sum);
            }
        }
        return new ObjectScores(left, right, both);
    }

    private long union(long pair, long inBoth) {
        return truth.get((int) (pair >> 32)) + predicted.get((int) pair) - inBoth;
    }

    /** How many true objects there are. */
    public int trueObjects() {
        return truth.size();
    }

    /** How many objects were predicted. */
    public int predictedObjects() {
        return predicted.size();
    }

    /**
     * What matches at an IoU: pairs of no less, of which each object is in one at most.
     *
     * @param iou 0.5 to 1; at 0.5 itself pairs must have more, as two could have exactly that
     * @throws BadInputException if it is less, where pairs would have to be chosen, or more
     */
    public Matches at(double iou) {
        if (!(iou >= 0.5 && iou <= 1)) {
            throw new BadInputException("objects match at an IoU of 0.5 to 1, not " + iou);
        }
        long matched = shared.entrySet().stream().filter(e -> {
            double found = (double) e.getValue() / union(e.getKey(), e.getValue());
            return found >= iou && found > 0.5;
        }).count();
        return new Matches(matched, predicted.size() - matched, truth.size() - matched);
    }

    /**
     * The aggregated Jaccard index (Kumar et al. 2017): pixels that true objects share with the predicted one that they overlap best,
     * over those in either, and in predicted objects that are nobody's best; NaN without objects. Of equals the lower number is best.
     */
    public double aggregatedJaccard() {
        if (truth.isEmpty() && predicted.isEmpty()) {
            return Double.NaN;
        }
        Map<Integer, Integer> best = new TreeMap<>();
        Map<Integer, Double> ious = new HashMap<>();
        shared.forEach((pair, inBoth) -> {
            int t = (int) (pair >> 32);
            int p = (int) (long) pair;
            double iou = (double) inBoth / union(pair, inBoth);
            double known = ious.getOrDefault(t, 0.0);
            if (iou > known || iou == known && p < best.get(t)) {
                ious.put(t, iou);
                best.put(t, p);
            }
        });
        Set<Integer> taken = new HashSet<>(best.values());
        long inter = 0;
        long union = 0;
        for (Map.Entry<Integer, Long> t : truth.entrySet()) {
            Integer p = best.get(t.getKey());
            long inBoth = p == null ? 0 : shared.get((long) t.getKey() << 32 | p);
            inter += inBoth;
            union += t.getValue() + (p == null ? 0 : predicted.get(p) - inBoth);
        }
        for (Map.Entry<Integer, Long> p : predicted.entrySet()) {
            union += taken.contains(p.getKey()) ? 0 : p.getValue();
        }
        return (double) inter / union;
    }
}
