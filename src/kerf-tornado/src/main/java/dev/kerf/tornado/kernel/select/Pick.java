package dev.kerf.tornado.kernel.select;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Errors;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task13;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Which elements of each part of a row of scores (B, N) go on, in order of index: SELECT 0, those above a threshold; more
 * than {@code capacity} raise an error. SELECT 1, the {@code capacity} largest, or all there are; of equals those of the
 * lowest indices, and a NaN is larger than any number. spans (P, 3): where each of the P parts begins, how many scores it
 * has, and where its results begin. HAS_COUNT: P is 1, and the first count[b] · row of a row are valid. picked, keys (B, K),
 * found (B, P); a group of work-items for each part.
 *
 * <p>The k-th largest key ({@link Keys}) is found digit by digit of 4 bits, counting how many keys have each; each work-item has
 * its own counts, since TornadoVM's atomics on local memory reach the first element alone.
 */
public final class Pick implements JavaKernel {
    private static final int MOST = 512;
    private static final int BINS = 16;

    @Override
    @SuppressWarnings({"rawtypes", "unchecked"})
    public TaskPackage task(TaskArguments a) {
        // TornadoVM has no method that reads a float's bits, but goes by the parameters of a kernel, not by what it is
        // handed: the scores are there twice, as floats and as ints.
        if (a.definition("GROUP") > MOST) {
            throw new IllegalArgumentException("GROUP is " + a.definition("GROUP") + ", at most " + MOST + " are possible");
        }
        Task13<KernelContext, IntArray, FloatArray, IntArray, IntArray, IntArray, IntArray, IntArray, IntArray, IntArray, Float, Integer, Integer> code = Pick::pick;
        return new TaskPackage(a.id(), (Task13) code, a.context(), a.scalars("scores_off", "picked_off", "keys_off",
                "found_off", "count_off", "node", "N", "row", "capacity", "P", "K"), a.floats("scores"), a.floats("scores"),
                a.ints("count"), a.ints("spans"), a.ints("picked"), a.ints("keys"), a.ints("found"), a.ints("errors"),
                a.real("threshold"), a.definition("SELECT"), a.definition("HAS_COUNT"));
    }

    static void pick(KernelContext context, IntArray s, FloatArray scores, IntArray bits, IntArray count, IntArray spans,
            IntArray picked, IntArray keys, IntArray found, IntArray errors, float threshold, int select, int hasCount) {
        int[] bins = context.allocateIntLocalArray(BINS * MOST);
        int[] sums = context.allocateIntLocalArray(MOST);
        int[] chosen = context.allocateIntLocalArray(2);
        int t = context.localIdx;
        int b = context.groupIdy / s.get(9);
        int span = context.groupIdy % s.get(9) * 3;
        int group = context.localGroupSizeX;
        int start = spans.get(span);
        int valid = spans.get(span + 1);
        int capacity = TornadoMath.min(s.get(8), valid);
        int first = s.get(0) + b * s.get(6) + start;
        int to = b * s.get(10) + spans.get(span + 2);
        if (hasCount != 0) {
            valid = count.get(s.get(4) + b) * s.get(7);
        }
        int cut = 0;
        int need = 0;
        if (select != 0) {
            need = capacity;
            for (int shift = 28; shift >= 0; shift -= 4) {
                for (int d = 0; d < BINS; d++) {
                    bins[d * group + t] = 0;
                }
                for (int i = t; i < valid; i += group) {
                    int key = Keys.of(bits.get(first + i));
                    if (above(key, shift) == above(cut, shift)) {
                        int bin = (key >>> shift & BINS - 1) * group + t;
                        bins[bin] = bins[bin] + 1;
                    }
                }
                context.localBarrier();
                if (t == 0) {
                    int left = need;
                    int d = BINS - 1;
                    int going = 1;
                    for (int i = BINS - 1; i >= 0; i--) {
                        int all = 0;
                        for (int k = 0; k < group; k++) {
                            all += bins[i * group + k];
                        }
                        // The lowest digit takes what is left.
                        going *= all < left ? i > 0 ? 1 : 0 : 0;
                        left -= going * all;
                        d -= going;
                    }
                    chosen[0] = d;
                    chosen[1] = left;
                }
                context.localBarrier();
                cut = cut | chosen[0] << shift;
                need = chosen[1];
                context.localBarrier();
            }
        }
        int above = 0;
        int equal = 0;
        for (int base = 0; base < valid; base += group) {
            int i = base + t;
            int key = 0;
            int mine = 0; // 1 if above, 1 << 16 if equal to the cut
            if (i < valid) {
                key = Keys.of(bits.get(first + i));
                if (select != 0) {
                    mine = Keys.larger(key, cut) + (key == cut ? 1 << 16 : 0);
                } else {
                    mine = scores.get(first + i) > threshold ? 1 : 0;
                }
            }
            sums[t] = mine;
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
            int before = sums[t] - mine;
            int equals = equal + (before >> 16);
            int at = above + (before & 0xFFFF) + TornadoMath.min(equals, need);
            int goes = (mine & 1) + (mine >> 16) * (equals < need ? 1 : 0);
            if (goes != 0) {
                if (at < capacity) {
                    picked.set(s.get(1) + to + at, start + i);
                    keys.set(s.get(2) + to + at, key);
                }
            }
            above += sums[group - 1] & 0xFFFF;
            equal += sums[group - 1] >> 16;
            context.localBarrier();
        }
        if (t == 0) {
            int all = above + TornadoMath.min(equal, need);
            found.set(s.get(3) + context.groupIdy, TornadoMath.min(all, capacity));
            if (all > capacity) {
                Errors.raise(errors, Errors.CAPACITY, s.get(5), all);
            }
        }
    }

    /** The digits of a key above one. */
    private static int above(int key, int shift) {
        return shift == 28 ? 0 : key >>> (shift + 4);
    }
}
