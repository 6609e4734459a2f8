package dev.kerf.backend.cpu.dense;

import dev.kerf.graph.MoveOp;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The order in which a product goes over the rows of an operand that has zeros around it: rows of nothing but zeros all make the same,
 * so only a few are multiplied, each as the first of a block, and the rest get copies. Where the product is pooled, windows go for rows.
 */
final class PaddedRows {
    private final int each;
    private final int perBlock;
    /** For each row that is multiplied: the operand's, −1 for zeros. */
    private final int[] sources;
    /** For each row of the result that is made: which. */
    private final int[] places;
    /** Rows of the result that get copies. */
    private final int[] copies;
    /** The rows of zeros that are multiplied: so many blocks begin with one. */
    private final int blank;

    /**
     * An order.
     *
     * @param x       the operand's extents without the zeros, not none
     * @param padding what is around it; nothing along its last axis
     * @param pool    the windows, or null
     * @param block   rows that are multiplied at once
     * @param most    rows of zeros that are worth multiplying: as many as there are threads
     */
    PaddedRows(Shape x, MoveOp.Pad padding, @Nullable PooledProduct pool, int block, int most) {
        each = pool == null ? 1 : PooledProduct.WINDOW;
        perBlock = block / each;
        int[] rows = rows(x, padding); // (rows of the padded operand)
        int all = rows.length / each;
        int[] order = IntStream.range(0, all * each).map(i -> rows[pool == null ? i : pool.pixel(i)]).toArray();
        int[] real = IntStream.range(0, all).filter(i -> !zeros(order, i)).toArray();
        int[] zeros = IntStream.range(0, all).filter(i -> zeros(order, i)).toArray();
        blank = Math.min(Math.min(most, zeros.length), Blocking.ceil(real.length, Math.max(1, perBlock - 1)));
        places = new int[real.length + blank];
        for (int i = 0, next = 0; i < places.length; i++) {
            places[i] = blank(i) ? zeros[i / perBlock] : real[next++];
        }
        copies = Arrays.copyOfRange(zeros, blank, zeros.length);
        sources = IntStream.range(0, count()).map(i -> order[places[i / each] * each + i % each]).toArray();
    }

    /** Rows of the padded operand by those that it has without, −1 for zeros. */
    private static int[] rows(Shape x, MoveOp.Pad padding) {
        int lead = x.rank() - 1;
        int all = 1;
        for (int axis = 0; axis < lead; axis++) {
            all *= Math.toIntExact(padding.before().get(axis) + x.dim(axis) + padding.after().get(axis));
        }
        int[] rows = new int[all];
        Arrays.fill(rows, -1);
        for (int row = 0; row < x.product(0, lead); row++) {
            long at = 0;
            for (int axis = lead - 1, rest = row, step = 1; axis >= 0; axis--) {
                at += step * (padding.before().get(axis) + rest % x.size(axis));
                rest /= x.size(axis);
                step *= Math.toIntExact(padding.before().get(axis) + x.dim(axis) + padding.after().get(axis));
            }
            rows[(int) at] = row;
        }
        return rows;
    }

    private boolean zeros(int[] order, int place) {
        return Arrays.stream(order, place * each, (place + 1) * each).allMatch(r -> r < 0);
    }

    /** Rows that are multiplied. */
    int count() {
        return places.length * each;
    }

    /** The operand's row that is multiplied at some place of the order; −1 for zeros. */
    int source(int place) {
        return sources[place];
    }

    /** The result's row that is made at some place. */
    int row(int place) {
        return places[place];
    }

    /** How many places from one on, at most {@code most}, make rows that follow each other. */
    int run(int place, int most) {
        int n = 1;
        while (n < most && places[place + n] == places[place] + n) {
            n++;
        }
        return n;
    }

    private boolean blank(int place) {
        return place % perBlock == 0 && place / perBlock < blank;
    }

    /** The first of the copies of what a block begins with; those up to the next block's are its own. */
    int firstCopy(int place) {
        return (int) ((long) copies.length * Math.min(place / perBlock, blank) / Math.max(1, blank));
    }

    /** The result's row that a copy goes to. */
    int copy(int i) {
        return copies[i];
    }
}
