package dev.kerf.tornado.kernel.move;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * y = x with elements added around it: y has extents d1 … d5, x has e1 … e5, and p1 … p5 of y's lie before x's first.
 * MODE: as {@link dev.kerf.graph.MoveOp.PadMode} numbers them (a constant, reflected, replicated).
 */
public final class Pad implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("x_off", "x_sn", "y_off", "y_sn", "inner", "d1", "d2", "d3", "d4", "d5", "e1", "e2",
                "e3", "e4", "e5", "p1", "p2", "p3", "p4", "p5");
        int rank = a.definition("RANK");
        int mode = a.definition("MODE");
        float value = a.real("value");
        return switch (a.element("y")) {
            case FLOAT -> new TaskPackage(a.id(), Pad::floats, a.context(), s, a.floats("x"), a.floats("y"), rank,
                    mode, value);
            case BYTE -> new TaskPackage(a.id(), Pad::bytes, a.context(), s, a.bytes("x"), a.bytes("y"), rank, mode,
                    (int) value);
            default -> throw new IllegalArgumentException("pad has no code for elements of type " + a.element("y"));
        };
    }

    static void floats(KernelContext context, IntArray s, FloatArray x, FloatArray y, int rank, int mode, float value) {
        int i = context.globalIdx;
        if (i < s.get(4)) {
            int k = source(s, rank, mode, i);
            int to = s.get(2) + context.globalIdy * s.get(3) + i;
            if (k < 0) {
                y.set(to, value);
            } else {
                y.set(to, x.get(s.get(0) + context.globalIdy * s.get(1) + k));
            }
        }
    }

    static void bytes(KernelContext context, IntArray s, ByteArray x, ByteArray y, int rank, int mode, int value) {
        int i = context.globalIdx;
        if (i < s.get(4)) {
            int k = source(s, rank, mode, i);
            int to = s.get(2) + context.globalIdy * s.get(3) + i;
            if (k < 0) {
                y.set(to, (byte) value);
            } else {
                y.set(to, x.get(s.get(0) + context.globalIdy * s.get(1) + k));
            }
        }
    }

    /** The operand's element for the result's; negative for none. */
    private static int source(IntArray s, int rank, int mode, int i) {
        int rest = i;
        int at = 0;
        int size = 1;
        int outside = 0;
        if (rank > 4) {
            int k5 = source(rest % s.get(9) - s.get(19), s.get(14), mode);
            outside |= k5;
            at = k5;
            size = s.get(14);
            rest /= s.get(9);
        }
        if (rank > 3) {
            int k4 = source(rest % s.get(8) - s.get(18), s.get(13), mode);
            outside |= k4;
            at += k4 * size;
            size *= s.get(13);
            rest /= s.get(8);
        }
        if (rank > 2) {
            int k3 = source(rest % s.get(7) - s.get(17), s.get(12), mode);
            outside |= k3;
            at += k3 * size;
            size *= s.get(12);
            rest /= s.get(7);
        }
        if (rank > 1) {
            int k2 = source(rest % s.get(6) - s.get(16), s.get(11), mode);
            outside |= k2;
            at += k2 * size;
            size *= s.get(11);
            rest /= s.get(6);
        }
        int k1 = source(rest - s.get(15), s.get(10), mode);
        outside |= k1;
        at += k1 * size;
        return outside < 0 ? -1 : at;
    }

    private static int source(int k, int extent, int mode) {
        int y;
        if (mode == 0) {
            y = k < extent ? k : -1;
        } else if (mode == 1) {
            y = k < 0 ? -k : k >= extent ? 2 * (extent - 1) - k : k;
        } else {
            y = k < 0 ? 0 : k >= extent ? extent - 1 : k;
        }
        return y;
    }
}
