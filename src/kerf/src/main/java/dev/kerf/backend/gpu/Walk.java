package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How an elementwise kernel or a copy walks over its operands ({@code kernels/walk.h}): axis 0 by itself where items may lie
 * apart, and the other axes merged to as few as their strides allow.
 *
 * @param batched whether axis 0 is walked by itself
 * @param items   extent of axis 0 if batched, else 1
 * @param dims    the other extents, merged
 * @param strides for each operand, as many strides as there are dims
 */
public record Walk(boolean batched, long items, long[] dims, long[][] strides) {
    private static final int AXES = 5;

    /** Below this many elements an item, axis 0 is one axis of many: a group should have enough to do. */
    private static final long SMALLEST_ITEM = 32;

    private static final long MOST_ITEMS = 65_535;

    /** A walk over extents, with strides in elements for each operand. */
    static Walk of(Node node, Target target, long[] dims, long[]... strides) {
        long inner = 1;
        for (int i = 1; i < dims.length; i++) {
            inner *= dims[i];
        }
        boolean batched = dims.length >= 2 && inner >= SMALLEST_ITEM && dims[0] <= MOST_ITEMS;
        int from = batched ? 1 : 0;
        List<long[]> axes = new ArrayList<>(); // extent, then a stride for each operand
        for (int i = from; i < dims.length; i++) {
            long[] axis = new long[strides.length + 1];
            axis[0] = dims[i];
            for (int k = 0; k < strides.length; k++) {
                axis[k + 1] = strides[k][i];
            }
            if (dims[i] == 1) {
                continue;
            }
            if (!axes.isEmpty() && mergeable(axes.getLast(), axis)) {
                axis[0] *= axes.removeLast()[0];
            }
            axes.add(axis);
        }
        if (axes.isEmpty()) {
            long[] one = new long[strides.length + 1];
            one[0] = 1;
            axes.add(one);
        }
        if (axes.size() > AXES) {
            throw target.unsupported(node, "more than " + AXES + " axes that can't be merged");
        }
        long[][] merged = new long[strides.length][];
        for (int k = 0; k < merged.length; k++) {
            int operand = k + 1;
            merged[k] = axes.stream().mapToLong(a -> a[operand]).toArray();
        }
        return new Walk(batched, batched ? dims[0] : 1, axes.stream().mapToLong(a -> a[0]).toArray(), merged);
    }

    private static boolean mergeable(long[] outer, long[] inner) {
        for (int k = 1; k < outer.length; k++) {
            if (outer[k] != inner[k] * inner[0]) {
                return false;
            }
        }
        return true;
    }

    /** A walk over all elements of operands of one shape; axis 0 may have any stride. */
    public static Walk dense(Node node, Target target, Shape shape) {
        return of(node, target, shape.dims(), shape.strides());
    }

    /** Extents that a kernel walks over; for four a fifth of 1, so that kernels for few ranks serve all. */
    int rank() {
        return dims.length == 4 ? 5 : dims.length;
    }

    /** {@code N} and {@code inner}. */
    Sizes counts() {
        return Sizes.of().set("N", items).set("inner", Arrays.stream(dims).reduce(1, Math::multiplyExact));
    }

    /** These and {@code d1 …} and, for each operand, {@code NAME_s1 …}. */
    Sizes sizes(String... operands) {
        Sizes s = counts();
        for (int i = 0; i < AXES; i++) {
            s.set("d" + (i + 1), i < dims.length ? dims[i] : 1);
            for (int k = 0; k < operands.length; k++) {
                s.set(operands[k] + "_s" + (i + 1), i < dims.length ? strides[k][i] : 0);
            }
        }
        return s;
    }

    /** Binds a tensor that shares the walk's axis 0: strided between items if batched, else dense. */
    void bind(KernelCall call, String name, Value value) {
        call.tensor(name, value);
        if (!batched) {
            call.dense(name);
        }
    }

    /**
     * Binds a tensor that broadcasts to a shape, with its {@code NAME_batch}.
     *
     * @param to the shape of the result
     */
    void bindBroadcast(KernelCall call, String name, Value value, Shape to) {
        Shape shape = value.type().shape();
        boolean own = batched && shape.rank() == to.rank() && shape.dim(0) == to.dim(0);
        call.tensor(name, value).number(name + "_batch", own ? 1 : 0);
        if (!own) {
            call.dense(name);
        }
    }
}
