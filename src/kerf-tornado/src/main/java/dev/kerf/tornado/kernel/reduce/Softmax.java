package dev.kerf.tornado.kernel.reduce;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * y[o, k, i] = exp(x[o, k, i] − max over k) / sum of these over k: a group for each of outer · inner rows of n elements,
 * inner apart. With HAS_COUNT only the first count[o] of them take part; the others aren't written.
 */
public final class Softmax implements JavaKernel {
    private static final int MOST = 256;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), Softmax::softmax, a.context(), a.scalars("x_off", "y_off", "count_off", "n",
                "inner"), a.floats("x"), a.floats("y"), a.ints("count"), a.definition("HAS_COUNT"));
    }

    static void softmax(KernelContext context, IntArray s, FloatArray x, FloatArray y, IntArray count, int hasCount) {
        float[] part = context.allocateFloatLocalArray(MOST);
        int t = context.localIdx;
        int row = context.groupIdx;
        int group = context.localGroupSizeX;
        int n = s.get(3);
        int inner = s.get(4);
        int first = row / inner * n * inner + row % inner;
        int valid = n;
        if (hasCount != 0) {
            valid = count.get(s.get(2) + row / inner);
        }
        float most = Float.NEGATIVE_INFINITY;
        for (int k = t; k < valid; k += group) {
            float v = x.get(s.get(0) + first + k * inner);
            most = v > most ? v : most;
        }
        part[t] = most;
        for (int step = group / 2; step > 0; step /= 2) {
            context.localBarrier();
            if (t < step) {
                part[t] = part[t + step] > part[t] ? part[t + step] : part[t];
            }
        }
        context.localBarrier();
        most = part[0];
        context.localBarrier();
        float sum = 0;
        for (int k = t; k < valid; k += group) {
            sum += TornadoMath.exp(x.get(s.get(0) + first + k * inner) - most);
        }
        part[t] = sum;
        for (int step = group / 2; step > 0; step /= 2) {
            context.localBarrier();
            if (t < step) {
                part[t] = part[t] + part[t + step];
            }
        }
        context.localBarrier();
        sum = part[0];
        for (int k = t; k < valid; k += group) {
            y.set(s.get(1) + first + k * inner, TornadoMath.exp(x.get(s.get(0) + first + k * inner) - most) / sum);
        }
    }
}
