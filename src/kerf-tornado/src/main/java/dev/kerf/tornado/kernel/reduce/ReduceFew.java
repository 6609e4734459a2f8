package dev.kerf.tornado.kernel.reduce;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Sum, mean, largest or smallest over axes of few elements: a work-item makes one result, its elements in their order. */
public final class ReduceFew implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), ReduceFew::reduce, a.context(), a.scalars("x_off", "y_off", "count_off", "inner",
                "k2", "k3", "r2", "r3", "ks1", "ks2", "ks3", "rs1", "rs2", "rs3", "extent", "spread", "outer"), a.floats("x"),
                a.floats("y"), a.ints("count"), a.definition("REDUCTION"), a.definition("HAS_COUNT"));
    }

    static void reduce(KernelContext context, IntArray s, FloatArray x, FloatArray y, IntArray count, int reduction,
            int hasCount) {
        int o = context.globalIdx;
        int inner = s.get(3);
        int k2 = s.get(4);
        int k3 = s.get(5);
        int r2 = s.get(6);
        int r3 = s.get(7);
        if (o < s.get(16)) {
            int base = o / k3 / k2 * s.get(8) + o / k3 % k2 * s.get(9) + o % k3 * s.get(10);
            float all = reduction == 2 ? Float.NEGATIVE_INFINITY : reduction == 3 ? Float.POSITIVE_INFINITY : 0;
            int elements = 0;
            for (int i = 0; i < inner; i++) {
                int e = base + i / r3 / r2 * s.get(11) + i / r3 % r2 * s.get(12) + i % r3 * s.get(13);
                if (hasCount == 0) {
                    all = combine(reduction, all, x.get(s.get(0) + e));
                    elements++;
                } else {
                    int item = e / s.get(15);
                    if (item % s.get(14) < count.get(s.get(2) + item / s.get(14))) {
                        all = combine(reduction, all, x.get(s.get(0) + e));
                        elements++;
                    }
                }
            }
            y.set(s.get(1) + o, reduction == 1 ? all / elements : all);
        }
    }

    private static float combine(int reduction, float a, float b) {
        float y;
        if (reduction == 2) {
            y = a != a ? a : b != b ? b : a > b ? a : b;
        } else if (reduction == 3) {
            y = a != a ? a : b != b ? b : a < b ? a : b;
        } else {
            y = a + b;
        }
        return y;
    }
}
