package dev.kerf.tornado.kernel.select;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task11;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * How many scores of each block of a part of a row (B, N) have which digit: one pass of {@link PickBlocks}. SELECT 1 counts by
 * digits of {@link Keys}; SELECT 0 those above the threshold. spans and count are as {@link Pick} says; bins (B, P, blocks,
 * ROW); before, those of the pass before, not read by pass 0. {@code blocks} groups for each part, a block of it each.
 *
 * <p>A group counts in its row of the result, atomically: TornadoVM's atomics on local memory reach the first element alone.
 */
public final class Digits implements JavaKernel {
    private static final int MOST = 1024;

    @Override
    @SuppressWarnings({"rawtypes", "unchecked"})
    public TaskPackage task(TaskArguments a) {
        // The scores are there twice, as floats and as ints: see Pick.
        Task11<KernelContext, IntArray, FloatArray, IntArray, IntArray, IntArray, IntArray, IntArray, Float, Integer, Integer> code = Digits::digits;
        return new TaskPackage(a.id(), (Task11) code, a.context(), a.scalars("scores_off", "before_off", "bins_off",
                "count_off", "N", "row", "blocks", "capacity", "pass", "P"), a.floats("scores"), a.floats("scores"),
                a.ints("before"), a.ints("count"), a.ints("spans"), a.ints("bins"), a.real("threshold"), a.definition("SELECT"),
                a.definition("HAS_COUNT"));
    }

    static void digits(KernelContext context, IntArray s, FloatArray scores, IntArray bits, IntArray before, IntArray count,
            IntArray spans, IntArray bins, float threshold, int select, int hasCount) {
        int[] totals = context.allocateIntLocalArray(MOST);
        int[] chosen = context.allocateIntLocalArray(1);
        int t = context.localIdx;
        int b = context.groupIdy / s.get(9);
        int span = context.groupIdy % s.get(9) * 3;
        int group = context.localGroupSizeX;
        int blocks = s.get(6);
        int pass = s.get(8);
        int valid = spans.get(span + 1);
        int capacity = TornadoMath.min(s.get(7), valid);
        if (hasCount != 0) {
            valid = count.get(s.get(3) + b) * s.get(5);
        }
        int each = (valid + blocks - 1) / blocks;
        int from = TornadoMath.min(valid, each * context.groupIdx);
        int to = TornadoMath.min(valid, from + each);
        int first = s.get(0) + b * s.get(4) + spans.get(span);
        int cut = 0;
        int known = 0; // bits that keys which go on have in common
        if (select * pass != 0) {
            int rows = s.get(1) + context.groupIdy * blocks * Keys.ROW;
            int own = Keys.BINS / group;
            int top = Keys.BINS - 1 - t * own;
            int all = 0;
            for (int e = 0; e < own; e++) {
                all += Keys.counted(before, rows, blocks, top - e);
            }
            totals[t] = all;
            context.localBarrier();
            int need = capacity - Keys.counted(before, rows, blocks, Keys.ABOVE);
            for (int k = 0; k < t; k++) {
                need -= totals[k];
            }
            for (int e = 0; e < own; e++) {
                int equal = Keys.counted(before, rows, blocks, top - e);
                if (need > 0) {
                    if (need <= equal) {
                        chosen[0] = before.get(rows + Keys.CUT) | (top - e) << Keys.shift(pass - 1);
                    }
                }
                need -= equal;
            }
            context.localBarrier();
            cut = chosen[0];
            known = -1 << Keys.shift(pass - 1);
        }
        int at = s.get(2) + (context.groupIdy * blocks + context.groupIdx) * Keys.ROW;
        for (int i = t; i < Keys.ROW; i += group) {
            bins.set(at + i, 0);
        }
        context.globalBarrier();
        int shift = Keys.shift(pass);
        for (int i = from + t; i < to; i += group) {
            if (select == 0) {
                if (scores.get(first + i) > threshold) {
                    context.atomicAdd(bins, at + Keys.ABOVE, 1);
                }
            } else {
                int key = Keys.of(bits.get(first + i));
                if (((key ^ cut) & known) == 0) {
                    context.atomicAdd(bins, at + (key >> shift & Keys.BINS - 1), 1);
                } else {
                    if (Keys.larger(key, cut) != 0) {
                        context.atomicAdd(bins, at + Keys.ABOVE, 1);
                    }
                }
            }
        }
        if (t == 0) {
            bins.set(at + Keys.CUT, cut);
        }
    }
}
