package dev.kerf.spark;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.LabelMap;
import dev.kerf.metrics.ConfusionMatrix;
import java.io.Serial;
import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/**
 * How many pixels have which label in the truth and in the prediction: 64-bit counts of the pairs that occur, however many classes there
 * are. Adding them up is exact and in any order the same.
 */
final class PairCounts implements Serializable {
    @Serial
    private static final long serialVersionUID = 1L;

    private final TreeMap<Long, Long> counts;

    private PairCounts(TreeMap<Long, Long> counts) {
        this.counts = counts;
    }

    /** Nothing counted. */
    static PairCounts none() {
        return new PairCounts(new TreeMap<>());
    }

    /**
     * Counts a picture.
     *
     * @param ignored label of the truth that isn't counted; -1 for none
     * @throws BadInputException if the sizes differ
     */
    static PairCounts of(String name, LabelMap truth, LabelMap predicted, int ignored) {
        if (truth.width() != predicted.width() || truth.height() != predicted.height()) {
            throw new BadInputException(name + " is " + predicted.width() + "x" + predicted.height() + ", but its truth is "
                    + truth.width() + "x" + truth.height());
        }
        int[] t = truth.toArray();
        int[] p = predicted.toArray();
        TreeMap<Long, Long> out = new TreeMap<>();
        int at = 0;
        while (at < t.length) {
            int end = at + 1;
            while (end < t.length && t[end] == t[at] && p[end] == p[at]) {
                end++;
            }
            if (t[at] != ignored) {
                out.merge(key(t[at], p[at]), (long) (end - at), Long::sum);
            }
            at = end;
        }
        return new PairCounts(out);
    }

    private static long key(int truth, int predicted) {
        return (long) truth << 32 | predicted;
    }

    /** Those of both; neither changes. */
    PairCounts plus(PairCounts other) {
        TreeMap<Long, Long> sum = new TreeMap<>(counts);
        other.counts.forEach((pair, n) -> sum.merge(pair, n, Math::addExact));
        return new PairCounts(sum);
    }

    /**
     * The counts as a matrix. Of two classes, 255 is the second, as masks are often stored.
     *
     * @param classes how many; 0 for as many as there are labels
     * @throws BadInputException if there is a label past them
     */
    ConfusionMatrix matrix(int classes) {
        int most = 0;
        boolean masks = true;
        for (long pair : counts.keySet()) {
            for (int label : new int[] {(int) (pair >>> 32), (int) pair}) {
                most = Math.max(most, label);
                masks &= label <= 1 || label == 255;
            }
        }
        int k = classes > 0 ? classes : masks && most == 255 ? 2 : most + 1;
        ConfusionMatrix.empty(k);
        long[][] all = new long[k][k];
        for (Map.Entry<Long, Long> e : counts.entrySet()) {
            int t = label((int) (e.getKey() >>> 32), k);
            int p = label(e.getKey().intValue(), k);
            all[t][p] = Math.addExact(all[t][p], e.getValue());
        }
        return ConfusionMatrix.of(all);
    }

    private static int label(int label, int classes) {
        int of = classes == 2 && label == 255 ? 1 : label;
        if (of >= classes) {
            throw new BadInputException("label " + label + ", but there are " + classes + " classes, 0 to " + (classes - 1)
                    + "; --ignore leaves a label of the truth out");
        }
        return of;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PairCounts c && c.counts.equals(counts);
    }

    @Override
    public int hashCode() {
        return counts.hashCode();
    }

    @Override
    public String toString() {
        return counts.size() + " pairs of labels";
    }
}
