package dev.kerf.tornado.kernel.reduce;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Index of the largest of n elements, the first of equals; a NaN is larger than any number. x: N items, x_sn apart, of
 * outer × n × inner elements; y: N × outer × inner, dense. HAS_COUNT: of the n elements, the first count[item · outer
 * + o] are valid.
 */
public final class ArgMax implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("x_off", "x_sn", "y_off", "count_off", "outer", "n", "inner");
        int hasCount = a.definition("HAS_COUNT");
        return switch (a.element("y")) {
            case BYTE -> new TaskPackage(a.id(), ArgMax::bytes, a.context(), s, a.floats("x"),
                    a.ints("count"), a.bytes("y"), hasCount);
            case INT -> new TaskPackage(a.id(), ArgMax::ints, a.context(), s, a.floats("x"),
                    a.ints("count"), a.ints("y"), hasCount);
            default -> throw new IllegalArgumentException("arg_max has no code for indices of type " + a.element("y"));
        };
    }

    static void bytes(KernelContext context, IntArray s, FloatArray x, IntArray count, ByteArray y, int hasCount) {
        int i = context.globalIdx;
        int results = s.get(4) * s.get(6);
        if (i < results) {
            y.set(s.get(2) + context.globalIdy * results + i, (byte) best(s, x, count, hasCount, context.globalIdy, i));
        }
    }

    static void ints(KernelContext context, IntArray s, FloatArray x, IntArray count, IntArray y, int hasCount) {
        int i = context.globalIdx;
        int results = s.get(4) * s.get(6);
        if (i < results) {
            y.set(s.get(2) + context.globalIdy * results + i, best(s, x, count, hasCount, context.globalIdy, i));
        }
    }

    private static int best(IntArray s, FloatArray x, IntArray count, int hasCount, int item, int i) {
        int n = s.get(5);
        int inner = s.get(6);
        int o = i / inner;
        int at = s.get(0) + item * s.get(1) + o * n * inner + i % inner;
        int valid = n;
        if (hasCount != 0) {
            valid = count.get(s.get(3) + item * s.get(4) + o);
        }
        int best = 0;
        float largest = x.get(at);
        for (int k = 1; k < valid; k++) {
            float v = x.get(at + k * inner);
            if (v > largest || (v != v && largest == largest)) {
                best = k;
                largest = v;
            }
        }
        return best;
    }
}
