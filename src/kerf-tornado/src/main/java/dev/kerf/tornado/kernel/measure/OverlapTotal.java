package dev.kerf.tornado.kernel.measure;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/**
 * Intersection, union and areas (N, M, 4), in 64 bits, of each pair of masks from the parts that {@link Overlap} has
 * counted: a work-item for each m, a row of groups for each n.
 */
public final class OverlapTotal implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), OverlapTotal::total, a.context(), a.scalars("both_off", "area_a_off",
                "area_b_off", "y_off", "N", "M", "parts"), a.ints("both"), a.ints("area_a"), a.ints("area_b"),
                a.longs("y"));
    }

    static void total(KernelContext context, IntArray s, IntArray both, IntArray areaA, IntArray areaB, LongArray y) {
        int m = context.globalIdx;
        int n = context.groupIdy;
        int rows = s.get(4);
        int columns = s.get(5);
        if (m < columns) {
            long common = 0;
            long left = 0;
            long right = 0;
            for (int p = 0; p < s.get(6); p++) {
                common += both.get(s.get(0) + (p * rows + n) * columns + m);
                left += areaA.get(s.get(1) + p * rows + n);
                right += areaB.get(s.get(2) + p * columns + m);
            }
            int at = s.get(3) + 4 * (n * columns + m);
            y.set(at, common);
            y.set(at + 1, left + right - common);
            y.set(at + 2, left);
            y.set(at + 3, right);
        }
    }
}
