package dev.kerf.backend.cpu.dense;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The functions of {@link VectorMath} over rows. Each has a method of its own with one loop and nothing else: then the JIT
 * compiler inlines the function whole, and no vector is allocated. What is left of a row goes through the same loop in a
 * vector's worth of room, so that an element's result doesn't depend on where it stands.
 */
public final class Curves {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();
    private static final ThreadLocal<float[]> REST = ThreadLocal.withInitial(() -> new float[L]);

    private Curves() {}

    /** The functions. */
    public enum Curve {
        /** {@link VectorMath#exp}. */
        EXP,
        /** {@link VectorMath#sigmoid}. */
        SIGMOID,
        /** {@link VectorMath#silu}. */
        SILU,
        /** {@link VectorMath#tanh}. */
        TANH,
        /** {@link VectorMath#geluErf}. */
        GELU_ERF,
        /** {@link VectorMath#geluTanh}. */
        GELU_TANH
    }

    /** y[yo + i] = f(x[xo + i]) for i from 0 to n − 1; x and y may be the same place. */
    public static void apply(Curve f, float[] x, int xo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        whole(f, x, xo, y, yo, end);
        if (end < n) {
            float[] rest = REST.get();
            System.arraycopy(x, xo + end, rest, 0, n - end);
            whole(f, rest, 0, rest, 0, L);
            System.arraycopy(rest, 0, y, yo + end, n - end);
        }
    }

    private static void whole(Curve f, float[] x, int xo, float[] y, int yo, int end) {
        switch (f) {
            case EXP -> exp(x, xo, y, yo, end);
            case SIGMOID -> sigmoid(x, xo, y, yo, end);
            case SILU -> silu(x, xo, y, yo, end);
            case TANH -> tanh(x, xo, y, yo, end);
            case GELU_ERF -> geluErf(x, xo, y, yo, end);
            case GELU_TANH -> geluTanh(x, xo, y, yo, end);
        }
    }

    private static void exp(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            VectorMath.exp(FloatVector.fromArray(S, x, xo + i)).intoArray(y, yo + i);
        }
    }

    private static void sigmoid(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            VectorMath.sigmoid(FloatVector.fromArray(S, x, xo + i)).intoArray(y, yo + i);
        }
    }

    private static void silu(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            VectorMath.silu(FloatVector.fromArray(S, x, xo + i)).intoArray(y, yo + i);
        }
    }

    private static void tanh(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            VectorMath.tanh(FloatVector.fromArray(S, x, xo + i)).intoArray(y, yo + i);
        }
    }

    private static void geluErf(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            VectorMath.geluErf(FloatVector.fromArray(S, x, xo + i)).intoArray(y, yo + i);
        }
    }

    private static void geluTanh(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            VectorMath.geluTanh(FloatVector.fromArray(S, x, xo + i)).intoArray(y, yo + i);
        }
    }
}
