package dev.kerf.backend.cpu.dense;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
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
        EXP("exp"),
        /** {@link VectorMath#sigmoid}. */
        SIGMOID("sigmoid"),
        /** {@link VectorMath#silu}. */
        SILU("silu"),
        /** {@link VectorMath#tanh}. */
        TANH("tanh"),
        /** {@link VectorMath#geluErf}. */
        GELU_ERF("geluErf"),
        /** {@link VectorMath#geluTanh}. */
        GELU_TANH("geluTanh");

        /** No constant to the JIT compiler, which therefore leaves the loop alone instead of inlining half of it elsewhere. */
        private final MethodHandle loop;

        Curve(String name) {
            try {
                loop = MethodHandles.lookup().findStatic(Curves.class, name, MethodType.methodType(
                        void.class, float[].class, int.class, float[].class, int.class, int.class));
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        private void whole(float[] x, int xo, float[] y, int yo, int end) {
            try {
                loop.invokeExact(x, xo, y, yo, end);
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable t) {
                throw new IllegalStateException(t);
            }
        }
    }

    /** y[yo + i] = f(x[xo + i]) for i from 0 to n − 1; x and y may be the same place. */
    public static void apply(Curve f, float[] x, int xo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        f.whole(x, xo, y, yo, end);
        if (end < n) {
            float[] rest = REST.get();
            System.arraycopy(x, xo + end, rest, 0, n - end);
            f.whole(rest, 0, rest, 0, L);
            System.arraycopy(rest, 0, y, yo + end, n - end);
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
