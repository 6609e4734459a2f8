package dev.kerf.tornado.kernel.elementwise;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Pairs of numbers, half a row apart, turned by the angles of their row (Su et al. 2021): a work-item a pair, a layer an item. */
public final class Rotary implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), Rotary::rotary, a.context(), a.scalars("x_off", "x_sn", "cosines_off", "sines_off",
                "y_off", "y_sn", "rows", "R", "P"), a.floats("x"), a.floats("cosines"), a.floats("sines"), a.floats("y"));
    }

    static void rotary(KernelContext context, IntArray s, FloatArray x, FloatArray cosines, FloatArray sines, FloatArray y) {
        int pairs = s.get(8);
        int i = context.globalIdx;
        int row = i / pairs;
        int p = i % pairs;
        if (row < s.get(6)) {
            int from = s.get(0) + context.groupIdy * s.get(1) + row * 2 * pairs + p;
            int to = s.get(4) + context.groupIdy * s.get(5) + row * 2 * pairs + p;
            int angle = row % s.get(7) * pairs + p;
            float a = x.get(from);
            float b = x.get(from + pairs);
            float cos = cosines.get(s.get(2) + angle);
            float sin = sines.get(s.get(3) + angle);
            y.set(to, a * cos - b * sin);
            y.set(to + pairs, a * sin + b * cos);
        }
    }
}
