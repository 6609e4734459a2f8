package dev.kerf.tornado.kernel.reduce;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link LayerNorm} for rows whose elements lie apart: neighbouring work-items make neighbouring rows. SLICES work-items
 * share a row.
 */
public final class LayerNormColumns implements JavaKernel {
    private static final int MOST = 256;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), LayerNormColumns::normalise, a.context(), a.scalars("x_off", "w_off", "b_off",
                "y_off", "outer", "n", "inner"), a.floats("x"), a.floats("w"), a.floats("b"), a.floats("y"),
                a.real("eps"), a.definition("SLICES"));
    }

    static void normalise(KernelContext context, IntArray s, FloatArray x, FloatArray w, FloatArray b, FloatArray y,
            float eps, int slices) {
        float[] part = context.allocateFloatLocalArray(MOST);
        int t = context.localIdx;
        int rows = context.localGroupSizeX / slices;
        int slice = t / rows;
        int own = context.groupIdx * rows + t % rows;
        int n = s.get(5);
        int inner = s.get(6);
        // Past the last row the last one is worked out again: all come to the barriers.
        int row = TornadoMath.min(own, s.get(4) * inner - 1);
        int first = row / inner * n * inner + row % inner;
        float sum = 0;
        for (int c = slice; c < n; c += slices) {
            sum += x.get(s.get(0) + first + c * inner);
        }
        part[t] = sum;
        context.localBarrier();
        sum = part[t % rows];
        for (int i = 1; i < slices; i++) {
            sum += part[i * rows + t % rows];
        }
        float mean = sum / n;
        context.localBarrier();
        float squares = 0;
        for (int c = slice; c < n; c += slices) {
            float d = x.get(s.get(0) + first + c * inner) - mean;
            squares += d * d;
        }
        part[t] = squares;
        context.localBarrier();
        squares = part[t % rows];
        for (int i = 1; i < slices; i++) {
            squares += part[i * rows + t % rows];
        }
        // The difference is 0, but NaN where float32 can't hold the squares.
        float scale = 1 / TornadoMath.sqrt(squares / n + eps) + (squares - squares);
        if (own == row) {
            for (int c = slice; c < n; c += slices) {
                float d = x.get(s.get(0) + first + c * inner) - mean;
                y.set(s.get(3) + first + c * inner, d * scale * w.get(s.get(1) + c) + b.get(s.get(2) + c));
            }
        }
    }
}
