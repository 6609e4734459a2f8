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
 * {@link Confusion} for CPU-type devices: a group is one work-item that counts in its part of the result, without atomics.
 */
public final class ConfusionCpu implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("truth_off", "truth_sn", "predicted_off", "predicted_sn", "y_off", "pixels", "chunk", "parts",
                "K", "ignore");
        IntArray y = a.ints("y");
        boolean truthBytes = a.type("T_T").equals("uchar");
        boolean predictedBytes = a.type("P_T").equals("uchar");
        if (truthBytes && predictedBytes) {
            return new TaskPackage(a.id(), ConfusionCpu::bytes, a.context(), s, a.bytes("truth"), a.bytes("predicted"), y);
        }
        if (truthBytes) {
            return new TaskPackage(a.id(), ConfusionCpu::bytesInts, a.context(), s, a.bytes("truth"), a.ints("predicted"), y);
        }
        if (predictedBytes) {
            return new TaskPackage(a.id(), ConfusionCpu::intsBytes, a.context(), s, a.ints("truth"), a.bytes("predicted"), y);
        }
        return new TaskPackage(a.id(), ConfusionCpu::ints, a.context(), s, a.ints("truth"), a.ints("predicted"), y);
    }

    static void bytes(KernelContext context, IntArray s, ByteArray truth, ByteArray predicted, IntArray y) {
        int out = clear(context, s, y);
        int start = context.groupIdx * s.get(6);
        int end = TornadoMath.min(s.get(5), start + s.get(6));
        for (int i = start; i < end; i++) {
            int left = truth.get(s.get(0) + context.groupIdy * s.get(1) + i) & 0xff;
            int right = predicted.get(s.get(2) + context.groupIdy * s.get(3) + i) & 0xff;
            count(s, y, out, left, right);
        }
    }

    static void bytesInts(KernelContext context, IntArray s, ByteArray truth, IntArray predicted, IntArray y) {
        int out = clear(context, s, y);
        int start = context.groupIdx * s.get(6);
        int end = TornadoMath.min(s.get(5), start + s.get(6));
        for (int i = start; i < end; i++) {
            int left = truth.get(s.get(0) + context.groupIdy * s.get(1) + i) & 0xff;
            int right = predicted.get(s.get(2) + context.groupIdy * s.get(3) + i);
            count(s, y, out, left, right);
        }
    }

    static void intsBytes(KernelContext context, IntArray s, IntArray truth, ByteArray predicted, IntArray y) {
        int out = clear(context, s, y);
        int start = context.groupIdx * s.get(6);
        int end = TornadoMath.min(s.get(5), start + s.get(6));
        for (int i = start; i < end; i++) {
            int left = truth.get(s.get(0) + context.groupIdy * s.get(1) + i);
            int right = predicted.get(s.get(2) + context.groupIdy * s.get(3) + i) & 0xff;
            count(s, y, out, left, right);
        }
    }

    static void ints(KernelContext context, IntArray s, IntArray truth, IntArray predicted, IntArray y) {
        int out = clear(context, s, y);
        int start = context.groupIdx * s.get(6);
        int end = TornadoMath.min(s.get(5), start + s.get(6));
        for (int i = start; i < end; i++) {
            int left = truth.get(s.get(0) + context.groupIdy * s.get(1) + i);
            int right = predicted.get(s.get(2) + context.groupIdy * s.get(3) + i);
            count(s, y, out, left, right);
        }
    }

    private static int clear(KernelContext context, IntArray s, IntArray y) {
        int bins = s.get(8) * s.get(8);
        int out = s.get(4) + (context.groupIdy * s.get(7) + context.groupIdx) * bins;
        for (int i = 0; i < bins; i++) {
            y.set(out + i, 0);
        }
        return out;
    }

    private static void count(IntArray s, IntArray y, int out, int left, int right) {
        int classes = s.get(8);
        int ignored = left == s.get(9) ? 1 : 0;
        if (ignored + Range.outside(left, classes) + Range.outside(right, classes) == 0) {
            int at = out + left * classes + right;
            y.set(at, y.get(at) + 1);
        }
    }
}
