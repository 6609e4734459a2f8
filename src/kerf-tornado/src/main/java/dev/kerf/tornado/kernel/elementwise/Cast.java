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
public final class Cast implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("x_off", "x_sn", "y_off", "y_sn", "inner");
        int items = a.definition("ITEMS");
        if (a.element("x") != a.element("y") && (signed(a.type("X_T")) || signed(a.type("Y_T")))) {
            throw new IllegalArgumentException("cast has no code from " + a.type("X_T") + " to " + a.type("Y_T"));
        }
        return switch (a.element("x")) {
            case FLOAT -> switch (a.element("y")) {
                case FLOAT -> new TaskPackage(a.id(), Cast::floatsToFloats, a.context(), s, a.floats("x"),
                        a.floats("y"), items);
                case INT -> new TaskPackage(a.id(), Cast::floatsToInts, a.context(), s, a.floats("x"), a.ints("y"),
                        items);
                case BYTE -> new TaskPackage(a.id(), Cast::floatsToBytes, a.context(), s, a.floats("x"), a.bytes("y"),
                        items);
                case SHORT -> new TaskPackage(a.id(), Cast::floatsToShorts, a.context(), s, a.floats("x"),
                        a.shorts("y"), items);
                case LONG -> new TaskPackage(a.id(), Cast::floatsToLongs, a.context(), s, a.floats("x"), a.longs("y"),
                        items);
            };
            case INT -> switch (a.element("y")) {
                case FLOAT -> new TaskPackage(a.id(), Cast::intsToFloats, a.context(), s, a.ints("x"), a.floats("y"),
                        items);
                case INT -> new TaskPackage(a.id(), Cast::intsToInts, a.context(), s, a.ints("x"), a.ints("y"), items);
                case BYTE -> new TaskPackage(a.id(), Cast::intsToBytes, a.context(), s, a.ints("x"), a.bytes("y"),
                        items);
                case SHORT -> new TaskPackage(a.id(), Cast::intsToShorts, a.context(), s, a.ints("x"), a.shorts("y"),
                        items);
                case LONG -> new TaskPackage(a.id(), Cast::intsToLongs, a.context(), s, a.ints("x"), a.longs("y"),
                        items);
            };
            case BYTE -> switch (a.element("y")) {
                case FLOAT -> new TaskPackage(a.id(), Cast::bytesToFloats, a.context(), s, a.bytes("x"),
                        a.floats("y"), items);
                case INT -> new TaskPackage(a.id(), Cast::bytesToInts, a.context(), s, a.bytes("x"), a.ints("y"),
                        items);
                case BYTE -> new TaskPackage(a.id(), Cast::bytesToBytes, a.context(), s, a.bytes("x"), a.bytes("y"),
                        items);
                case SHORT -> new TaskPackage(a.id(), Cast::bytesToShorts, a.context(), s, a.bytes("x"),
                        a.shorts("y"), items);
                case LONG -> new TaskPackage(a.id(), Cast::bytesToLongs, a.context(), s, a.bytes("x"), a.longs("y"),
                        items);
            };
            case SHORT -> switch (a.element("y")) {
                case FLOAT -> new TaskPackage(a.id(), Cast::shortsToFloats, a.context(), s, a.shorts("x"),
                        a.floats("y"), items);
                case INT -> new TaskPackage(a.id(), Cast::shortsToInts, a.context(), s, a.shorts("x"), a.ints("y"),
                        items);
                case BYTE -> new TaskPackage(a.id(), Cast::shortsToBytes, a.context(), s, a.shorts("x"), a.bytes("y"),
                        items);
                case SHORT -> new TaskPackage(a.id(), Cast::shortsToShorts, a.context(), s, a.shorts("x"),
                        a.shorts("y"), items);
                case LONG -> new TaskPackage(a.id(), Cast::shortsToLongs, a.context(), s, a.shorts("x"), a.longs("y"),
                        items);
            };
            case LONG -> switch (a.element("y")) {
                case FLOAT -> new TaskPackage(a.id(), Cast::longsToFloats, a.context(), s, a.longs("x"),
                        a.floats("y"), items);
                case INT -> new TaskPackage(a.id(), Cast::longsToInts, a.context(), s, a.longs("x"), a.ints("y"),
                        items);
                case BYTE -> new TaskPackage(a.id(), Cast::longsToBytes, a.context(), s, a.longs("x"), a.bytes("y"),
                        items);
                case SHORT -> new TaskPackage(a.id(), Cast::longsToShorts, a.context(), s, a.longs("x"),
                        a.shorts("y"), items);
                case LONG -> new TaskPackage(a.id(), Cast::longsToLongs, a.context(), s, a.longs("x"), a.longs("y"),
                        items);
            };
        };
    }

    private static boolean signed(String type) {
        return type.equals("char") || type.equals("short");
    }

    static void floatsToFloats(KernelContext context, IntArray s, FloatArray x, FloatArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, x.get(from + i));
            }
        }
    }

    static void floatsToInts(KernelContext context, IntArray s, FloatArray x, IntArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, toInt(x.get(from + i)));
            }
        }
    }

    static void floatsToBytes(KernelContext context, IntArray s, FloatArray x, ByteArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (byte) clamped(x.get(from + i), 255));
            }
        }
    }

    static void floatsToShorts(KernelContext context, IntArray s, FloatArray x, ShortArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (short) clamped(x.get(from + i), 65535));
            }
        }
    }

    static void floatsToLongs(KernelContext context, IntArray s, FloatArray x, LongArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, toLong(x.get(from + i)));
            }
        }
    }

    static void intsToFloats(KernelContext context, IntArray s, IntArray x, FloatArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (float) x.get(from + i));
            }
        }
    }

    static void intsToInts(KernelContext context, IntArray s, IntArray x, IntArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, x.get(from + i));
            }
        }
    }

    static void intsToBytes(KernelContext context, IntArray s, IntArray x, ByteArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (byte) x.get(from + i));
            }
        }
    }

    static void intsToShorts(KernelContext context, IntArray s, IntArray x, ShortArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (short) x.get(from + i));
            }
        }
    }

    static void intsToLongs(KernelContext context, IntArray s, IntArray x, LongArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (long) x.get(from + i));
            }
        }
    }

    static void bytesToFloats(KernelContext context, IntArray s, ByteArray x, FloatArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (float) (x.get(from + i) & 0xff));
            }
        }
    }

    static void bytesToInts(KernelContext context, IntArray s, ByteArray x, IntArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, x.get(from + i) & 0xff);
            }
        }
    }

    static void bytesToBytes(KernelContext context, IntArray s, ByteArray x, ByteArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, x.get(from + i));
            }
        }
    }

    static void bytesToShorts(KernelContext context, IntArray s, ByteArray x, ShortArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (short) (x.get(from + i) & 0xff));
            }
        }
    }

    static void bytesToLongs(KernelContext context, IntArray s, ByteArray x, LongArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (long) (x.get(from + i) & 0xff));
            }
        }
    }

    static void shortsToFloats(KernelContext context, IntArray s, ShortArray x, FloatArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (float) (x.get(from + i) & 0xffff));
            }
        }
    }

    static void shortsToInts(KernelContext context, IntArray s, ShortArray x, IntArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, x.get(from + i) & 0xffff);
            }
        }
    }

    static void shortsToBytes(KernelContext context, IntArray s, ShortArray x, ByteArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (byte) (x.get(from + i) & 0xffff));
            }
        }
    }

    static void shortsToShorts(KernelContext context, IntArray s, ShortArray x, ShortArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, x.get(from + i));
            }
        }
    }

    static void shortsToLongs(KernelContext context, IntArray s, ShortArray x, LongArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (long) (x.get(from + i) & 0xffff));
            }
        }
    }

    static void longsToFloats(KernelContext context, IntArray s, LongArray x, FloatArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (float) x.get(from + i));
            }
        }
    }

    static void longsToInts(KernelContext context, IntArray s, LongArray x, IntArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (int) x.get(from + i));
            }
        }
    }

    static void longsToBytes(KernelContext context, IntArray s, LongArray x, ByteArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (byte) x.get(from + i));
            }
        }
    }

    static void longsToShorts(KernelContext context, IntArray s, LongArray x, ShortArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, (short) x.get(from + i));
            }
        }
    }

    static void longsToLongs(KernelContext context, IntArray s, LongArray x, LongArray y, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, x.get(from + i));
            }
        }
    }

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
