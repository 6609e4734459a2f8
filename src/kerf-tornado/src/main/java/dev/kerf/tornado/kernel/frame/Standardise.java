package dev.kerf.tornado.kernel.frame;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * (x − mean) / std for each plane; 0 where std is 0. A work-item for ITEMS pixels of a plane, a row of groups for each
 * plane and image.
 */
public final class Standardise implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), Standardise::standardise, a.context(),
                a.scalars("x_off", "x_sn", "s_off", "s_step", "y_off", "y_sn", "inner"), a.floats("x"), a.floats("s"),
                a.floats("y"), a.definition("ITEMS"));
    }

    static void standardise(KernelContext context, IntArray s, FloatArray x, FloatArray statistics, FloatArray y,
            int items) {
        int at = s.get(2) + context.groupIdz * s.get(3) + 2 * context.groupIdy;
        float mean = statistics.get(at);
        float deviation = statistics.get(at + 1);
        int inner = s.get(6);
        int from = s.get(0) + context.groupIdz * s.get(1) + context.groupIdy * inner;
        int to = s.get(4) + context.groupIdz * s.get(5) + context.groupIdy * inner;
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, deviation == 0 ? 0 : (x.get(from + i) - mean) / deviation);
            }
        }
    }
}
