package dev.kerf.backend.cpu.dense;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Elementary functions in float32 over whole vectors of an array: exp to within 2 units in the last place, tanh and the
 * quotients made of exp to within 3, with the IEEE answers for infinities, NaN and overflow. Polynomials are minimax fits made
 * for this file; exp reduces the argument by multiples of ln 2 in two parts (Cody and Waite 1980). Methods read end elements of
 * x from xo on, end a multiple of the vector length; y may be x at the same place.
 *
 * <p>Each is one loop that calls nothing but the Vector API. A function from vector to vector would read better, but once
 * such a function is hot by itself, or its caller long, the JIT compiler calls it instead of inlining it, and
 * every vector that goes in or out is allocated. Bounds are a comparison and a blend: min and max that know NaN and −0 take
 * six instructions.
 *
 * <p>Powers of two: adding {@link #EXPONENT} rounds to a whole number and leaves that number, biased as an exponent is, in the
 * low nine bits; shifted left by 23 they are the float 2ⁿ.
 */
public final class VectorMath {
    /** The widest vectors that the machine works well with, from 128 bits to 512. */
    public static final VectorSpecies<Float> SPECIES = switch (FloatVector.SPECIES_PREFERRED.length()) {
        case 1, 2 -> FloatVector.SPECIES_128;
        case 4, 8 -> FloatVector.SPECIES_PREFERRED;
        default -> FloatVector.SPECIES_512;
    };

    private static final VectorSpecies<Float> S = SPECIES;
    private static final int L = S.length();
    static final float LOG2_E = 1.442695f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    /** 1.5 · 2²³ + 127. */
    private static final float EXPONENT = 12583039f;
    private static final int SIGN = 0x80000000;
    private static final float SQRT_2_OVER_PI = 0.7978846f;

    private VectorMath() {}

    /** e^x, denormal results included. */
    static void exp(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector v = FloatVector.fromArray(S, x, xo + i);
            FloatVector c = v.blend(89f, v.compare(VectorOperators.GT, 89f));
            c = c.blend(-104f, v.compare(VectorOperators.LT, -104f));
            FloatVector n = c.mul(LOG2_E).add(EXPONENT).sub(EXPONENT);
            FloatVector r = n.fma(FloatVector.broadcast(S, -LN2_LOW), n.fma(FloatVector.broadcast(S, -LN2_HIGH), c));
            FloatVector p = r.fma(FloatVector.broadcast(S, 1.9789266e-4f), FloatVector.broadcast(S, 1.3945753e-3f));
            p = p.fma(r, FloatVector.broadcast(S, 8.3335042e-3f)).fma(r, FloatVector.broadcast(S, 4.1666280e-2f));
            p = p.fma(r, FloatVector.broadcast(S, 0.16666666f)).fma(r, FloatVector.broadcast(S, 0.5f));
            p = p.mul(r).fma(r, r).add(1f);
            // Half of the exponent at a time, so that neither factor overflows and denormal results are rounded once.
            FloatVector half = n.mul(0.5f).add(EXPONENT);
            FloatVector rest = n.sub(half.sub(EXPONENT)).add(EXPONENT);
            p.mul(half.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .mul(rest.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .intoArray(y, yo + i);
        }
    }

    /** tanh x = e / (e + 2) for e = e^2x − 1, also close to 0. */
    static void tanh(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector v = FloatVector.fromArray(S, x, xo + i);
            FloatVector a = v.abs();
            a = a.blend(10f, a.compare(VectorOperators.GT, 10f));
            FloatVector c = a.add(a);
            FloatVector t = c.mul(LOG2_E).add(EXPONENT);
            FloatVector n = t.sub(EXPONENT);
            FloatVector r = n.fma(FloatVector.broadcast(S, -LN2_LOW), n.fma(FloatVector.broadcast(S, -LN2_HIGH), c));
            FloatVector p = r.fma(FloatVector.broadcast(S, 1.9845957e-4f), FloatVector.broadcast(S, 1.3941653e-3f));
            p = p.fma(r, FloatVector.broadcast(S, 8.3333915e-3f)).fma(r, FloatVector.broadcast(S, 4.1666348e-2f));
            p = p.fma(r, FloatVector.broadcast(S, 0.16666666f)).fma(r, FloatVector.broadcast(S, 0.5f));
            p = p.mul(r).fma(r, r);
            FloatVector s = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
            FloatVector e = p.fma(s, s.sub(1f));
            e.div(e.add(2f)).reinterpretAsInts().or(v.reinterpretAsInts().and(SIGN)).reinterpretAsFloats()
                    .intoArray(y, yo + i);
        }
    }

    /**
     * x · Φ(x) = x/2 · (1 + erf(x / √2)) with erf(x / √2) = x · p(x²), p a minimax fit up to |x| = 5.5, where erf rounds to ±1
     * and the result is x or 0. 1 + erf cancels left of 0: the error is measured against x.
     */
    static void geluErf(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector v = FloatVector.fromArray(S, x, xo + i);
            FloatVector half = v.mul(0.5f);
            FloatVector square = v.mul(v);
            FloatVector s = square.fma(FloatVector.broadcast(S, 2f / (5.5f * 5.5f)), FloatVector.broadcast(S, -1f));
            // Powers by their remainder of 4: four chains of four, of which three wait while one goes on.
            FloatVector q = s.mul(s);
            FloatVector r = q.mul(q);
            FloatVector a = r.fma(FloatVector.broadcast(S, 1.440214e-3f), FloatVector.broadcast(S, 0.020455657f));
            FloatVector b = r.fma(FloatVector.broadcast(S, -1.0582799e-3f), FloatVector.broadcast(S, -0.013639837f));
            FloatVector c = r.fma(FloatVector.broadcast(S, 1.2631178e-3f), FloatVector.broadcast(S, 9.24356e-3f));
            FloatVector d = r.fma(FloatVector.broadcast(S, -4.72831e-4f), FloatVector.broadcast(S, -4.837277e-3f));
            a = a.fma(r, FloatVector.broadcast(S, 0.06414052f)).fma(r, FloatVector.broadcast(S, 0.25710386f));
            b = b.fma(r, FloatVector.broadcast(S, -0.052096523f)).fma(r, FloatVector.broadcast(S, -0.12834467f));
            c = c.fma(r, FloatVector.broadcast(S, 0.04072913f)).fma(r, FloatVector.broadcast(S, 0.09547526f));
            d = d.fma(r, FloatVector.broadcast(S, -0.02999815f)).fma(r, FloatVector.broadcast(S, -0.07758557f));
            FloatVector p = d.fma(q, b).fma(s, c.fma(q, a));
            FloatVector far = v.blend(0f, v.compare(VectorOperators.LT, 0f));
            p.mul(v).fma(half, half).blend(far, square.compare(VectorOperators.GT, 5.5f * 5.5f)).intoArray(y, yo + i);
        }
    }

    /**
     * What softmax weighs scores by, which stand at multiples of {@code step} from {@code at}, for each of a vector's lanes:
     * a = 2^(a − shift), 0 where that is below 2^−126; their sum is added to the total. A power of 2 takes a fifth less than one
     * of e.
     *
     * @param n      scores, times log₂ e
     * @param shifts where the lanes' shifts are: at least the largest of their scores, finite
     * @param totals where the lanes' totals are
     */
    static void weights(float[] a, int at, int step, int n, int shifts, int totals) {
        FloatVector shift = FloatVector.fromArray(S, a, shifts);
        FloatVector sum = FloatVector.zero(S);
        for (int j = 0, i = at; j < n; j++, i += step) {
            FloatVector c = FloatVector.fromArray(S, a, i).sub(shift);
            FloatVector t = c.add(EXPONENT);
            FloatVector r = c.sub(t.sub(EXPONENT));
            FloatVector p = r.fma(FloatVector.broadcast(S, 1.5353362e-4f), FloatVector.broadcast(S, 1.3398875e-3f));
            p = p.fma(r, FloatVector.broadcast(S, 9.618437e-3f)).fma(r, FloatVector.broadcast(S, 5.5503324e-2f));
            p = p.fma(r, FloatVector.broadcast(S, 0.24022648f)).fma(r, FloatVector.broadcast(S, 0.6931472f));
            p = p.fma(r, FloatVector.broadcast(S, 1f));
            p = p.mul(t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
            p = p.blend(0f, c.compare(VectorOperators.LT, -126f));
            p.intoArray(a, i);
            sum = sum.add(p);
        }
        FloatVector.fromArray(S, a, totals).add(sum).intoArray(a, totals);
    }

    /** −x, the argument of e in the logistic function. */
    static void negate(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).neg().intoArray(y, yo + i);
        }
    }

    /** −2u for the argument u = √(2/π) · (x + 0.044715 x³) of tanh in GELU: x/2 · (1 + tanh u) is x / (1 + e^−2u). */
    static void geluArgument(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            // Beyond ±11 the result is x or 0 in float32; the bound keeps x³ finite.
            FloatVector v = FloatVector.fromArray(S, x, xo + i);
            FloatVector c = v.blend(11f, v.compare(VectorOperators.GT, 11f));
            c = c.blend(-11f, v.compare(VectorOperators.LT, -11f));
            c.mul(c).mul(c).mul(0.044715f).add(c).mul(-2 * SQRT_2_OVER_PI).intoArray(y, yo + i);
        }
    }

    /** 1 / (1 + e). */
    static void logistic(float[] e, int eo, float[] y, int yo, int end) {
        FloatVector one = FloatVector.broadcast(S, 1f);
        for (int i = 0; i < end; i += L) {
            one.div(FloatVector.fromArray(S, e, eo + i).add(1f)).intoArray(y, yo + i);
        }
    }

    /** x / (1 + e): where e overflows, the true quotient is a denormal or 0 as well. */
    static void gate(float[] x, int xo, float[] e, int eo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).div(FloatVector.fromArray(S, e, eo + i).add(1f)).intoArray(y, yo + i);
        }
    }
}
