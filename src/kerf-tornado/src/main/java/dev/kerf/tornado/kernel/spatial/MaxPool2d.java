package dev.kerf.tornado.kernel.spatial;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Range;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The largest element of each window, NaN if it holds one; what lies outside the image isn't looked at. A row of groups
 * for the OH · OW outputs, a column for the channels, a layer for the images.
 */
public final class MaxPool2d implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), MaxPool2d::pool, a.context(), a.scalars("x_off", "x_sn", "y_off", "y_sn", "H", "W",
                "OH", "OW", "KH", "KW", "row_first", "col_first", "row_step", "col_step", "row_tap", "col_tap"),
                a.floats("x"), a.floats("y"));
    }

    static void pool(KernelContext context, IntArray s, FloatArray x, FloatArray y) {
        int p = context.globalIdx;
        int height = s.get(4);
        int width = s.get(5);
        int outputs = s.get(6) * s.get(7);
        if (p < outputs) {
            int plane = s.get(0) + context.groupIdz * s.get(1) + context.groupIdy * height * width;
            int row = p / s.get(7) * s.get(12) + s.get(10);
            int col = p % s.get(7) * s.get(13) + s.get(11);
            float best = Float.NEGATIVE_INFINITY;
            for (int u = 0; u < s.get(8); u++) {
                int i = row + u * s.get(14);
                for (int v = 0; v < s.get(9); v++) {
                    int j = col + v * s.get(15);
                    if (Range.outside(i, height) + Range.outside(j, width) == 0) {
                        float f = x.get(plane + i * width + j);
                        best = f != f ? f : f > best ? f : best;
                    }
                }
            }
            y.set(s.get(2) + context.groupIdz * s.get(3) + context.groupIdy * outputs + p, best);
        }
    }
}
