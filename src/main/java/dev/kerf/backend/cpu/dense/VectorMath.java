package dev.kerf.backend.cpu.dense;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Elementary functions on float32 vectors: exp, expm1 and erf to within 2 units in the last place, tanh, sigmoid and
 * SiLU (quotients of those) to within 3, with the IEEE answers for infinities, NaN and overflow. Polynomials are
 * minimax fits made for this file; exp and expm1 reduce the argument by multiples of ln 2 in two parts (Cody and
 * Waite 1980).
 *
 * <pre>{@code
 * for (int i = 0; i < n; i += SPECIES.length()) {
 *     var m = SPECIES.indexInRange(i, n);
 *     VectorMath.exp(FloatVector.fromArray(SPECIES, x, i, m)).intoArray(y, i, m);
 * }
 * }</pre>
 */
public final class VectorMath {
    /** The widest vectors that the machine works well with. */
    public static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    private static final float LOG2_E = 1.442695f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    /** 1.5 · 2²³: adding it rounds to a whole number and leaves that number in the low bits. */
    private static final float ROUND = 12582912f;
    private static final int ROUND_BITS = 0x4b400000;
    private static final int SIGN = 0x80000000;
    private static final float SQRT_HALF = 0.70710677f;
    private static final float SQRT_2_OVER_PI = 0.7978846f;

    private VectorMath() {}

    /** e^x. */
    public static FloatVector exp(FloatVector x) {
        FloatVector c = x.min(89f).max(-104f);
        FloatVector t = c.mul(LOG2_E).add(ROUND);
        FloatVector n = t.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_LOW), n.fma(
                FloatVector.broadcast(SPECIES, -LN2_HIGH), c));
        FloatVector p = step(r, FloatVector.broadcast(SPECIES, 1.3945753e-3f), 1.9789266e-4f);
        p = step(r, p, 8.3335042e-3f, 4.1666280e-2f);
        p = step(r, p, 0.16666666f, 0.5f);
        p = p.mul(r).fma(r, r).add(1f);
        // Half of the exponent at a time, so that neither factor overflows and denormal results are rounded once.
        IntVector e = t.reinterpretAsInts().sub(ROUND_BITS);
        IntVector half = e.lanewise(VectorOperators.ASHR, 1);
        return p.mul(power(half)).mul(power(e.sub(half)));
    }

    /** e^x − 1, also close to 0. */
    public static FloatVector expm1(FloatVector x) {
        FloatVector c = x.min(88f).max(-26f);
        FloatVector t = c.mul(LOG2_E).add(ROUND);
        FloatVector n = t.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_LOW), n.fma(
                FloatVector.broadcast(SPECIES, -LN2_HIGH), c));
        FloatVector p = step(r, FloatVector.broadcast(SPECIES, 1.3941653e-3f), 1.9845957e-4f);
        p = step(r, p, 8.3333915e-3f, 4.1666348e-2f);
        p = step(r, p, 0.16666666f, 0.5f);
        p = p.mul(r).fma(r, r);
        FloatVector s = power(t.reinterpretAsInts().sub(ROUND_BITS));
        return p.fma(s, s.sub(1f));
    }

    /** tanh x, also close to 0. */
    public static FloatVector tanh(FloatVector x) {
        IntVector bits = x.reinterpretAsInts();
        FloatVector a = x.abs().min(10f);
        FloatVector e = expm1(a.add(a));
        FloatVector y = e.div(e.add(2f));
        return y.reinterpretAsInts().or(bits.and(SIGN)).reinterpretAsFloats();
    }

    /** 1 / (1 + e^−x). */
    public static FloatVector sigmoid(FloatVector x) {
        return FloatVector.broadcast(SPECIES, 1f).div(exp(x.neg()).add(1f));
    }

    /** x / (1 + e^−x). */
    public static FloatVector silu(FloatVector x) {
        // Below −88 the quotient would be x / ∞; the true value is a denormal or 0 as well.
        return x.div(exp(x.neg()).add(1f));
    }

    /** The error function. */
    public static FloatVector erf(FloatVector x) {
        FloatVector t = x.abs().min(4f);
        FloatVector s = t.mul(t);
        FloatVector p = step(s, FloatVector.broadcast(SPECIES, -8.0977031e-4f), 8.185090e-5f);
        p = step(s, p, 5.1969523e-3f, -2.6857706e-2f);
        p = step(s, p, 0.112836637f, -0.37612632f);
        p = p.mul(s).add(0.12837917f);
        p = p.fma(t, t);
        FloatVector q = FloatVector.broadcast(SPECIES, 4.3243090e-5f).add(t.mul(-4.7470876e-6f));
        q = step(t, q, 6.1555093e-5f, -2.9633953e-3f);
        q = step(t, q, 2.2728242e-2f, -0.105314344f);
        q = step(t, q, -0.63559848f, -0.12855758f);
        q = FloatVector.broadcast(SPECIES, 1f).sub(exp(q.fma(t, t.neg())));
        FloatVector y = q.blend(p, t.lt(0.95f));
        return y.reinterpretAsInts().or(x.reinterpretAsInts().and(SIGN)).reinterpretAsFloats();
    }

    /**
     * x · Φ(x) by the error function: max(x, 0) − |x| · Φ(−|x|), with Φ(−a) = e^(−a²/2) · p(1 / (1 + 0.318 a)), p a minimax
     * fit in the form of Hastings' (Abramowitz and Stegun 7.1.26). Short enough for the JIT compiler to inline whole: what it
     * doesn't inline allocates its vectors.
     */
    public static FloatVector geluErf(FloatVector x) {
        FloatVector a = x.abs().min(13f);
        FloatVector t = FloatVector.broadcast(SPECIES, 1f).div(a.mul(0.31819806f).add(1f));
        FloatVector p = step(t, FloatVector.broadcast(SPECIES, -0.24270545f), 0.045381844f);
        p = step(t, p, 0.41992277f, -0.17875999f);
        p = step(t, p, 0.22469656f, 0.10218643f);
        p = p.fma(t, FloatVector.broadcast(SPECIES, 0.12927783f)).mul(t);
        return x.max(0f).sub(expBounded(a.mul(a).mul(-0.5f)).mul(p).mul(a));
    }

    /** e^x for −87 ≤ x ≤ 87. */
    private static FloatVector expBounded(FloatVector x) {
        FloatVector v = x.mul(LOG2_E).add(ROUND);
        FloatVector n = v.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_LOW), n.fma(
                FloatVector.broadcast(SPECIES, -LN2_HIGH), x));
        FloatVector p = step(r, FloatVector.broadcast(SPECIES, 1.3945753e-3f), 1.9789266e-4f);
        p = step(r, p, 8.3335042e-3f, 4.1666280e-2f);
        p = step(r, p, 0.16666666f, 0.5f);
        return p.mul(r).fma(r, r).add(1f).mul(power(v.reinterpretAsInts().sub(ROUND_BITS)));
    }

    /** x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))), which is x / (1 + e^−2u) for the argument u of tanh. */
    public static FloatVector geluTanh(FloatVector x) {
        // Beyond ±11 the result is x or 0 in float32; the bound keeps x³ finite.
        FloatVector c = x.min(11f).max(-11f);
        FloatVector u = c.mul(c).mul(c).mul(0.044715f).add(c).mul(-2 * SQRT_2_OVER_PI);
        return x.div(exp(u).add(1f));
    }

    /** p · x + c: one step of Horner's rule. */
    private static FloatVector step(FloatVector x, FloatVector c, float lead) {
        return x.fma(FloatVector.broadcast(SPECIES, lead), c);
    }

    /** Two steps of Horner's rule: (p · x + c) · x + d, the higher coefficient first. */
    private static FloatVector step(FloatVector x, FloatVector p, float c, float d) {
        return p.fma(x, FloatVector.broadcast(SPECIES, c)).fma(x, FloatVector.broadcast(SPECIES, d));
    }

    /** 2^e for −126 ≤ e ≤ 127. */
    private static FloatVector power(IntVector e) {
        return e.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
    }
}
