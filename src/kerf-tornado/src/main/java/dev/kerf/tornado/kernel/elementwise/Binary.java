package dev.kerf.tornado.kernel.elementwise;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Activations;
import dev.kerf.tornado.kernel.Strides;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * y = act(a o b) with NumPy's broadcasting: strides of 0 along broadcast axes. FUNCTION: as
 * {@link dev.kerf.graph.PointwiseOp.Arithmetic} numbers them. Integers wrap around; dividing one by 0 gives 0. MAX and
 * MIN are NaN if either operand is.
 */
public final class Binary implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("a_off", "a_sn", "b_off", "b_sn", "y_off", "y_sn", "inner", "d1", "d2", "d3", "d4",
                "d5", "a_s1", "a_s2", "a_s3", "a_s4", "a_s5", "b_s1", "b_s2", "b_s3", "b_s4", "b_s5", "a_batch",
                "b_batch");
        int function = a.definition("FUNCTION");
        int rank = a.definition("RANK");
        int items = a.definition("ITEMS");
        return switch (a.element("y")) {
            case FLOAT -> new TaskPackage(a.id(), Binary::floats, a.context(), s, a.floats("a"), a.floats("b"),
                    a.floats("y"), function, a.definition("ACT"), rank, items);
            case INT -> new TaskPackage(a.id(), Binary::ints, a.context(), s, a.ints("a"), a.ints("b"), a.ints("y"),
                    function, rank, items);
            default -> throw new IllegalArgumentException("binary has no code for elements of type " + a.element("y"));
        };
    }

    static void floats(KernelContext context, IntArray s, FloatArray a, FloatArray b, FloatArray y, int function,
            int act, int rank, int items) {
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
                y.set(to + i, Activations.activate(act, function(function, left, right)));
            }
        }
    }

    private static float function(int function, float a, float b) {
        float y;
        if (function == 0) {
            y = a + b;
        } else if (function == 1) {
            y = a - b;
        } else if (function == 2) {
            y = a * b;
        } else if (function == 3) {
            y = a / b;
        } else if (function == 4) {
            y = a != a ? a : b != b ? b : a > b ? a : b;
        } else if (function == 5) {
            y = a != a ? a : b != b ? b : a < b ? a : b;
        } else {
            y = TornadoMath.pow(a, b);
        }
        return y;
    }

    static void ints(KernelContext context, IntArray s, IntArray a, IntArray b, IntArray y, int function, int rank,
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
                y.set(to + i, function(function, left, right));
            }
        }
    }

    private static int function(int function, int a, int b) {
        int y;
        if (function == 0) {
            y = a + b;
        } else if (function == 1) {
            y = a - b;
        } else if (function == 2) {
            y = a * b;
        } else if (function == 3) {
            // The quotients by 0 and −1 may trap, even where they aren't chosen.
            int quotient = a / (b == 0 || b == -1 ? 1 : b);
            y = b == 0 ? 0 : b == -1 ? -a : quotient;
        } else if (function == 4) {
            y = a > b ? a : b;
        } else {
            y = a < b ? a : b;
        }
        return y;
    }
}
