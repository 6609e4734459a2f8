package dev.kerf.graph;

import org.jspecify.annotations.Nullable;

/**
 * A tensor in a graph: one output of one node.
 *
 * <p>A value may have a <em>count</em>: another value, int32, computed on the device, that says how many rows are valid. The
 * shape is then a capacity. The rank of the count says along which axis: a scalar count counts rows of axis 0 of (capacity,
 * …); a count of shape (B) counts rows of axis 1 of (B, capacity, …), for each of the B items. Rows past the count hold
 * anything; kernels loop to the count and neither read nor write them.
 *
 * @param id        unique in its graph, counted from 0 in order of recording
 * @param type      dtype and extents
 * @param count     the number of valid rows; none when all are
 * @param recording the identity of the graph that it belongs to, fused or not
 */
public record Value(int id, TensorType type, @Nullable Value count, Object recording) {
    /** The axis that {@link #count} counts along; −1 when every row is valid. */
    public int countAxis() {
        return count == null ? -1 : count.type().shape().rank();
    }

    /** Such as {@code %7:F32[1, 64, 96, 128]}. */
    @Override
    public String toString() {
        return "%" + id + ":" + type + (count == null ? "" : " count %" + count.id());
    }
}
