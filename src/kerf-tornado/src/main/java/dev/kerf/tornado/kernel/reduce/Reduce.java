package dev.kerf.tornado.kernel.reduce;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * y = sum, mean, largest or smallest of x over some axes: a group makes one of {@code outer} results out of
 * {@code inner} elements. Kept axes have extents k1 … k3 and strides ks1 … ks3 in x, reduced ones r1 … r3 and rs1 …
 * rs3; the last is fastest. REDUCTION: as {@link dev.kerf.graph.ReduceOp.Reduction} numbers them. HAS_COUNT: the
 * element at offset e of x is valid if e / spread % extent &lt; count[e / spread / extent]. Parts of a group are added
 * in a tree: the same order each time.
 */
public final class Reduce implements JavaKernel {
    private static final int MOST = 256;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), Reduce::reduce, a.context(), a.scalars("x_off", "y_off", "count_off", "inner",
                "k2", "k3", "r2", "r3", "ks1", "ks2", "ks3", "rs1", "rs2", "rs3", "extent", "spread"), a.floats("x"),
                a.floats("y"), a.ints("count"), a.definition("REDUCTION"), a.definition("HAS_COUNT"));
    }

    static void reduce(KernelContext context, IntArray s, FloatArray x, FloatArray y, IntArray count, int reduction,
            int hasCount) {
        float[] parts = context.allocateFloatLocalArray(MOST);
        int[] counts = context.allocateIntLocalArray(MOST);
        int t = context.localIdx;
        int o = context.groupIdx;
        int group = context.localGroupSizeX;
        int inner = s.get(3);
        int k2 = s.get(4);
        int k3 = s.get(5);
        int r2 = s.get(6);
        int r3 = s.get(7);
        int base = o / k3 / k2 * s.get(8) + o / k3 % k2 * s.get(9) + o % k3 * s.get(10);
        float part = reduction == 2 ? Float.NEGATIVE_INFINITY : reduction == 3 ? Float.POSITIVE_INFINITY : 0;
        int elements = 0;
        for (int i = t; i < inner; i += group) {
            int e = base + i / r3 / r2 * s.get(11) + i / r3 % r2 * s.get(12) + i % r3 * s.get(13);
            if (hasCount == 0) {
                part = combine(reduction, part, x.get(s.get(0) + e));
                elements++;
            } else {
                int item = e / s.get(15);
                if (item % s.get(14) < count.get(s.get(2) + item / s.get(14))) {
                    part = combine(reduction, part, x.get(s.get(0) + e));
                    elements++;
                }
            }
        }
        parts[t] = part;
        counts[t] = elements;
        for (int step = group / 2; step > 0; step /= 2) {
            context.localBarrier();
            if (t < step) {
                parts[t] = combine(reduction, parts[t], parts[t + step]);
                counts[t] = counts[t] + counts[t + step];
            }
        }
        if (t == 0) {
            y.set(s.get(1) + o, reduction == 1 ? parts[0] / counts[0] : parts[0]);
        }
    }

    private static float combine(int reduction, float a, float b) {
        float y;
        if (reduction == 2) {
            y = a != a ? a : b != b ? b : a > b ? a : b;
        } else if (reduction == 3) {
            y = a != a ? a : b != b ? b : a < b ? a : b;
        } else {
            y = a + b;
        }
        return y;
    }
}
