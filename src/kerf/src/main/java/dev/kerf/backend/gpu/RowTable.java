package dev.kerf.backend.gpu;

import dev.kerf.graph.MoveOp;
import dev.kerf.graph.MoveOp.PadMode;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which rows of a tensor, (…, K), stand where after moves that keep rows whole: windows cut out of a grid, zeros around it, every
 * second row.
 *
 * <pre>{@code
 * int[] rows = RowTable.of(x.type().shape(), moves);   // one number for each row of the result, −1 for zeros
 * }</pre>
 */
final class RowTable {
    /** What stands for a row of zeros. */
    static final int ZEROS = -1;

    private RowTable() {}

    /** Whether a move keeps the rows of its operand whole: each row of the result is one of the operand's, or zeros. */
    static boolean keeps(MoveOp move, Shape from, Shape to) {
        if (from.rank() < 1 || to.rank() < 1 || from.dim(-1) != to.dim(-1)) {
            return false;
        }
        int last = to.rank() - 1;
        return switch (move) {
            case MoveOp.Reshape _,MoveOp.Expand _ -> true;
            case MoveOp.Slice s -> s.axis() < last;
            case MoveOp.Permute p -> p.order().getLast() == last;
            case MoveOp.Pad p -> p.mode() == PadMode.CONSTANT && p.value() == 0;
            default -> false;
        };
    }

    /**
     * The rows after the moves, one move after the other.
     *
     * @param from  (…, K)
     * @param moves that keep rows whole
     * @return as many as there are rows in the end
     */
    static int[] of(Shape from, List<MoveOp> moves) {
        Shape at = from;
        int[] rows = IntStream.range(0, Math.toIntExact(from.product(0, from.rank() - 1))).toArray();
        for (MoveOp m : moves) {
            Shape to = m.infer(List.of(TensorType.f32(at.dims()))).getFirst().shape();
            rows = m instanceof MoveOp.Reshape ? rows : moved(rows, m, at, to);
            at = to;
        }
        return rows;
    }

    /** Whether rows stand one behind the other as they do in the tensor: what a view of it is. */
    static boolean follow(int[] rows) {
        return rows.length == 0 || rows[0] != ZEROS && IntStream.range(0, rows.length).allMatch(i -> rows[i] == rows[0] + i);
    }

    /** Whether there are rows of zeros. */
    static boolean zeros(int[] rows) {
        return Arrays.stream(rows).anyMatch(r -> r == ZEROS);
    }

    private static int[] moved(int[] rows, MoveOp m, Shape from, Shape to) {
        long[] strides = Shape.of(Arrays.copyOf(from.dims(), from.rank() - 1)).strides();
        int axes = to.rank() - 1;
        long[][] parts = new long[axes][];
        for (int axis = 0; axis < axes; axis++) {
            parts[axis] = new long[to.size(axis)];
            for (int i = 0; i < parts[axis].length; i++) {
                parts[axis][i] = part(m, from, to, axis, i, strides);
            }
        }
        int[] out = new int[Math.toIntExact(to.product(0, axes))];
        for (int i = 0; i < out.length; i++) {
            long row = 0;
            int rest = i;
            for (int axis = axes - 1; axis >= 0 && row != ZEROS; axis--) {
                long part = parts[axis][rest % parts[axis].length];
                rest /= parts[axis].length;
                row = part == ZEROS ? ZEROS : row + part;
            }
            out[i] = row == ZEROS ? ZEROS : rows[(int) row];
        }
        return out;
    }

    /** What place {@code i} along an axis of the result adds to the operand's row; ZEROS where there is none. */
    private static long part(MoveOp m, Shape from, Shape to, int axis, int i, long[] strides) {
        return switch (m) {
            case MoveOp.Slice s -> (axis == s.axis() ? s.start() + i * s.step() : i) * strides[axis];
            case MoveOp.Permute p -> i * strides[p.order().get(axis)];
            case MoveOp.Expand _ -> {
                int own = axis - (to.rank() - from.rank());
                yield own < 0 || from.dim(own) == 1 ? 0 : i * strides[own];
            }
            case MoveOp.Pad p -> {
                long at = i - p.before().get(axis);
                yield at < 0 || at >= from.dim(axis) ? ZEROS : at * strides[axis];
            }
            default -> throw new IllegalArgumentException(m + " doesn't keep rows whole");
        };
    }
}
