package dev.kerf.tornado.kernel.select;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What {@link Pick} picked of each part of a row, in descending order of score; equals stay in order of index. picked, keys,
 * indices (B, K), spans and found as it has them; with HAS_VALUES scores (B, N) and values (B, K), the scores in that order.
 * Each work-item counts those that go before its element.
 */
public final class Order implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), Order::order, a.context(), a.scalars("picked_off", "keys_off", "found_off",
                "scores_off", "indices_off", "values_off", "N", "P", "K"), a.ints("picked"), a.ints("keys"),
                a.ints("found"), a.ints("spans"), a.floats("scores"), a.ints("indices"), a.floats("values"),
                a.definition("HAS_VALUES"));
    }

    static void order(KernelContext context, IntArray s, IntArray picked, IntArray keys, IntArray found, IntArray spans,
            FloatArray scores, IntArray indices, FloatArray values, int hasValues) {
        int i = context.globalIdx;
        int b = context.groupIdy / s.get(7);
        int n = found.get(s.get(2) + context.groupIdy);
        if (i < n) {
            int to = b * s.get(8) + spans.get(context.groupIdy % s.get(7) * 3 + 2);
            int first = s.get(1) + to;
            // Unsigned numbers, compared as signed ones.
            int mine = keys.get(first + i) ^ Integer.MIN_VALUE;
            int at = 0;
            for (int j = 0; j < i; j++) {
                at += (keys.get(first + j) ^ Integer.MIN_VALUE) >= mine ? 1 : 0;
            }
            for (int j = i + 1; j < n; j++) {
                at += (keys.get(first + j) ^ Integer.MIN_VALUE) > mine ? 1 : 0;
            }
            int index = picked.get(s.get(0) + to + i);
            indices.set(s.get(4) + to + at, index);
            if (hasValues != 0) {
                values.set(s.get(5) + to + at, scores.get(s.get(3) + b * s.get(6) + index));
            }
        }
    }
}
