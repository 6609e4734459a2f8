package dev.kerf.tornado.kernel.select;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Greedy suppression of boxes that overlap a better one of their group; boxes (B, M, 4) come in descending order of
 * score. groups (B, M), or (M) with groups_step 0; kept (B, most), ascending; found (B). HAS_COUNT: the first count[b]
 * boxes are valid. A box with a side below min_side or a NaN edge takes no part.
 *
 * <p>A group of work-items for each b takes as many boxes at a time as it has members: each is compared with all that
 * are kept already; then, in order, each that is left drops those after it in the tile; then the first work-item adds
 * what is left to the kept ones, until {@code most} are.
 */
public final class Nms implements JavaKernel {
    private static final int MOST = 256;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), Nms::suppress, a.context(), a.scalars("boxes_off", "groups_off", "kept_off",
                "found_off", "count_off", "M", "groups_step", "most"), a.floats("boxes"), a.ints("groups"),
                a.ints("count"), a.ints("kept"), a.ints("found"), a.real("threshold"), a.real("min_side"),
                a.definition("HAS_COUNT"));
    }

    static void suppress(KernelContext context, IntArray s, FloatArray boxes, IntArray groups, IntArray count,
            IntArray kept, IntArray found, float threshold, float minSide, int hasCount) {
        float[] left = context.allocateFloatLocalArray(MOST);
        float[] top = context.allocateFloatLocalArray(MOST);
        float[] right = context.allocateFloatLocalArray(MOST);
        float[] bottom = context.allocateFloatLocalArray(MOST);
        int[] kind = context.allocateIntLocalArray(MOST);
        int[] stays = context.allocateIntLocalArray(MOST);
        int[] total = context.allocateIntLocalArray(1);
        int t = context.localIdx;
        int b = context.groupIdy;
        int group = context.localGroupSizeX;
        int most = s.get(7);
        int first = s.get(0) + 4 * b * s.get(5);
        int firstGroup = s.get(1) + b * s.get(6);
        int to = s.get(2) + b * most;
        int n = s.get(5);
        if (hasCount != 0) {
            n = count.get(s.get(4) + b);
        }
        if (t == 0) {
            total[0] = 0;
        }
        context.localBarrier();
        int soFar = 0;
        for (int base = 0; base < n; base += group) {
            int i = base + t;
            int ok = 0;
            if (i < n) {
                left[t] = boxes.get(first + 4 * i);
                top[t] = boxes.get(first + 4 * i + 1);
                right[t] = boxes.get(first + 4 * i + 2);
                bottom[t] = boxes.get(first + 4 * i + 3);
                kind[t] = groups.get(firstGroup + i);
                ok = atLeast(right[t] - left[t], minSide) * atLeast(bottom[t] - top[t], minSide);
            }
            // The first round is with the kept boxes, the others with one box of the tile each.
            for (int k = 0; k < soFar; k++) {
                if (ok != 0) {
                    int j = kept.get(to + k);
                    if (groups.get(firstGroup + j) == kind[t]) {
                        ok = 1 - overlaps(left[t], top[t], right[t], bottom[t], boxes.get(first + 4 * j),
                                boxes.get(first + 4 * j + 1), boxes.get(first + 4 * j + 2),
                                boxes.get(first + 4 * j + 3), threshold);
                    }
                }
            }
            stays[t] = ok;
            context.localBarrier();
            for (int j = 0; j < group - 1; j++) {
                if (t > j) {
                    if (stays[j] * stays[t] != 0) {
                        if (kind[j] == kind[t]) {
                            stays[t] = 1 - overlaps(left[t], top[t], right[t], bottom[t], left[j], top[j], right[j],
                                    bottom[j], threshold);
                        }
                    }
                }
                context.localBarrier();
            }
            if (t == 0) {
                int at = total[0];
                for (int j = 0; j < group; j++) {
                    if (stays[j] != 0) {
                        if (at < most) {
                            kept.set(to + at, base + j);
                            at++;
                        }
                    }
                }
                total[0] = at;
            }
            context.globalBarrier();
            context.localBarrier();
            soFar = total[0];
            // Enough are kept: this was the last round.
            n = soFar < most ? n : 0;
            context.localBarrier();
        }
        if (t == 0) {
            found.set(s.get(3) + b, total[0]);
        }
    }

    /** 1 where a ≥ b; of NaN TornadoVM would say so, too. */
    static int atLeast(float a, float b) {
        return a > b ? 1 : a == b ? 1 : 0;
    }

    /** 1 where the IoU of two boxes is above the threshold. */
    static int overlaps(float left, float top, float right, float bottom, float x0, float y0, float x1, float y1,
            float threshold) {
        float w = TornadoMath.max(0f, TornadoMath.min(right, x1) - TornadoMath.max(left, x0));
        float h = TornadoMath.max(0f, TornadoMath.min(bottom, y1) - TornadoMath.max(top, y0));
        float both = w * h;
        float all = (right - left) * (bottom - top) + (x1 - x0) * (y1 - y0) - both;
        return both / all > threshold ? 1 : 0;
    }
}
