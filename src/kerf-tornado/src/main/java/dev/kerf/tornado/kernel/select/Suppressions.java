package dev.kerf.tornado.kernel.select;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Which later boxes each box suppresses if it is kept: boxes (B, M, 4), groups and HAS_COUNT as {@link Nms} says, bits
 * (B, M, ⌈M / 32⌉) words, the first box in the highest bit. Bit j of row i: j > i, of i's group, with an IoU above the
 * threshold; bit i: box i takes no part. Words past the valid boxes and in tiles below the diagonal aren't written.
 *
 * <p>A group for TILE boxes × TILE others of each b, a work-item for each box and word.
 */
public final class Suppressions implements JavaKernel {
    private static final int MOST = 128;
    static final int WORD = 32;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), Suppressions::suppress, a.context(), a.scalars("boxes_off", "groups_off", "bits_off",
                "count_off", "M", "groups_step"), a.floats("boxes"), a.ints("groups"), a.ints("count"), a.ints("bits"),
                a.real("threshold"), a.real("min_side"), a.definition("TILE"), a.definition("HAS_COUNT"));
    }

    static void suppress(KernelContext context, IntArray s, FloatArray boxes, IntArray groups, IntArray count, IntArray bits,
            float threshold, float minSide, int tile, int hasCount) {
        float[] left = context.allocateFloatLocalArray(MOST);
        float[] top = context.allocateFloatLocalArray(MOST);
        float[] right = context.allocateFloatLocalArray(MOST);
        float[] bottom = context.allocateFloatLocalArray(MOST);
        int[] kind = context.allocateIntLocalArray(MOST);
        int t = context.localIdx;
        int b = context.groupIdz;
        int i = context.groupIdy * tile + t % tile;
        int others = context.groupIdx * tile;
        int first = s.get(0) + 4 * b * s.get(4);
        int firstGroup = s.get(1) + b * s.get(5);
        int n = s.get(4);
        if (hasCount != 0) {
            n = count.get(s.get(3) + b);
        }
        if (t < tile) {
            if (others + t < n) {
                left[t] = boxes.get(first + 4 * (others + t));
                top[t] = boxes.get(first + 4 * (others + t) + 1);
                right[t] = boxes.get(first + 4 * (others + t) + 2);
                bottom[t] = boxes.get(first + 4 * (others + t) + 3);
                kind[t] = groups.get(firstGroup + others + t);
            }
        }
        context.localBarrier();
        int from = t / tile * WORD;
        int past = (i < n ? 0 : 1) + (others + from < n ? 0 : 1) + (context.groupIdx < context.groupIdy ? 1 : 0);
        if (past == 0) {
            float x0 = boxes.get(first + 4 * i);
            float y0 = boxes.get(first + 4 * i + 1);
            float x1 = boxes.get(first + 4 * i + 2);
            float y1 = boxes.get(first + 4 * i + 3);
            int group = groups.get(firstGroup + i);
            int takesPart = Nms.atLeast(x1 - x0, minSide) * Nms.atLeast(y1 - y0, minSide);
            int end = TornadoMath.min(from + WORD, n - others);
            int word = 0;
            if (takesPart != 0) {
                for (int k = TornadoMath.max(from, i + 1 - others); k < end; k++) {
                    if (kind[k] == group) {
                        word |= Nms.overlaps(x0, y0, x1, y1, left[k], top[k], right[k], bottom[k], threshold) << place(k);
                    }
                }
            } else {
                if (i >= others + from) {
                    if (i < others + end) {
                        word = 1 << place(i);
                    }
                }
            }
            int words = (s.get(4) + WORD - 1) / WORD;
            bits.set(s.get(2) + (b * s.get(4) + i) * words + (others + from) / WORD, word);
        }
    }

    /** Where the bit of a box stands in its word. */
    static int place(int box) {
        return WORD - 1 - box % WORD;
    }
}
