package dev.kerf.backend.cpu.dense;

/**
 * Functions of one number over rows of any length, by the loops of {@link VectorMath}. What is left of a row goes through the
 * same loops in a vector's worth of room, so that an element's result doesn't depend on where it stands.
 */
public final class Curves {
    private static final int L = VectorMath.SPECIES.length();
    /** Elements that go from loop to loop before the next: they stay in the first cache. */
    private static final int PIECE = 64 * L;
    private static final ThreadLocal<Room> ROOM = ThreadLocal.withInitial(Room::new);

    private Curves() {}

    /** A thread's scratch: exponentials of a piece, and the rest of a row. */
    private static final class Room {
        private final float[] e = new float[PIECE];
        private final float[] rest = new float[L];
    }

    /** The functions. */
    public enum Curve {
        /** e^x. */
        EXP,
        /** 1 / (1 + e^−x). */
        SIGMOID,
        /** x / (1 + e^−x). */
        SILU,
        /** tanh x. */
        TANH,
        /** x · Φ(x) by the error function. */
        GELU_ERF,
        /** x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))). */
        GELU_TANH
    }

    /** y[yo + i] = f(x[xo + i]) for i from 0 to n − 1; x and y may be the same place. */
    public static void apply(Curve f, float[] x, int xo, float[] y, int yo, int n) {
        Room room = ROOM.get();
        int end = n - n % L;
        for (int i = 0; i < end; i += PIECE) {
            whole(f, x, xo + i, y, yo + i, Math.min(PIECE, end - i), room.e);
        }
        if (end < n) {
            System.arraycopy(x, xo + end, room.rest, 0, n - end);
            whole(f, room.rest, 0, room.rest, 0, L, room.e);
            System.arraycopy(room.rest, 0, y, yo + end, n - end);
        }
    }

    private static void whole(Curve f, float[] x, int xo, float[] y, int yo, int n, float[] e) {
        switch (f) {
            case EXP -> VectorMath.exp(x, xo, y, yo, n);
            case TANH -> VectorMath.tanh(x, xo, y, yo, n);
            case GELU_ERF -> VectorMath.geluErf(x, xo, y, yo, n);
            case SIGMOID -> {
                VectorMath.negate(x, xo, e, 0, n);
                VectorMath.exp(e, 0, e, 0, n);
                VectorMath.logistic(e, 0, y, yo, n);
            }
            case SILU -> {
                VectorMath.negate(x, xo, e, 0, n);
                VectorMath.exp(e, 0, e, 0, n);
                VectorMath.gate(x, xo, e, 0, y, yo, n);
            }
            case GELU_TANH -> {
                VectorMath.geluArgument(x, xo, e, 0, n);
                VectorMath.exp(e, 0, e, 0, n);
                VectorMath.gate(x, xo, e, 0, y, yo, n);
            }
        }
    }
}
