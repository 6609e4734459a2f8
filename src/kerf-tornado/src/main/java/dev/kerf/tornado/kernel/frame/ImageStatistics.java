package dev.kerf.tornado.kernel.frame;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Pair;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Mean, or from the mean and the sums of squares mean and standard deviation, of each plane. LAST: 0 makes mean from
 * sums of x, 1 makes y from mean and sums of squares. x (planes, parts, 2) and mean (planes, 2) {@linkplain Pair
 * pairs} of floats, y (planes, 2). A work-item for each plane.
 */
public final class ImageStatistics implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), ImageStatistics::imageStatistics, a.context(), a.scalars("x_off", "mean_off",
                "y_off", "planes", "parts", "pixels"), a.floats("x"), a.floats("mean"), a.floats("y"),
                a.definition("LAST"));
    }

    static void imageStatistics(KernelContext context, IntArray s, FloatArray x, FloatArray mean, FloatArray y,
            int last) {
        int plane = context.globalIdx;
        if (plane < s.get(3)) {
            int parts = s.get(4);
            int pixels = s.get(5);
            float high = 0;
            float low = 0;
            for (int p = 0; p < parts; p++) {
                int at = s.get(0) + 2 * (plane * parts + p);
                float v = x.get(at);
                float sum = high + v;
                low += x.get(at + 1);
                low += Pair.lost(high, v, sum);
                high = sum;
            }
            float total = high + low;
            float rest = Pair.lost(high, low, total);
            // (total + rest) / pixels, the count a pair too: a rough quotient, and what it leaves divided again.
            float count = pixels;
            float countRest = pixels - (int) count;
            float quotient = total / count;
            rest = (Pair.fma(0 - quotient, count, total) + (rest - quotient * countRest)) / count;
            int of = s.get(1) + 2 * plane;
            if (last != 0) {
                float root = quotient > 0 ? TornadoMath.sqrt(quotient) : 0;
                if (root > 0) {
                    root += (Pair.fma(0 - root, root, quotient) + rest) / (2 * root);
                }
                float middle = mean.get(of) + mean.get(of + 1);
                // A plane of fewer than 2^31 pixels of which but one differs by one float deviates by more: what is
                // less is the mean's own rounding, and the plane is of one value.
                float least = TornadoMath.abs(middle) * 9.094947e-13f;
                y.set(s.get(2) + 2 * plane, middle);
                // The difference is 0, but NaN where the squares aren't finite.
                y.set(s.get(2) + 2 * plane + 1, (root < least ? 0 : root) + (quotient - quotient));
            } else {
                mean.set(of, quotient);
                mean.set(of + 1, rest);
            }
        }
    }
}
