package dev.kerf.backend.cpu.kernel;

import dev.kerf.graph.MatrixOp;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Where an attention's rows lie in an operand: (B, heads, L, D) as it is, with any distance between items, or as the op says. */
public final class RowPlaces {
    private final int @Nullable [] items;
    private final int[] rows;
    private final int heads;
    private final int each;

    private RowPlaces(int @Nullable [] items, int[] rows, int heads, int each) {
        this.items = items;
        this.rows = rows;
        this.heads = heads;
        this.each = each;
    }

    /** @param operand Q (0), K (1), V (2) or the result (3) */
    public static RowPlaces of(MatrixOp.Attention op, int operand, Operand x) {
        boolean placed = !op.places().isEmpty();
        MatrixOp.Rows at = placed ? op.places().get(operand) : MatrixOp.Rows.dense(x.type().shape());
        Shape s = at.shape();
        int[] rows = new int[s.size(2)];
        Arrays.setAll(rows, l -> Math.toIntExact(at.row(l)));
        int[] items = placed ? new int[s.size(0) * s.size(1)] : null;
        if (placed) {
            Arrays.setAll(items, i -> Math.toIntExact(at.item(i)));
        }
        return new RowPlaces(items, rows, s.size(1), s.size(2) * s.size(3));
    }

    /** The element of the operand's array that an item's and a head's first row would start at. */
    public int start(Operand x, int item, int head) {
        return x.offset() + (items == null ? item * x.batchStride() + head * each : items[item * heads + head]);
    }

    /** Elements from there to row l. */
    public int row(int l) {
        return rows[l];
    }

    /** The same of n rows from one on, each added to x. */
    public void starts(int[] to, int x, int first, int n) {
        for (int i = 0; i < n; i++) {
            to[i] = x + rows[first + i];
        }
    }

    /** Elements from row to row where that is always the same, else −1. */
    public int step() {
        int step = rows.length < 2 ? 0 : rows[1] - rows[0];
        for (int l = 0; l < rows.length; l++) {
            if (rows[l] != rows[0] + l * step) {
                return -1;
            }
        }
        return step;
    }
}
