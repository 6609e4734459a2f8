package dev.kerf.tornado.kernel.measure;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/**
 * Confusion matrices (B, bins), in 64 bits, from the parts (B, parts, bins) that {@link Confusion} has counted: a work-item
 * for each bin, a row of groups for each image.
 */
public final class ConfusionTotal implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), ConfusionTotal::total, a.context(), a.scalars("x_off", "y_off", "parts", "bins"),
                a.ints("x"), a.longs("y"));
    }

    static void total(KernelContext context, IntArray s, IntArray x, LongArray y) {
        int i = context.globalIdx;
        int image = context.groupIdy;
        int bins = s.get(3);
        if (i < bins) {
            long sum = 0;
            for (int p = 0; p < s.get(2); p++) {
                sum += x.get(s.get(0) + (image * s.get(2) + p) * bins + i);
            }
            y.set(s.get(1) + image * bins + i, sum);
        }
    }
}
