package dev.kerf.tornado.kernel.elementwise;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * y = x in another type, for each element. From float to an integer: towards zero, saturating, NaN to 0; between
 * integers: the low bits. Bytes and 16-bit integers are unsigned, or both operands have one type.
 */
@SuppressWarnings("cast") // of some numbers to the type that they have
public final class Cast implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("x_off", "x_sn", "y_off", "y_sn", "inner");
        int items = a.definition("ITEMS");
        if (a.element("x") != a.element("y") && (signed(a.type("X_T")) || signed(a.type("Y_T")))) {
            throw new IllegalArgumentException("cast has no code from " + a.type("X_T") + " to " + a.type("Y_T"));
        }
        return switch (a.element("x")) {
            // for each X
            case X_CONSTANT -> switch (a.element("y")) {
                // for each Y
                case Y_CONSTANT -> new TaskPackage(a.id(), Cast::X_LISTToY_NAME, a.context(), s, a.X_LIST("x"),
                        a.Y_LIST("y"), items);
                // end Y
            };
            // end X
        };
    }

    private static boolean signed(String type) {
        return type.equals("char") || type.equals("short");
    }

    // for each X
    // for each Y
    static void X_LISTToY_NAME(KernelContext context, IntArray s, X_ARRAY x, Y_ARRAY y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                X_TYPE v = x.get(from + i);
                y.set(to + i, X_TO_Y);
            }
        }
    }

    // end Y
    // end X
    private static int toInt(float v) {
        int y;
        if (v < -2147483648f) {
            y = Integer.MIN_VALUE;
        } else if (v < 2147483648f) {
            y = (int) v;
        } else {
            y = v > 0 ? Integer.MAX_VALUE : 0; // 0 for NaN
        }
        return y;
    }

    // TornadoVM converts floats to 32 bits only; what is larger is high · 2^32 + middle · 2^16 + low, each part exact.
    private static long toLong(float v) {
        long y;
        if (TornadoMath.abs(v) < 2147483648f) {
            y = (int) v;
        } else if (TornadoMath.abs(v) < 9223372036854775808f) {
            float high = TornadoMath.floor(v * 0x1p-32f);
            float rest = v - high * 0x1p32f;
            int middle = (int) (rest * 0x1p-16f);
            int low = (int) (rest - middle * 65536f);
            y = ((long) (int) high << 32) + ((long) middle << 16) + low;
        } else {
            y = v > 0 ? Long.MAX_VALUE : v < 0 ? Long.MIN_VALUE : 0; // 0 for NaN
        }
        return y;
    }

    private static int clamped(float v, int most) {
        int y = 0;
        if (v > 0) {
            y = v < most ? (int) v : most;
        }
        return y;
    }
}
