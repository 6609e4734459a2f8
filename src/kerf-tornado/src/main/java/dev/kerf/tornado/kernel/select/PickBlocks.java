package dev.kerf.tornado.kernel.select;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Errors;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task14;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link Pick} over many groups: what goes on of each part of a row of scores, after {@link Digits} has counted. bins (B, P,
 * blocks, ROW) are counts of the last pass. {@code blocks} groups for each part, a block of it each, which know from the
 * counts how many go on in the blocks before.
 */
public final class PickBlocks implements JavaKernel {
    private static final int MOST = 1024;
    private static final int LAST = 2;

    @Override
    @SuppressWarnings({"rawtypes", "unchecked"})
    public TaskPackage task(TaskArguments a) {
        // The scores are there twice, as floats and as ints: see Pick.
        Task14<KernelContext, IntArray, FloatArray, IntArray, IntArray, IntArray, IntArray, IntArray, IntArray, IntArray, IntArray, Float, Integer, Integer> code = PickBlocks::pick;
        return new TaskPackage(a.id(), (Task14) code, a.context(), a.scalars("scores_off", "picked_off", "keys_off",
                "found_off", "count_off", "node", "N", "row", "capacity", "bins_off", "blocks", "P", "K"), a.floats("scores"),
                a.floats("scores"), a.ints("count"), a.ints("spans"), a.ints("bins"), a.ints("picked"), a.ints("keys"),
                a.ints("found"),
                a.ints("errors"), a.real("threshold"), a.definition("SELECT"), a.definition("HAS_COUNT"));
    }

    static void pick(KernelContext context, IntArray s, FloatArray scores, IntArray bits, IntArray count, IntArray spans,
            IntArray bins, IntArray picked, IntArray keys, IntArray found, IntArray errors, float threshold, int select,
            int hasCount) {
        int[] totals = context.allocateIntLocalArray(MOST);
        int[] chosen = context.allocateIntLocalArray(4);
        int t = context.localIdx;
        int me = context.groupIdx;
        int b = context.groupIdy / s.get(11);
        int span = context.groupIdy % s.get(11) * 3;
        int group = context.localGroupSizeX;
        int blocks = s.get(10);
        int start = spans.get(span);
        int valid = spans.get(span + 1);
        int capacity = TornadoMath.min(s.get(8), valid);
        if (hasCount != 0) {
            valid = count.get(s.get(4) + b) * s.get(7);
        }
        int each = (valid + blocks - 1) / blocks;
        int from = TornadoMath.min(valid, each * me);
        int to = TornadoMath.min(valid, from + each);
        int first = s.get(0) + b * s.get(6) + start;
        int out = b * s.get(12) + spans.get(span + 2);
        int rows = s.get(9) + context.groupIdy * blocks * Keys.ROW;
        int cut = 0;
        int need = 0;
        int above = Keys.counted(bins, rows, me, Keys.ABOVE);
        int equal = 0;
        int all = capacity;
        if (select != 0) {
            int own = Keys.BINS / group;
            int top = Keys.BINS - 1 - t * own;
            int mine = 0;
            for (int e = 0; e < own; e++) {
                mine += Keys.counted(bins, rows, blocks, top - e);
            }
            totals[t] = mine;
            context.localBarrier();
            int left = capacity - Keys.counted(bins, rows, blocks, Keys.ABOVE);
            for (int k = 0; k < t; k++) {
                left -= totals[k];
            }
            for (int e = 0; e < own; e++) {
                int agree = Keys.counted(bins, rows, blocks, top - e);
                if (left > 0) {
                    if (left <= agree) {
                        chosen[0] = top - e;
                        chosen[1] = left;
                    }
                }
                left -= agree;
            }
            context.localBarrier();
            int digit = chosen[0];
            need = chosen[1];
            cut = bins.get(rows + Keys.CUT) | digit << Keys.shift(LAST);
            equal = Keys.counted(bins, rows, me, digit);
            // Those above in the blocks before, by this digit too.
            int larger = 0;
            for (int d = digit + 1 + t; d < Keys.BINS; d += group) {
                larger += Keys.counted(bins, rows, me, d);
            }
            totals[t] = larger;
            context.localBarrier();
            for (int k = 0; k < group; k++) {
                above += totals[k];
            }
            context.localBarrier();
        } else {
            all = Keys.counted(bins, rows, blocks, Keys.ABOVE);
        }
        for (int base = from; base < to; base += group) {
            int i = base + t;
            int key = 0;
            int mine = 0; // 1 if above, 1 << 16 if equal to the cut
            if (i < to) {
                key = Keys.of(bits.get(first + i));
                if (select != 0) {
                    mine = Keys.larger(key, cut) + (key == cut ? 1 << 16 : 0);
                } else {
                    mine = scores.get(first + i) > threshold ? 1 : 0;
                }
            }
            totals[t] = mine;
            context.localBarrier();
            for (int step = 1; step < group; step *= 2) {
                int before = 0;
                if (t >= step) {
                    before = totals[t - step];
                }
                context.localBarrier();
                totals[t] = totals[t] + before;
                context.localBarrier();
            }
            int before = totals[t] - mine;
            int equals = equal + (before >> 16);
            int at = above + (before & 0xFFFF) + TornadoMath.min(equals, need);
            int goes = (mine & 1) + (mine >> 16) * (equals < need ? 1 : 0);
            if (goes != 0) {
                if (at < capacity) {
                    picked.set(s.get(1) + out + at, start + i);
                    keys.set(s.get(2) + out + at, key);
                }
            }
            above += totals[group - 1] & 0xFFFF;
            equal += totals[group - 1] >> 16;
            context.localBarrier();
        }
        if (t + me == 0) {
            found.set(s.get(3) + context.groupIdy, TornadoMath.min(all, capacity));
            if (all > capacity) {
                Errors.raise(errors, Errors.CAPACITY, s.get(5), all);
            }
        }
    }
}
