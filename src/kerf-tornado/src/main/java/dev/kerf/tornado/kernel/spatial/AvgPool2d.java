package dev.kerf.tornado.kernel.spatial;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The mean of each window. INCLUDE_PAD: whether the padding, but not what reaches past it, counts as zeros; a window
 * without an element gives 0. Launched as {@link MaxPool2d}.
 */
public final class AvgPool2d implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), AvgPool2d::pool, a.context(), a.scalars("x_off", "x_sn", "y_off", "y_sn", "H", "W",
                "OH", "OW", "KH", "KW", "row_first", "col_first", "row_step", "col_step", "row_pad", "col_pad"),
                a.floats("x"), a.floats("y"), a.definition("INCLUDE_PAD"));
    }

    static void pool(KernelContext context, IntArray s, FloatArray x, FloatArray y, int includePad) {
        int p = context.globalIdx;
        int height = s.get(4);
        int width = s.get(5);
        int outputs = s.get(6) * s.get(7);
        if (p < outputs) {
            int plane = s.get(0) + context.groupIdz * s.get(1) + context.groupIdy * height * width;
            int above = p / s.get(7) * s.get(12) + s.get(10);
            int before = p % s.get(7) * s.get(13) + s.get(11);
            int below = TornadoMath.min(above + s.get(8), height + s.get(14));
            int after = TornadoMath.min(before + s.get(9), width + s.get(15));
            int top = TornadoMath.max(above, 0);
            int left = TornadoMath.max(before, 0);
            int rows = TornadoMath.max(TornadoMath.min(below, height) - top, 0);
            int columns = TornadoMath.max(TornadoMath.min(after, width) - left, 0);
            float sum = 0;
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    sum += x.get(plane + (top + i) * width + left + j);
                }
            }
            int count = includePad != 0 ? (below - above) * (after - before) : rows * columns;
            y.set(s.get(2) + context.groupIdz * s.get(3) + context.groupIdy * outputs + p,
                    rows * columns == 0 ? 0 : sum / count);
        }
    }
}
