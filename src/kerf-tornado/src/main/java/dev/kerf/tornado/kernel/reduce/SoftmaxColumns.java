package dev.kerf.tornado.kernel.reduce;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link Softmax} for rows whose elements lie apart: neighbouring work-items make neighbouring rows. SLICES work-items
 * share a row.
 */
public final class SoftmaxColumns implements JavaKernel {
    private static final int MOST = 256;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), SoftmaxColumns::softmax, a.context(), a.scalars("x_off", "y_off", "count_off",
                "outer", "n", "inner"), a.floats("x"), a.floats("y"), a.ints("count"), a.definition("HAS_COUNT"),
                a.definition("SLICES"));
    }

    static void softmax(KernelContext context, IntArray s, FloatArray x, FloatArray y, IntArray count, int hasCount,
            int slices) {
        float[] part = context.allocateFloatLocalArray(MOST);
        int t = context.localIdx;
        int rows = context.localGroupSizeX / slices;
        int slice = t / rows;
        int own = context.groupIdx * rows + t % rows;
        int n = s.get(4);
        int inner = s.get(5);
        // Past the last row the last one is worked out again: all come to the barriers.
        int row = TornadoMath.min(own, s.get(3) * inner - 1);
        int first = row / inner * n * inner + row % inner;
        int valid = n;
        if (hasCount != 0) {
            valid = count.get(s.get(2) + row / inner);
        }
        float most = Float.NEGATIVE_INFINITY;
        for (int k = slice; k < valid; k += slices) {
            float v = x.get(s.get(0) + first + k * inner);
            most = v > most ? v : most;
        }
        part[t] = most;
        context.localBarrier();
        most = part[t % rows];
        for (int i = 1; i < slices; i++) {
            float other = part[i * rows + t % rows];
            most = other > most ? other : most;
        }
        context.localBarrier();
        float sum = 0;
        for (int k = slice; k < valid; k += slices) {
            sum += TornadoMath.exp(x.get(s.get(0) + first + k * inner) - most);
        }
        part[t] = sum;
        context.localBarrier();
        sum = part[t % rows];
        for (int i = 1; i < slices; i++) {
            sum += part[i * rows + t % rows];
        }
        if (own == row) {
            for (int k = slice; k < valid; k += slices) {
                y.set(s.get(1) + first + k * inner, TornadoMath.exp(x.get(s.get(0) + first + k * inner) - most) / sum);
            }
        }
    }
}
