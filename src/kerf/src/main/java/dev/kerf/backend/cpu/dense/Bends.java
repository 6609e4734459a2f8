package dev.kerf.backend.cpu.dense;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Functions of one number that are put together of straight pieces, over rows of any length; NaN stays NaN. */
public final class Bends {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();
    private static final float SIXTH = 1 / 6f;

    private Bends() {}

    /** y[yo + i] = max(x[xo + i], 0) for i from 0 to n − 1; x and y may be the same place. */
    public static void relu(float[] x, int xo, float[] y, int yo, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector.fromArray(S, x, xo + i).max(0f).intoArray(y, yo + i);
        }
        for (; i < n; i++) {
            y[yo + i] = Math.max(x[xo + i], 0f);
        }
    }

    /** y[yo + i] = min(max(x[xo + i], 0), 6), else as {@link #relu}. */
    public static void relu6(float[] x, int xo, float[] y, int yo, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector.fromArray(S, x, xo + i).max(0f).min(6f).intoArray(y, yo + i);
        }
        for (; i < n; i++) {
            y[yo + i] = Math.min(Math.max(x[xo + i], 0f), 6f);
        }
    }

    /** {@link dev.kerf.graph.Op.Activation#HARD_SWISH} of x[xo + i], else as {@link #relu}. */
    public static void hardSwish(float[] x, int xo, float[] y, int yo, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(S, x, xo + i);
            VectorMask<Float> none = v.compare(VectorOperators.LT, -3f);
            v.mul(v.add(3f).min(6f).mul(SIXTH)).blend(0f, none).intoArray(y, yo + i);
        }
        for (; i < n; i++) {
            float v = x[xo + i];
            y[yo + i] = v < -3f ? 0f : v * (Math.min(v + 3f, 6f) * SIXTH);
        }
    }
}
