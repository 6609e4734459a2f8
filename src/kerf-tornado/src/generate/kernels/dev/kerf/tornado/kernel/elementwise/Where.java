package dev.kerf.tornado.kernel.elementwise;

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

/** y = a where c is not 0, else b, with NumPy's broadcasting. Elements are moved as they are. */
public final class Where implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("c_off", "c_sn", "a_off", "a_sn", "b_off", "b_sn", "y_off", "y_sn", "inner", "d1",
                "d2", "d3", "d4", "d5", "c_s1", "c_s2", "c_s3", "c_s4", "c_s5", "a_s1", "a_s2", "a_s3", "a_s4",
                "a_s5", "b_s1", "b_s2", "b_s3", "b_s4", "b_s5", "c_batch", "a_batch", "b_batch");
        int rank = a.definition("RANK");
        int items = a.definition("ITEMS");
        return switch (a.element("y")) {
            // for each E
            case E_CONSTANT -> new TaskPackage(a.id(), Where::E_LIST, a.context(), s, a.bytes("c"), a.E_LIST("a"),
                    a.E_LIST("b"), a.E_LIST("y"), rank, items);
            // end E
        };
    }

    // for each E
    static void E_LIST(KernelContext context, IntArray s, ByteArray c, E_ARRAY a, E_ARRAY b, E_ARRAY y,
            int rank, int items) {
        int n = context.globalIdy;
        int ofC = s.get(0) + n * s.get(29) * s.get(1);
        int ofA = s.get(2) + n * s.get(30) * s.get(3);
        int ofB = s.get(4) + n * s.get(31) * s.get(5);
        int to = s.get(6) + n * s.get(7);
        int inner = s.get(8);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                if (c.get(ofC + Strides.offset(s, rank, 9, 14, i)) != 0) {
                    y.set(to + i, a.get(ofA + Strides.offset(s, rank, 9, 19, i)));
                } else {
                    y.set(to + i, b.get(ofB + Strides.offset(s, rank, 9, 24, i)));
                }
            }
        }
    }

    // end E
}
