package dev.kerf.backend.cpu.dense;

import dev.kerf.graph.Activation;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/** What is done to sums on their way to the result: residual, activation, interleaving. */
final class Finish {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();

    private Finish() {}

    /** y[yi + i] = act(c[ci + i]) for i from 0 to n − 1; c and y may be the same place. */
    static void store(Activation act, float[] c, int ci, float[] y, int yi, int n) {
        switch (act) {
            case NONE -> System.arraycopy(c, ci, y, yi, n);
            case RELU -> relu(c, ci, y, yi, n);
            case GELU_ERF -> geluErf(c, ci, y, yi, n);
            case GELU_TANH -> geluTanh(c, ci, y, yi, n);
            case SIGMOID -> sigmoid(c, ci, y, yi, n);
            case SILU -> silu(c, ci, y, yi, n);
            case TANH -> tanh(c, ci, y, yi, n);
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

    /** y[yi + i · step] = act(c[ci + i]), the activation applied in c first. */
    static void spread(Activation act, float[] c, int ci, float[] y, int yi, int step, int n) {
        if (act != Activation.NONE) {
            store(act, c, ci, c, ci, n);
        }
        for (int i = 0; i < n; i++) {
            y[yi + i * step] = c[ci + i];
        }
    }

    private static void relu(float[] c, int ci, float[] y, int yi, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector.fromArray(S, c, ci + i).max(0f).intoArray(y, yi + i);
        }
        for (; i < n; i++) {
            y[yi + i] = Math.max(c[ci + i], 0f);
        }
    }

    private static void geluErf(float[] c, int ci, float[] y, int yi, int n) {
        for (int i = 0; i < n; i += L) {
            VectorMask<Float> m = VectorMath.below(i, n);
            VectorMath.geluErf(FloatVector.fromArray(S, c, ci + i, m)).intoArray(y, yi + i, m);
        }
    }

    private static void geluTanh(float[] c, int ci, float[] y, int yi, int n) {
        for (int i = 0; i < n; i += L) {
            VectorMask<Float> m = VectorMath.below(i, n);
            VectorMath.geluTanh(FloatVector.fromArray(S, c, ci + i, m)).intoArray(y, yi + i, m);
        }
    }

    private static void sigmoid(float[] c, int ci, float[] y, int yi, int n) {
        for (int i = 0; i < n; i += L) {
            VectorMask<Float> m = VectorMath.below(i, n);
            VectorMath.sigmoid(FloatVector.fromArray(S, c, ci + i, m)).intoArray(y, yi + i, m);
        }
    }

    private static void silu(float[] c, int ci, float[] y, int yi, int n) {
        for (int i = 0; i < n; i += L) {
            VectorMask<Float> m = VectorMath.below(i, n);
            VectorMath.silu(FloatVector.fromArray(S, c, ci + i, m)).intoArray(y, yi + i, m);
        }
    }

    private static void tanh(float[] c, int ci, float[] y, int yi, int n) {
        for (int i = 0; i < n; i += L) {
            VectorMask<Float> m = VectorMath.below(i, n);
            VectorMath.tanh(FloatVector.fromArray(S, c, ci + i, m)).intoArray(y, yi + i, m);
        }
    }
}
