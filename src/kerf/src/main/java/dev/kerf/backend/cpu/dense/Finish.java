package dev.kerf.backend.cpu.dense;

import dev.kerf.graph.Op.Activation;
import java.util.function.IntUnaryOperator;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** What is done to sums on their way to the result: residual, activation, interleaving. */
final class Finish {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();

    /** a₀ b₀ a₁ b₁ … of the lower halves of two vectors, as indices into both. */
    static final FloatVector LOW_HALVES = indices(i -> i / 2 + i % 2 * L);
    /** The same of the upper halves. */
    static final FloatVector HIGH_HALVES = indices(i -> (L + i) / 2 + i % 2 * L);
    /** Lanes 0, 2, 4 … of two vectors after each other. */
    static final FloatVector EVENS = indices(i -> 2 * i);
    /** Lanes 1, 3, 5 … of them. */
    static final FloatVector ODDS = indices(i -> 2 * i + 1);

    /** The number of each lane. */
    private static final FloatVector NUMBERS = indices(i -> i);
    /** Whether some lanes of a vector can be stored at once: NEON can't. */
    private static final boolean MASKED = L >= 8;

    private Finish() {}

    /** y[yi + i] = act(c[ci + i]) for i from 0 to n − 1; c and y may be the same place. */
    static void store(Activation act, float[] c, int ci, float[] y, int yi, int n) {
        switch (act) {
            case NONE -> {
                if (c != y || ci != yi) {
                    System.arraycopy(c, ci, y, yi, n);
                }
            }
            case RELU -> Bends.relu(c, ci, y, yi, n);
            case GELU_ERF -> Curves.apply(Curves.Curve.GELU_ERF, c, ci, y, yi, n);
            case GELU_TANH -> Curves.apply(Curves.Curve.GELU_TANH, c, ci, y, yi, n);
            case SIGMOID -> Curves.apply(Curves.Curve.SIGMOID, c, ci, y, yi, n);
            case SILU -> Curves.apply(Curves.Curve.SILU, c, ci, y, yi, n);
            case TANH -> Curves.apply(Curves.Curve.TANH, c, ci, y, yi, n);
            case HARD_SWISH -> Bends.hardSwish(c, ci, y, yi, n);
            case RELU6 -> Bends.relu6(c, ci, y, yi, n);
        }
    }

    /** y[yi + i] = act(c[ci + i] + bias) for i from 0 to n − 1; c and y may be the same place. */
    static void store(Activation act, float bias, float[] c, int ci, float[] y, int yi, int n) {
        if (bias == 0f) {
            store(act, c, ci, y, yi, n);
        } else if (act == Activation.RELU) {
            plus(c, ci, bias, y, yi, n, 0f);
        } else {
            plus(c, ci, bias, y, yi, n, Float.NEGATIVE_INFINITY);
            if (act != Activation.NONE) {
                store(act, y, yi, y, yi, n);
            }
        }
    }

    /** y[yi + i] = c[ci + i] + b, or {@code least} where that is less. */
    private static void plus(float[] c, int ci, float b, float[] y, int yi, int n, float least) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(S, c, ci + i).add(b);
            v.blend(least, v.compare(VectorOperators.LT, least)).intoArray(y, yi + i);
        }
        for (; i < n; i++) {
            float v = c[ci + i] + b;
            y[yi + i] = v < least ? least : v;
        }
    }

    /** c[ci + i] += r[ri + i] for i from 0 to n − 1. */
    static void add(float[] c, int ci, float[] r, int ri, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector.fromArray(S, c, ci + i).add(FloatVector.fromArray(S, r, ri + i)).intoArray(c, ci + i);
        }
        for (; i < n; i++) {
            c[ci + i] += r[ri + i];
        }
    }

    /**
     * Rows of two vectors: y[yi + row · step + i] = c[ci + row · 2 L + i] + b[bi + i] + r[ri + row · rStep + i], or 0 where that is
     * less.
     *
     * @param r    null for none
     * @param relu whether less than 0 is 0
     */
    static void addBias(float[] c, int ci, float[] b, int bi, float[] r, int ri, int rStep, boolean relu, float[] y,
            int yi, int step, int rows) {
        FloatVector b0 = FloatVector.fromArray(S, b, bi);
        FloatVector b1 = FloatVector.fromArray(S, b, bi + L);
        for (int row = 0; row < rows; row++) {
            FloatVector v0 = FloatVector.fromArray(S, c, ci + row * 2 * L).add(b0);
            FloatVector v1 = FloatVector.fromArray(S, c, ci + row * 2 * L + L).add(b1);
            if (r != null) {
                v0 = v0.add(FloatVector.fromArray(S, r, ri + row * rStep));
                v1 = v1.add(FloatVector.fromArray(S, r, ri + row * rStep + L));
            }
            if (relu) {
                v0 = v0.blend(0f, v0.compare(VectorOperators.LT, 0f));
                v1 = v1.blend(0f, v1.compare(VectorOperators.LT, 0f));
            }
            v0.intoArray(y, yi + row * step);
            v1.intoArray(y, yi + row * step + L);
        }
    }

    /**
     * The largest of each few rows, one below the other: y[yi + row · step + i] = b[bi + i] + max c[ci + (row · window + k) · pitch + i]
     * over k below {@code window}; NaN if one is.
     */
    static void largest(float[] c, int ci, int pitch, int window, float[] b, int bi, float[] y, int yi, int step, int rows,
            int n) {
        int whole = n - n % L;
        for (int row = 0; row < rows; row++) {
            int from = ci + row * window * pitch;
            for (int i = 0; i < whole; i += L) {
                FloatVector most = FloatVector.fromArray(S, c, from + i);
                for (int k = 1; k < window; k++) {
                    most = most.max(FloatVector.fromArray(S, c, from + k * pitch + i));
                }
                most.add(FloatVector.fromArray(S, b, bi + i)).intoArray(y, yi + row * step + i);
            }
            for (int i = whole; i < n; i++) {
                float most = c[from + i];
                for (int k = 1; k < window; k++) {
                    most = Math.max(most, c[from + k * pitch + i]);
                }
                y[yi + row * step + i] = most + b[bi + i];
            }
        }
    }

    /** c[ci + row · pitch + i] += r[ri + row · step + i] for rows of n numbers. */
    static void addRows(float[] c, int ci, int pitch, float[] r, int ri, int step, int rows, int n) {
        for (int row = 0; row < rows; row++) {
            add(c, ci + row * pitch, r, ri + row * step, n);
        }
    }

    /** y[yi + row · step + i] = c[ci + row · pitch + i] for rows of n numbers. */
    static void copyRows(float[] c, int ci, int pitch, float[] y, int yi, int step, int rows, int n) {
        int whole = n - n % L;
        for (int row = 0; row < rows; row++) {
            int from = ci + row * pitch;
            int to = yi + row * step;
            for (int i = 0; i < whole; i += L) {
                FloatVector.fromArray(S, c, from + i).intoArray(y, to + i);
            }
            for (int i = whole; i < n; i++) {
                y[to + i] = c[from + i];
            }
        }
    }

    /** y[yi + i · step] = act(c[ci + i] + bias), applied in c first. */
    static void spread(Activation act, float bias, float[] c, int ci, float[] y, int yi, int step, int n) {
        store(act, bias, c, ci, c, ci, n);
        for (int i = 0; i < n; i++) {
            y[yi + i * step] = c[ci + i];
        }
    }

    /**
     * y[yi + 2i] = c[ci + i] + bias and y[yi + 2i + 1] = c[di + i] + bias. Whole vectors of both are read.
     *
     * @param n   numbers of both
     * @param odd whether the last of the second is left out
     */
    static void interleave(float bias, float[] c, int ci, int di, float[] y, int yi, int n, boolean odd) {
        int end = 2 * n - (odd ? 1 : 0);
        int i = 0;
        for (; 2 * (i + L) <= end; i += L) {
            FloatVector even = FloatVector.fromArray(S, c, ci + i).add(bias);
            FloatVector odds = FloatVector.fromArray(S, c, di + i).add(bias);
            LOW_HALVES.selectFrom(even, odds).intoArray(y, yi + 2 * i);
            HIGH_HALVES.selectFrom(even, odds).intoArray(y, yi + 2 * i + L);
        }
        if (MASKED && i < n) {
            FloatVector even = FloatVector.fromArray(S, c, ci + i).add(bias);
            FloatVector odds = FloatVector.fromArray(S, c, di + i).add(bias);
            int left = end - 2 * i;
            LOW_HALVES.selectFrom(even, odds).intoArray(y, yi + 2 * i, NUMBERS.compare(VectorOperators.LT, left));
            if (left > L) {
                HIGH_HALVES.selectFrom(even, odds).intoArray(y, yi + 2 * i + L, NUMBERS.compare(VectorOperators.LT, left - L));
            }
            i = n;
        }
        for (; i < n; i++) {
            y[yi + 2 * i] = c[ci + i] + bias;
            if (!odd || i < n - 1) {
                y[yi + 2 * i + 1] = c[di + i] + bias;
            }
        }
    }

    /** Lanes to pick of two vectors, as indices into both. */
    static FloatVector indices(IntUnaryOperator f) {
        float[] lanes = new float[L];
        for (int i = 0; i < L; i++) {
            lanes[i] = f.applyAsInt(i);
        }
        return FloatVector.fromArray(S, lanes, 0);
    }
}
