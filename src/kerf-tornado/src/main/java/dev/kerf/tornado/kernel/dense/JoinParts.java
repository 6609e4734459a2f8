package dev.kerf.tornado.kernel.dense;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Activations;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Sums of parts of the terms, (parts, N, rows, columns) as {@link Conv2dParts} and {@link MatmulParts} leave them, added up in the
 * order of the parts; y and r are (N, rows, y_plane).
 */
public final class JoinParts implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), JoinParts::join, a.context(), a.scalars("partial_off", "b_off", "r_off", "r_sn", "y_off",
                "y_sn", "N", "rows", "columns", "parts", "b_row", "b_column", "Q", "y_plane", "y_width", "y_row_first",
                "y_col_first", "y_row_step", "y_col_step", "act", "has_bias", "has_residual"), a.floats("partial"),
                a.floats("b"), a.floats("r"), a.floats("y"));
    }

    static void join(KernelContext context, IntArray s, FloatArray partial, FloatArray b, FloatArray r, FloatArray y) {
        int element = context.globalIdx;
        int n = context.groupIdy;
        int columns = s.get(8);
        int all = s.get(7) * columns;
        if (element < all) {
            int m = element / columns;
            int e = element % columns;
            int across = s.get(12);
            float sum = 0;
            for (int p = 0; p < s.get(9); p++) {
                sum += partial.get(s.get(0) + (p * s.get(6) + n) * all + element);
            }
            int at = m * s.get(13) + (e / across * s.get(17) + s.get(15)) * s.get(14) + e % across * s.get(18) + s.get(16);
            if (s.get(20) != 0) {
                sum += b.get(s.get(1) + m * s.get(10) + e * s.get(11));
            }
            if (s.get(21) != 0) {
                sum += r.get(s.get(2) + n * s.get(3) + at);
            }
            y.set(s.get(4) + n * s.get(5) + at, Activations.activate(s.get(19), sum));
        }
    }
}
