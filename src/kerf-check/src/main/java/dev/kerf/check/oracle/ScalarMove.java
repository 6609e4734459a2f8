package dev.kerf.check.oracle;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MoveOp;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Ops that copy elements. */
final class ScalarMove {
    private ScalarMove() {}

    static void run(MoveOp op, List<Wide> in, Wide y) {
        Wide x = in.getFirst();
        switch (op) {
            case MoveOp.Reshape r -> System.arraycopy(x.v(), 0, y.v(), 0, y.v().length);
            case MoveOp.Concat c -> concat(c, in, y);
            case MoveOp.Gather g -> throw new IllegalArgumentException(g + " has several results");
            case MoveOp.Slice s ->
                each(y, at -> x.v()[index(y, x, at, (axis, i) -> axis == s.axis() ? s.start() + i * s.step() : i)]);
            case MoveOp.Permute p -> each(y, at -> x.v()[permuted(p, y, x, at)]);
            case MoveOp.Expand e -> {
                long[] strides = x.type().shape().stridesTo(e.shape());
                each(y, at -> x.v()[ScalarMatrix.offset(e.shape(), strides, at)]);
            }
            case MoveOp.Pad p -> each(y, at -> pad(p, y, x, at));
        }
    }

    private interface Source {
        double of(int at);
    }

    private interface AxisMap {
        /** The operand's index along an axis for the result's; negative for none. */
        long of(int axis, long i);
    }

    private static void each(Wide y, Source source) {
        for (int at = 0; at < y.v().length; at++) {
            y.v()[at] = source.of(at);
        }
    }

    private static int index(Wide y, Wide x, int at, AxisMap map) {
        long[] strides = x.type().shape().strides();
        long from = 0;
        int rest = at;
        for (int axis = y.rank() - 1; axis >= 0; axis--) {
            long i = map.of(axis, rest % y.dim(axis));
            if (i < 0) {
                return -1;
            }
            from += i * strides[axis];
            rest /= y.dim(axis);
        }
        return (int) from;
    }

    private static int permuted(MoveOp.Permute p, Wide y, Wide x, int at) {
        long[] strides = x.type().shape().strides();
        long[] moved = new long[strides.length];
        for (int i = 0; i < moved.length; i++) {
            moved[i] = strides[p.order().get(i)];
        }
        return ScalarMatrix.offset(y.type().shape(), moved, at);
    }

    private static double pad(MoveOp.Pad p, Wide y, Wide x, int at) {
        int from = index(y, x, at, (axis, i) -> {
            long k = i - p.before().get(axis);
            int size = x.dim(axis);
            return switch (p.mode()) {
                case CONSTANT -> k < size ? k : -1;
                case REPLICATE -> Math.clamp(k, 0, size - 1);
                case REFLECT -> k < 0 ? -k : k >= size ? 2L * (size - 1) - k : k;
            };
        });
        return from < 0 ? p.value() : x.v()[from];
    }

    private static void concat(MoveOp.Concat op, List<Wide> in, Wide y) {
        int inner = (int) y.type().shape().product(op.axis() + 1, y.rank());
        int row = y.dim(op.axis()) * inner;
        int first = 0;
        for (Wide x : in) {
            int part = x.dim(op.axis()) * inner;
            for (int i = 0; i < x.v().length; i++) {
                y.v()[i / part * row + first + i % part] = x.v()[i];
            }
            first += part;
        }
    }

    static void gather(Node n, Wide x, Wide indices, Wide y) {
        int row = (int) Shape.of(x.type().shape().dims()).product(1, x.rank());
        int rows = x.valid(0, 0);
        for (int i = 0; i < indices.v().length; i++) {
            if (!indices.isValid(i)) {
                continue;
            }
            int from = (int) indices.v()[i];
            if (from < 0 || from >= rows) {
                throw new BadInputException("node " + n.name() + ": index " + from + " is outside 0 … " + (rows - 1));
            }
            System.arraycopy(x.v(), from * row, y.v(), i * row, row);
        }
    }
}
