package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.tensor.Shape;

/**
 * The valid elements of a value as runs that are contiguous in memory: one run if everything is dense and valid, one for
 * each item of axis 0 if items lie apart, one for each count otherwise. Runs are equally far apart in row-major order.
 */
final class Runs {
    private final Operand count;
    private final int runs;
    private final int runElements;
    private final int inner;
    private final int capacity;
    private final int perItem;

    /**
     * @param shape  of all {@code like}
     * @param count  which rows are valid; null for all
     * @param strided whether items of axis 0 may lie apart
     */
    Runs(Shape shape, Operand count, boolean strided) {
        int axis = count == null ? -1 : count.type().shape().rank();
        this.count = count;
        if (count != null) {
            runs = (int) shape.product(0, axis);
            inner = (int) shape.product(axis + 1, shape.rank());
            capacity = shape.size(axis);
            runElements = capacity * inner;
        } else {
            boolean items = strided && shape.rank() > 0 && shape.dim(0) > 1;
            runs = items ? shape.size(0) : 1;
            runElements = Math.toIntExact(shape.elements() / Math.max(1, runs));
            inner = 1;
            capacity = runElements;
        }
        perItem = count == null || axis == 0 ? 1 : (int) shape.product(1, axis);
    }

    int count() {
        return runs;
    }

    /** Elements from the first of one run to the first of the next, in row-major order. */
    int elements() {
        return runElements;
    }

    /** How many elements of a run are valid now. */
    int valid(int run) {
        return count == null
                ? runElements
                : Math.clamp(count.ints()[count.offset() + run], 0, capacity) * inner;
    }

    /** Index in the array of an operand of this shape of the first element of a run. */
    int at(Operand o, int run) {
        return o.offset() + (runs == 1 ? 0 : run / perItem * o.batchStride() + run % perItem * runElements);
    }
}
