package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.tensor.Shape;
import java.util.List;

/**
 * A grid of tokens cut into square windows, what overhangs filled up with zeros.
 *
 * @param height of the grid, in tokens
 * @param width  of the grid
 * @param side   of a window
 */
record Windows(long height, long width, long side) {
    /** Windows above each other. */
    long rows() {
        return Math.ceilDiv(height, side);
    }

    /** Windows beside each other. */
    long columns() {
        return Math.ceilDiv(width, side);
    }

    /** Tokens (height, width, C) with zeros below and to the right: (rows · side, columns · side, C). */
    Value padded(GraphBuilder g, Value x) {
        long down = rows() * side - height;
        long right = columns() * side - width;
        if (down == 0 && right == 0) {
            return x;
        }
        return g.apply(new MoveOp.Pad(List.of(0L, 0L, 0L), List.of(down, right, 0L), MoveOp.PadMode.CONSTANT, 0), x);
    }

    /** Tokens (rows · h, columns · w, dim) window by window: (rows · columns, heads, h · w, dim / heads). */
    Value cut(GraphBuilder g, Value x, int heads) {
        Shape s = x.type().shape();
        long high = s.dim(0) / rows();
        long wide = s.dim(1) / columns();
        long each = s.dim(2) / heads;
        Value cut = g.permute(g.reshape(x, rows(), high, columns(), wide, heads, each), 0, 2, 4, 1, 3, 5);
        return g.reshape(cut, rows() * columns(), heads, high * wide, each);
    }

    /** The reverse of {@link #cut} for windows of out × out tokens: (rows · out, columns · out, dim). */
    Value joined(GraphBuilder g, Value x, long out) {
        Shape s = x.type().shape();
        long heads = s.dim(1);
        Value y = g.permute(g.reshape(x, rows(), columns(), heads, out, out, s.dim(3)), 0, 3, 1, 4, 2, 5);
        return g.reshape(y, rows() * out, columns() * out, heads * s.dim(3));
    }

    /** The upper left tokens of (H', W', C), one of so many along a row: (h, w, C). */
    static Value cropped(GraphBuilder g, Value x, long h, long w, int step) {
        Value high = x.type().shape().dim(0) == h ? x : g.slice(x, 0, 0, h);
        return x.type().shape().dim(1) == w ? high : g.apply(new MoveOp.Slice(1, 0, w * step, step), high);
    }
}
