package dev.kerf.tornado.kernel.select;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Errors;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Ascending indices of the scores above a threshold, and how many there are. HAS_COUNT: of the R scores, the first *count
 * are valid. More than {@code capacity} raise an error; the number found is then the capacity, so that later kernels stay
 * within bounds.
 *
 * <p>One group of work-items walks over the scores, one each at a time: each counts those that pass before its own
 * (Hillis and Steele's scan), so that the order is the same each time.
 */
public final class Compact implements JavaKernel {
    private static final int MOST = 256;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), Compact::compact, a.context(), a.scalars("scores_off", "indices_off", "found_off",
                "count_off", "node", "R", "capacity"), a.floats("scores"), a.ints("count"), a.ints("indices"),
                a.ints("found"), a.ints("errors"), a.real("threshold"), a.definition("HAS_COUNT"));
    }

    static void compact(KernelContext context, IntArray s, FloatArray scores, IntArray count, IntArray indices,
            IntArray found, IntArray errors, float threshold, int hasCount) {
        int[] sums = context.allocateIntLocalArray(MOST);
        int t = context.localIdx;
        int group = context.localGroupSizeX;
        int capacity = s.get(6);
        int valid = s.get(5);
        if (hasCount != 0) {
            valid = count.get(s.get(3));
        }
        int total = 0;
        for (int base = 0; base < valid; base += group) {
            int i = base + t;
            int passes = 0;
            if (i < valid) {
                passes = scores.get(s.get(0) + i) > threshold ? 1 : 0;
            }
            sums[t] = passes;
            context.localBarrier();
            for (int step = 1; step < group; step *= 2) {
                int before = 0;
                if (t >= step) {
                    before = sums[t - step];
                }
                context.localBarrier();
                sums[t] = sums[t] + before;
                context.localBarrier();
            }
            int at = total + sums[t] - passes;
            if (passes != 0) {
                if (at < capacity) {
                    indices.set(s.get(1) + at, i);
                }
            }
            total += sums[group - 1];
            context.localBarrier();
        }
        if (t == 0) {
            found.set(s.get(2), TornadoMath.min(total, capacity));
            if (total > capacity) {
                Errors.raise(errors, Errors.CAPACITY, s.get(4), total);
            }
        }
    }
}
