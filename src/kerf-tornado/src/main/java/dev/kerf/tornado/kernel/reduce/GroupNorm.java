package dev.kerf.tornado.kernel.reduce;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * y = (x − mean) / √(variance + eps) · w[c] + b[c], mean and variance over the C / groups channels of a group and all of
 * their {@code inner} pixels: a row of groups of work-items for the groups of channels, a column for the images.
 */
public final class GroupNorm implements JavaKernel {
    private static final int MOST = 512;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), GroupNorm::normalise, a.context(), a.scalars("x_off", "x_sn", "w_off", "b_off",
                "y_off", "y_sn", "C", "groups", "inner"), a.floats("x"), a.floats("w"), a.floats("b"), a.floats("y"),
                a.real("eps"));
    }

    static void normalise(KernelContext context, IntArray s, FloatArray x, FloatArray w, FloatArray b, FloatArray y,
            float eps) {
        float[] part = context.allocateFloatLocalArray(MOST);
        int t = context.localIdx;
        int group = context.localGroupSizeX;
        int channels = s.get(6) / s.get(7);
        int inner = s.get(8);
        int first = context.groupIdx * channels;
        int n = channels * inner;
        int from = s.get(0) + context.groupIdy * s.get(1) + first * inner;
        int to = s.get(4) + context.groupIdy * s.get(5) + first * inner;
        float sum = 0;
        for (int i = t; i < n; i += group) {
            sum += x.get(from + i);
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
        for (int i = t; i < n; i += group) {
            float d = x.get(from + i) - mean;
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
        for (int c = 0; c < channels; c++) {
            float weight = w.get(s.get(2) + first + c) * scale;
            float bias = b.get(s.get(3) + first + c);
            for (int i = t; i < inner; i += group) {
                y.set(to + c * inner + i, (x.get(from + c * inner + i) - mean) * weight + bias);
            }
        }
    }
}
