package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.dense.VectorMath;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Functions of two numbers over the part of a row that makes whole vectors; each returns where the rest begins. A loop for
 * each function: where a choice within a loop makes the vector, the JIT compiler allocates it.
 */
final class VectorBinary {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();

    private VectorBinary() {}

    static int rows(Arithmetic f, float[] a, int ao, float[] b, int bo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        switch (f) {
            case ADD -> add(a, ao, b, bo, y, yo, end);
            case SUBTRACT -> subtract(a, ao, b, bo, y, yo, end);
            case MULTIPLY -> multiply(a, ao, b, bo, y, yo, end);
            case DIVIDE -> divide(a, ao, b, bo, y, yo, end);
            case MAX -> max(a, ao, b, bo, y, yo, end);
            case MIN -> min(a, ao, b, bo, y, yo, end);
            case POWER -> end = 0;
        }
        return end;
    }

    static int scalar(Arithmetic f, float[] a, int ao, float b, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        switch (f) {
            case ADD -> add(a, ao, b, y, yo, end);
            case MULTIPLY -> multiply(a, ao, b, y, yo, end);
            case DIVIDE -> divide(a, ao, b, y, yo, end);
            case MAX -> max(a, ao, b, y, yo, end);
            case MIN -> min(a, ao, b, y, yo, end);
            case SUBTRACT, POWER -> end = 0;
        }
        return end;
    }

    static int subtractFrom(float a, float[] b, int bo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, b, bo + i).neg().add(a).intoArray(y, yo + i);
        }
        return end;
    }

    static int divide(float a, float[] b, int bo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        FloatVector v = FloatVector.broadcast(S, a);
        for (int i = 0; i < end; i += L) {
            v.div(FloatVector.fromArray(S, b, bo + i)).intoArray(y, yo + i);
        }
        return end;
    }

    private static void add(float[] a, int ao, float[] b, int bo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, a, ao + i).add(FloatVector.fromArray(S, b, bo + i)).intoArray(y, yo + i);
        }
    }

    private static void add(float[] a, int ao, float b, float[] y, int yo, int end) {
        FloatVector v = FloatVector.broadcast(S, b);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, a, ao + i).add(v).intoArray(y, yo + i);
        }
    }

    private static void subtract(float[] a, int ao, float[] b, int bo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, a, ao + i).sub(FloatVector.fromArray(S, b, bo + i)).intoArray(y, yo + i);
        }
    }

    private static void multiply(float[] a, int ao, float[] b, int bo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, a, ao + i).mul(FloatVector.fromArray(S, b, bo + i)).intoArray(y, yo + i);
        }
    }

    private static void multiply(float[] a, int ao, float b, float[] y, int yo, int end) {
        FloatVector v = FloatVector.broadcast(S, b);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, a, ao + i).mul(v).intoArray(y, yo + i);
        }
    }

    private static void divide(float[] a, int ao, float[] b, int bo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, a, ao + i).div(FloatVector.fromArray(S, b, bo + i)).intoArray(y, yo + i);
        }
    }

    private static void divide(float[] a, int ao, float b, float[] y, int yo, int end) {
        FloatVector v = FloatVector.broadcast(S, b);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, a, ao + i).div(v).intoArray(y, yo + i);
        }
    }

    private static void max(float[] a, int ao, float[] b, int bo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, a, ao + i).max(FloatVector.fromArray(S, b, bo + i)).intoArray(y, yo + i);
        }
    }

    private static void max(float[] a, int ao, float b, float[] y, int yo, int end) {
        FloatVector v = FloatVector.broadcast(S, b);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, a, ao + i).max(v).intoArray(y, yo + i);
        }
    }

    private static void min(float[] a, int ao, float[] b, int bo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, a, ao + i).min(FloatVector.fromArray(S, b, bo + i)).intoArray(y, yo + i);
        }
    }

    private static void min(float[] a, int ao, float b, float[] y, int yo, int end) {
        FloatVector v = FloatVector.broadcast(S, b);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, a, ao + i).min(v).intoArray(y, yo + i);
        }
    }
}
