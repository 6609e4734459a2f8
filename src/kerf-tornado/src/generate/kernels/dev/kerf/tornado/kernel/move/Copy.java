package dev.kerf.tornado.kernel.move;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Strides;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * y[n, c1 … c5] = x[n, c1 … c5], each with strides of its own: concat, slice, permute, expand, and whatever is to be
 * laid out anew. Elements are moved as they are.
 */
public final class Copy implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("x_off", "x_sn", "y_off", "y_sn", "x_start", "y_start", "inner", "d1", "d2", "d3",
                "d4", "d5", "x_s1", "x_s2", "x_s3", "x_s4", "x_s5", "y_s1", "y_s2", "y_s3", "y_s4", "y_s5");
        int rank = a.definition("RANK");
        int items = a.definition("ITEMS");
        if (a.element("x") != a.element("y")) {
            throw new IllegalArgumentException("copy has no code from " + a.element("x") + " to " + a.element("y"));
        }
        return switch (a.element("y")) {
            // for each E
            case E_CONSTANT -> new TaskPackage(a.id(), Copy::E_LIST, a.context(), s, a.E_LIST("x"), a.E_LIST("y"), rank,
                    items);
            // end E
        };
    }

    // for each E
    static void E_LIST(KernelContext context, IntArray s, E_ARRAY x, E_ARRAY y, int rank, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1) + s.get(4);
        int to = s.get(2) + context.globalIdy * s.get(3) + s.get(5);
        int inner = s.get(6);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + Strides.offset(s, rank, 7, 17, i), x.get(from + Strides.offset(s, rank, 7, 12, i)));
            }
        }
    }

    // end E
}
