package dev.kerf.tornado.kernel.elementwise;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Strides;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * y = 1 where a o b holds, else 0, with NumPy's broadcasting. RELATION: as {@link dev.kerf.graph.PointwiseOp.Relation}
 * numbers them.
 */
public final class Compare implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("a_off", "a_sn", "b_off", "b_sn", "y_off", "y_sn", "inner", "d1", "d2", "d3", "d4",
                "d5", "a_s1", "a_s2", "a_s3", "a_s4", "a_s5", "b_s1", "b_s2", "b_s3", "b_s4", "b_s5", "a_batch",
                "b_batch");
        int relation = a.definition("RELATION");
        int rank = a.definition("RANK");
        int items = a.definition("ITEMS");
        return switch (a.element("a")) {
            case FLOAT -> new TaskPackage(a.id(), Compare::floats, a.context(), s, a.floats("a"), a.floats("b"),
                    a.bytes("y"), relation, rank, items);
            case INT -> new TaskPackage(a.id(), Compare::ints, a.context(), s, a.ints("a"), a.ints("b"), a.bytes("y"),
                    relation, rank, items);
            case BYTE -> new TaskPackage(a.id(), Compare::bytes, a.context(), s, a.bytes("a"), a.bytes("b"),
                    a.bytes("y"), relation, rank, items);
            default -> throw new IllegalArgumentException("compare has no code for elements of type " + a.element("a"));
        };
    }

    static void floats(KernelContext context, IntArray s, FloatArray a, FloatArray b, ByteArray y, int relation,
            int rank, int items) {
        int n = context.globalIdy;
        int ofA = s.get(0) + n * s.get(22) * s.get(1);
        int ofB = s.get(2) + n * s.get(23) * s.get(3);
        int to = s.get(4) + n * s.get(5);
        int inner = s.get(6);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                float left = a.get(ofA + Strides.offset(s, rank, 7, 12, i));
                float right = b.get(ofB + Strides.offset(s, rank, 7, 17, i));
                y.set(to + i, (byte) relation(relation, left, right));
            }
        }
    }

    // TornadoVM makes a >= b of floats !(a < b), which holds for NaN.
    private static int relation(int relation, float a, float b) {
        int y;
        if (relation == 0) {
            y = a > b ? 1 : 0;
        } else if (relation == 1) {
            y = a > b || a == b ? 1 : 0;
        } else if (relation == 2) {
            y = a < b ? 1 : 0;
        } else if (relation == 3) {
            y = a < b || a == b ? 1 : 0;
        } else if (relation == 4) {
            y = a == b ? 1 : 0;
        } else {
            y = a == b ? 0 : 1;
        }
        return y;
    }

    static void ints(KernelContext context, IntArray s, IntArray a, IntArray b, ByteArray y, int relation, int rank,
            int items) {
        int n = context.globalIdy;
        int ofA = s.get(0) + n * s.get(22) * s.get(1);
        int ofB = s.get(2) + n * s.get(23) * s.get(3);
        int to = s.get(4) + n * s.get(5);
        int inner = s.get(6);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                int left = a.get(ofA + Strides.offset(s, rank, 7, 12, i));
                int right = b.get(ofB + Strides.offset(s, rank, 7, 17, i));
                y.set(to + i, (byte) relation(relation, left, right));
            }
        }
    }

    private static int relation(int relation, int a, int b) {
        int y;
        if (relation == 0) {
            y = a > b ? 1 : 0;
        } else if (relation == 1) {
            y = a >= b ? 1 : 0;
        } else if (relation == 2) {
            y = a < b ? 1 : 0;
        } else if (relation == 3) {
            y = a <= b ? 1 : 0;
        } else if (relation == 4) {
            y = a == b ? 1 : 0;
        } else {
            y = a == b ? 0 : 1;
        }
        return y;
    }

    static void bytes(KernelContext context, IntArray s, ByteArray a, ByteArray b, ByteArray y, int relation, int rank,
            int items) {
        int n = context.globalIdy;
        int ofA = s.get(0) + n * s.get(22) * s.get(1);
        int ofB = s.get(2) + n * s.get(23) * s.get(3);
        int to = s.get(4) + n * s.get(5);
        int inner = s.get(6);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                int left = a.get(ofA + Strides.offset(s, rank, 7, 12, i)) & 0xff;
                int right = b.get(ofB + Strides.offset(s, rank, 7, 17, i)) & 0xff;
                y.set(to + i, (byte) relation(relation, left, right));
            }
        }
    }
}
