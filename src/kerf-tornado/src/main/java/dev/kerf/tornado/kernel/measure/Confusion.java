package dev.kerf.tornado.kernel.measure;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Range;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Pixels of each class that were given each class, over parts of the pixels: truth and predicted (B, pixels), y (B, parts,
 * K, K). A pixel counts nowhere if its truth is {@code ignore} or one of its labels isn't in 0 … K − 1. 32-bit sums hold a
 * part's pixels; {@link ConfusionTotal} adds the parts in 64 bits.
 *
 * <p>A group counts {@code chunk} pixels in its part of the result, atomically: TornadoVM's atomics on local memory reach
 * the first element alone. A row of groups for the parts, a column for the images.
 */
public final class Confusion implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("truth_off", "truth_sn", "predicted_off", "predicted_sn", "y_off", "pixels", "chunk", "parts",
                "K", "ignore");
        IntArray y = a.ints("y");
        boolean truthBytes = a.type("T_T").equals("uchar");
        boolean predictedBytes = a.type("P_T").equals("uchar");
        if (truthBytes && predictedBytes) {
            return new TaskPackage(a.id(), Confusion::bytes, a.context(), s, a.bytes("truth"), a.bytes("predicted"), y);
        }
        if (truthBytes) {
            return new TaskPackage(a.id(), Confusion::bytesInts, a.context(), s, a.bytes("truth"), a.ints("predicted"), y);
        }
        if (predictedBytes) {
            return new TaskPackage(a.id(), Confusion::intsBytes, a.context(), s, a.ints("truth"), a.bytes("predicted"), y);
        }
        return new TaskPackage(a.id(), Confusion::ints, a.context(), s, a.ints("truth"), a.ints("predicted"), y);
    }

    static void bytes(KernelContext context, IntArray s, ByteArray truth, ByteArray predicted, IntArray y) {
        int out = clear(context, s, y);
        context.globalBarrier();
        int start = context.groupIdx * s.get(6) + context.localIdx;
        int end = TornadoMath.min(s.get(5), context.groupIdx * s.get(6) + s.get(6));
        for (int i = start; i < end; i += context.localGroupSizeX) {
            int left = truth.get(s.get(0) + context.groupIdy * s.get(1) + i) & 0xff;
            int right = predicted.get(s.get(2) + context.groupIdy * s.get(3) + i) & 0xff;
            if (dropped(s, left, right) == 0) {
                context.atomicAdd(y, out + left * s.get(8) + right, 1);
            }
        }
    }

    static void bytesInts(KernelContext context, IntArray s, ByteArray truth, IntArray predicted, IntArray y) {
        int out = clear(context, s, y);
        context.globalBarrier();
        int start = context.groupIdx * s.get(6) + context.localIdx;
        int end = TornadoMath.min(s.get(5), context.groupIdx * s.get(6) + s.get(6));
        for (int i = start; i < end; i += context.localGroupSizeX) {
            int left = truth.get(s.get(0) + context.groupIdy * s.get(1) + i) & 0xff;
            int right = predicted.get(s.get(2) + context.groupIdy * s.get(3) + i);
            if (dropped(s, left, right) == 0) {
                context.atomicAdd(y, out + left * s.get(8) + right, 1);
            }
        }
    }

    static void intsBytes(KernelContext context, IntArray s, IntArray truth, ByteArray predicted, IntArray y) {
        int out = clear(context, s, y);
        context.globalBarrier();
        int start = context.groupIdx * s.get(6) + context.localIdx;
        int end = TornadoMath.min(s.get(5), context.groupIdx * s.get(6) + s.get(6));
        for (int i = start; i < end; i += context.localGroupSizeX) {
            int left = truth.get(s.get(0) + context.groupIdy * s.get(1) + i);
            int right = predicted.get(s.get(2) + context.groupIdy * s.get(3) + i) & 0xff;
            if (dropped(s, left, right) == 0) {
                context.atomicAdd(y, out + left * s.get(8) + right, 1);
            }
        }
    }

    static void ints(KernelContext context, IntArray s, IntArray truth, IntArray predicted, IntArray y) {
        int out = clear(context, s, y);
        context.globalBarrier();
        int start = context.groupIdx * s.get(6) + context.localIdx;
        int end = TornadoMath.min(s.get(5), context.groupIdx * s.get(6) + s.get(6));
        for (int i = start; i < end; i += context.localGroupSizeX) {
            int left = truth.get(s.get(0) + context.groupIdy * s.get(1) + i);
            int right = predicted.get(s.get(2) + context.groupIdy * s.get(3) + i);
            if (dropped(s, left, right) == 0) {
                context.atomicAdd(y, out + left * s.get(8) + right, 1);
            }
        }
    }

    private static int clear(KernelContext context, IntArray s, IntArray y) {
        int bins = s.get(8) * s.get(8);
        int out = s.get(4) + (context.groupIdy * s.get(7) + context.groupIdx) * bins;
        for (int i = context.localIdx; i < bins; i += context.localGroupSizeX) {
            y.set(out + i, 0);
        }
        return out;
    }

    private static int dropped(IntArray s, int left, int right) {
        int ignored = left == s.get(9) ? 1 : 0;
        return ignored + Range.outside(left, s.get(8)) + Range.outside(right, s.get(8));
    }
}
