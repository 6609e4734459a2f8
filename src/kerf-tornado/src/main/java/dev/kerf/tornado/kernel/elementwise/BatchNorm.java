package dev.kerf.tornado.kernel.elementwise;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * y = (x − mean[c]) / √(var[c] + eps) · w[c] + b[c] with the statistics of training: ITEMS elements a work-item, a column
 * of groups for the channels, a layer for the images.
 */
public final class BatchNorm implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), BatchNorm::normalise, a.context(), a.scalars("x_off", "x_sn", "w_off", "b_off",
                "mean_off", "var_off", "y_off", "y_sn", "inner"), a.floats("x"), a.floats("w"), a.floats("b"),
                a.floats("mean"), a.floats("var"), a.floats("y"), a.real("eps"), a.definition("ITEMS"));
    }

    static void normalise(KernelContext context, IntArray s, FloatArray x, FloatArray w, FloatArray b, FloatArray means,
            FloatArray variances, FloatArray y, float eps, int items) {
        int c = context.groupIdy;
        int inner = s.get(8);
        int from = s.get(0) + context.groupIdz * s.get(1) + c * inner;
        int to = s.get(6) + context.groupIdz * s.get(7) + c * inner;
        float scale = w.get(s.get(2) + c) / TornadoMath.sqrt(variances.get(s.get(5) + c) + eps);
        float mean = means.get(s.get(4) + c);
        float bias = b.get(s.get(3) + c);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (x.get(from + i) - mean) * scale + bias);
            }
        }
    }
}
