package dev.kerf.tornado.kernel.reduce;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * y[o, c, i] = (x[o, c, i] − mean) / √(variance + eps) · w[c] + b[c], mean and variance over c: a group for each of
 * outer · inner rows of n elements, inner apart.
 */
public final class LayerNorm implements JavaKernel {
    private static final int MOST = 256;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), LayerNorm::normalise, a.context(), a.scalars("x_off", "w_off", "b_off", "y_off",
                "n", "inner"), a.floats("x"), a.floats("w"), a.floats("b"), a.floats("y"), a.real("eps"));
    }

    static void normalise(KernelContext context, IntArray s, FloatArray x, FloatArray w, FloatArray b, FloatArray y,
            float eps) {
        float[] part = context.allocateFloatLocalArray(MOST);
        int t = context.localIdx;
        int row = context.groupIdx;
        int group = context.localGroupSizeX;
        int n = s.get(4);
        int inner = s.get(5);
        int first = row / inner * n * inner + row % inner;
        float sum = 0;
        for (int c = t; c < n; c += group) {
            sum += x.get(s.get(0) + first + c * inner);
        }
        part[t] = sum;
        for (int step = group / 2; step > 0; step /= 2) {
            context.localBarrier();
            if (t < step) {
                part[t] = part[t] + part[t + step];
            }
        }
        context.localBarrier();
        float mean = part[0] / n;
        context.localBarrier();
        float squares = 0;
        for (int c = t; c < n; c += group) {
            float d = x.get(s.get(0) + first + c * inner) - mean;
            squares += d * d;
        }
        part[t] = squares;
        for (int step = group / 2; step > 0; step /= 2) {
            context.localBarrier();
            if (t < step) {
                part[t] = part[t] + part[t + step];
            }
        }
        context.localBarrier();
        // The difference is 0, but NaN where float32 can't hold the squares.
        float scale = 1 / TornadoMath.sqrt(part[0] / n + eps) + (part[0] - part[0]);
        for (int c = t; c < n; c += group) {
            float d = x.get(s.get(0) + first + c * inner) - mean;
            y.set(s.get(3) + first + c * inner, d * scale * w.get(s.get(1) + c) + b.get(s.get(2) + c));
        }
    }
}
