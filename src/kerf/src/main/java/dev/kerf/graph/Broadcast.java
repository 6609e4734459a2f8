package dev.kerf.graph;

import dev.kerf.tensor.Shape;
import java.util.List;

/** NumPy's broadcasting rule: shapes are aligned at their last axis; extents are equal, or one of them is 1. */
final class Broadcast {
    private Broadcast() {}

    /** The shape that both broadcast to; {@code op} and {@code in} are for the message. */
    static Shape shape(Op op, List<TensorType> in, Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        long[] out = new long[rank];
        for (int i = 1; i <= rank; i++) {
            long x = i <= a.rank() ? a.dim(-i) : 1;
            long y = i <= b.rank() ? b.dim(-i) : 1;
            Op.require(x == y || x == 1 || y == 1, op, in, "shapes " + a + " and " + b + " don't broadcast");
            out[rank - i] = x == 1 ? y : x;
        }
        return Shape.of(out);
    }
}
