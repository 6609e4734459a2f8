package dev.kerf.tornado.kernel.spatial;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * y[p, q] = Σ row_weight[p, s] · col_weight[q, t] · x[row_index[p, s], col_index[q, t]]: an image at another size, by
 * tables that say of which rows and columns each output is made. TAPS: how many there are both ways, 0 if only the
 * arguments tell. What has no weight isn't looked at. Launched as {@link MaxPool2d}.
 */
public final class Resize implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), Resize::resize, a.context(), a.scalars("x_off", "x_sn", "y_off", "y_sn", "H", "W",
                "OH", "OW", "row_taps", "col_taps"), a.floats("x"), a.ints("row_index"), a.floats("row_weight"),
                a.ints("col_index"), a.floats("col_weight"), a.floats("y"), a.definition("TAPS"));
    }

    static void resize(KernelContext context, IntArray s, FloatArray x, IntArray rowIndex, FloatArray rowWeight,
            IntArray columnIndex, FloatArray columnWeight, FloatArray y, int taps) {
        int p = context.globalIdx;
        int width = s.get(5);
        int outputs = s.get(6) * s.get(7);
        if (p < outputs) {
            int plane = s.get(0) + context.groupIdz * s.get(1) + context.groupIdy * s.get(4) * width;
            int rowTaps = taps > 0 ? taps : s.get(8);
            int columnTaps = taps > 0 ? taps : s.get(9);
            int row = p / s.get(7) * rowTaps;
            int column = p % s.get(7) * columnTaps;
            float sum = 0;
            for (int u = 0; u < rowTaps; u++) {
                float part = rowWeight.get(row + u);
                int line = plane + rowIndex.get(row + u) * width;
                for (int v = 0; v < columnTaps; v++) {
                    float weight = part * columnWeight.get(column + v);
                    if (weight != 0) {
                        sum = weight * x.get(line + columnIndex.get(column + v)) + sum;
                    }
                }
            }
            y.set(s.get(2) + context.groupIdz * s.get(3) + context.groupIdy * outputs + p, sum);
        }
    }
}
