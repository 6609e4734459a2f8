package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import java.util.function.ToDoubleFunction;

/** How N masks overlap M others. Immutable. */
public final class OverlapMatrix {
    private final int n;
    private final int m;
    private final long[] counts;

    /** @param counts intersection, union and both areas of each pair; N · M · 4 */
    OverlapMatrix(int n, int m, long[] counts) {
        this.n = n;
        this.m = m;
        this.counts = counts;
    }

    /** N: masks of the first side. */
    public int rows() {
        return n;
    }

    /** M: masks of the second side. */
    public int columns() {
        return m;
    }

    /** Mask i of the first side with mask j of the second. */
    public Overlap get(int i, int j) {
        if (i < 0 || i >= n || j < 0 || j >= m) {
            throw new BadInputException("pair (" + i + ", " + j + ") of " + n + " times " + m);
        }
        int at = (i * m + j) * 4;
        return new Overlap(counts[at], counts[at + 1], counts[at + 2], counts[at + 3]);
    }

    /** Every pair's {@link Overlap#iou}, [i][j]. */
    public double[][] iou() {
        return scores(Overlap::iou);
    }

    /** Every pair's {@link Overlap#dice}, [i][j]. */
    public double[][] dice() {
        return scores(Overlap::dice);
    }

    private double[][] scores(ToDoubleFunction<Overlap> score) {
        double[][] out = new double[n][m];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < m; j++) {
                out[i][j] = score.applyAsDouble(get(i, j));
            }
        }
        return out;
    }
}
