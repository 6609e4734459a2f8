package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Operand;

/** Single elements and strided rows of arrays of any type. */
final class Elements {
    private Elements() {}

    /** An element as a double. */
    static double get(Operand o, int at) {
        return switch (o.type().dtype()) {
            case F32 -> o.floats()[at];
            default -> getLong(o, at);
        };
    }

    /** An element of an integer operand. */
    static long getLong(Operand o, int at) {
        return switch (o.type().dtype()) {
            case I32 -> o.ints()[at];
            case U8, BOOL -> o.bytes()[at] & 0xFF;
            case U16 -> o.shorts()[at] & 0xFFFF;
            case I64, U64 -> o.longs()[at];
            case U32 -> Integer.toUnsignedLong(o.ints()[at]);
            case I16 -> o.shorts()[at];
            case I8 -> o.bytes()[at];
            default -> throw new IllegalArgumentException(o.type().toString());
        };
    }

    /** Sets an element of an integer operand to the low bits. */
    static void setLong(Operand o, int at, long value) {
        switch (o.array()) {
            case int[] a -> a[at] = (int) value;
            case byte[] a -> a[at] = (byte) value;
            case short[] a -> a[at] = (short) value;
            case long[] a -> a[at] = value;
            default -> throw new IllegalArgumentException(o.type().toString());
        }
    }

    /** n elements, {@code step} apart in the source, next to each other in the target. */
    static void copy(Object from, int at, int step, Object to, int target, int n) {
        if (step == 1) {
            System.arraycopy(from, at, to, target, n);
            return;
        }
        switch (from) {
            case float[] a -> copy(a, at, step, (float[]) to, target, n);
            case int[] a -> {
                int[] b = (int[]) to;
                for (int i = 0; i < n; i++) {
                    b[target + i] = a[at + i * step];
                }
            }
            case long[] a -> {
                long[] b = (long[]) to;
                for (int i = 0; i < n; i++) {
                    b[target + i] = a[at + i * step];
                }
            }
            case short[] a -> {
                short[] b = (short[]) to;
                for (int i = 0; i < n; i++) {
                    b[target + i] = a[at + i * step];
                }
            }
            case byte[] a -> {
                byte[] b = (byte[]) to;
                for (int i = 0; i < n; i++) {
                    b[target + i] = a[at + i * step];
                }
            }
            case double[] a -> {
                double[] b = (double[]) to;
                for (int i = 0; i < n; i++) {
                    b[target + i] = a[at + i * step];
                }
            }
            default -> throw new IllegalArgumentException(from.getClass().getName());
        }
    }

    private static void copy(float[] a, int at, int step, float[] b, int target, int n) {
        for (int i = 0; i < n; i++) {
            b[target + i] = a[at + i * step];
        }
    }

    /** n elements of a float32 or U8 array set to a value. */
    static void fill(Object to, int target, int n, double value) {
        switch (to) {
            case float[] a -> java.util.Arrays.fill(a, target, target + n, (float) value);
            case byte[] a -> java.util.Arrays.fill(a, target, target + n, (byte) Math.clamp(Math.rint(value), 0, 255));
            case int[] a -> java.util.Arrays.fill(a, target, target + n, (int) value);
            case long[] a -> java.util.Arrays.fill(a, target, target + n, (long) value);
            case short[] a -> java.util.Arrays.fill(a, target, target + n, (short) value);
            case double[] a -> java.util.Arrays.fill(a, target, target + n, value);
            default -> throw new IllegalArgumentException(to.getClass().getName());
        }
    }
}
