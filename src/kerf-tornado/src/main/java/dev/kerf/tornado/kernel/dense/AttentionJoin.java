package dev.kerf.tornado.kernel.dense;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/**
 * What parts of the keys give, as {@link Attention} leaves it, joined in the order of the parts: sums of partial (parts, B,
 * heads, LQ, DV + 2), scaled to the largest score of all, over the sum of weights, scaled likewise. A work-item for each number of
 * y (B, heads, LQ, DV).
 */
public final class AttentionJoin implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), AttentionJoin::join, a.context(), a.scalars("partial_off", "y_off", "y_sn", "has_places",
                "B", "heads", "LQ", "LK", "DV", "parts"), a.floats("partial"), a.longs("places"), a.floats("y"));
    }

    static void join(KernelContext context, IntArray s, FloatArray partial, LongArray places, FloatArray y) {
        int heads = s.get(5);
        int queries = s.get(6);
        int columns = s.get(8);
        int parts = s.get(9);
        int e = context.globalIdx;
        if (e < queries * columns) {
            int row = e / columns;
            int column = e % columns;
            int item = context.groupIdz * heads + context.groupIdy;
            int step = s.get(4) * heads * queries * (columns + 2);
            int first = s.get(0) + (item * queries + row) * (columns + 2);
            float most = Float.NEGATIVE_INFINITY;
            for (int p = 0; p < parts; p++) {
                most = TornadoMath.max(most, partial.get(first + p * step + columns));
            }
            // A query without a score above −inf: −inf − −inf would be NaN.
            float base = most == Float.NEGATIVE_INFINITY ? 0 : most;
            float sum = 0;
            float total = 0;
            for (int p = 0; p < parts; p++) {
                int at = first + p * step;
                float shrink = TornadoMath.exp(partial.get(at + columns) - base);
                sum = shrink * partial.get(at + column) + sum;
                total = shrink * partial.get(at + columns + 1) + total;
            }
            int start = Attention.place(places, s.get(3), 2 * (queries + s.get(7)) + s.get(4) * heads + item,
                    context.groupIdz * s.get(2) + context.groupIdy * queries * columns);
            int to = s.get(1) + start + Attention.row(places, s.get(3), queries, row, columns) + column;
            // Without a key nothing was summed: 0 / 1.
            y.set(to, sum / (total == 0 ? 1 : total));
        }
    }
}
