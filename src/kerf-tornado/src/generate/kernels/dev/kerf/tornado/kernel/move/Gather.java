package dev.kerf.tornado.kernel.move;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Errors;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * y[i] = x[index[i]]: I rows of {@code row} elements picked from R, moved as they are. HAS_ROWS: x has a count of its
 * valid rows. HAS_COUNT: index has counts: element i is valid if i / spread % extent &lt; count[i / spread / extent].
 * An index out of range raises an error; its row isn't written.
 */
public final class Gather implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("x_off", "index_off", "y_off", "rows_off", "count_off", "node", "R", "row", "I",
                "extent", "spread");
        IntArray index = a.ints("index");
        IntArray rows = a.ints("rows");
        IntArray count = a.ints("count");
        IntArray errors = a.ints("errors");
        int hasRows = a.definition("HAS_ROWS");
        int hasCount = a.definition("HAS_COUNT");
        if (a.element("x") != a.element("y")) {
            throw new IllegalArgumentException("gather has no code from " + a.element("x") + " to " + a.element("y"));
        }
        return switch (a.element("y")) {
            // for each E
            case E_CONSTANT -> new TaskPackage(a.id(), Gather::E_LIST, a.context(), s, a.E_LIST("x"), index, rows, count,
                    a.E_LIST("y"), errors, hasRows, hasCount);
            // end E
        };
    }

    // for each E
    static void E_LIST(KernelContext context, IntArray s, E_ARRAY x, IntArray index, IntArray rows, IntArray count,
            E_ARRAY y, IntArray errors, int hasRows, int hasCount) {
        int row = s.get(7);
        int e = context.globalIdx % row;
        int i = context.globalIdx / row;
        int k = picked(s, index, rows, count, errors, hasRows, hasCount, i);
        if (k >= 0) {
            y.set(s.get(2) + i * row + e, x.get(s.get(0) + k * row + e));
        }
    }

    // end E
    /** The row of x that is row i of y; −1 for none. */
    private static int picked(IntArray s, IntArray index, IntArray rows, IntArray count, IntArray errors, int hasRows,
            int hasCount, int i) {
        int picked = -1;
        boolean valid = i < s.get(8);
        if (hasCount != 0 && valid) {
            int item = i / s.get(10);
            valid = item % s.get(9) < count.get(s.get(4) + item / s.get(9));
        }
        if (valid) {
            int k = index.get(s.get(1) + i);
            int most = s.get(6);
            if (hasRows != 0) {
                most = rows.get(s.get(3));
            }
            if (k < 0 || k >= most) {
                Errors.raise(errors, Errors.INDEX, s.get(5), k);
            } else {
                picked = k;
            }
        }
        return picked;
    }
}
