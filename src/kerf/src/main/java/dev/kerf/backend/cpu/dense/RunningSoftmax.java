package dev.kerf.backend.cpu.dense;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The running maximum and total of queries that meet their keys in blocks, a query to a lane ({@link AttentionKernel}). */
final class RunningSoftmax {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    /** Floats from a key's scores to the next key's, and from a sum's row to the next: two vectors of queries. */
    private static final int STEP = 2 * Tiles.LANES;

    static final float LN_2 = 0.6931472f;

    private RunningSoftmax() {}

    /**
     * A bias where scores are powers of 2: times log₂ e, finite if it was. The lowest number, which many a mask is of, is no −∞: a
     * query all of whose keys it masks gets the mean of their values.
     */
    static float power(float bias) {
        float p = bias * VectorMath.LOG2_E;
        return Float.isInfinite(bias) ? p : Math.clamp(p, -Float.MAX_VALUE, Float.MAX_VALUE);
    }

    /**
     * Finds the new maximum of a vector's queries, and how far the old one lies below it, times ln 2: scores are powers of 2. Keys take turns over four maxima, so
     * that one needn't wait for the other; a NaN is no maximum, but its own weight is NaN.
     */
    static void raise(float[] a, int scores, int m, int tops, int shifts, int factors) {
        FloatVector before = FloatVector.fromArray(S, a, tops);
        FloatVector t0 = before;
        FloatVector t1 = before;
        FloatVector t2 = before;
        FloatVector t3 = before;
        int j = 0;
        for (; j <= m - 4; j += 4) {
            int at = scores + j * STEP;
            FloatVector x0 = FloatVector.fromArray(S, a, at);
            FloatVector x1 = FloatVector.fromArray(S, a, at + STEP);
            FloatVector x2 = FloatVector.fromArray(S, a, at + 2 * STEP);
            FloatVector x3 = FloatVector.fromArray(S, a, at + 3 * STEP);
            t0 = t0.blend(x0, x0.compare(VectorOperators.GT, t0));
            t1 = t1.blend(x1, x1.compare(VectorOperators.GT, t1));
            t2 = t2.blend(x2, x2.compare(VectorOperators.GT, t2));
            t3 = t3.blend(x3, x3.compare(VectorOperators.GT, t3));
        }
        for (; j < m; j++) {
            FloatVector x = FloatVector.fromArray(S, a, scores + j * STEP);
            t0 = t0.blend(x, x.compare(VectorOperators.GT, t0));
        }
        FloatVector top = t0.max(t1).max(t2.max(t3));
        top.intoArray(a, tops);
        // Queries without any key yet have the maximum −∞, and −∞ − −∞ would be NaN.
        FloatVector shift = top.blend(0f, top.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY));
        shift.intoArray(a, shifts);
        before.sub(shift).mul(LN_2).intoArray(a, factors);
    }

    /** Scales what was summed under the old maximum. */
    static void rescale(float[] a, int factors, int totals, int sums, int width) {
        FloatVector factor = FloatVector.fromArray(S, a, factors);
        FloatVector.fromArray(S, a, totals).mul(factor).intoArray(a, totals);
        for (int d = 0; d < width; d++) {
            FloatVector.fromArray(S, a, sums + d * STEP).mul(factor).intoArray(a, sums + d * STEP);
        }
    }

    /**
     * Makes the scores of a vector's queries weights that add up to 1, where all keys are there at once; zeros for a query that sees no
     * key.
     *
     * @param m    keys
     * @param bias where the number is that each key's scores are raised by, a {@link #power}
     * @param room where there is room for two vectors
     */
    static void whole(float[] a, int scores, int m, int bias, int room) {
        FloatVector top = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        for (int j = 0; j < m; j++) {
            FloatVector x = FloatVector.fromArray(S, a, scores + j * STEP).add(a[bias + j]);
            x.intoArray(a, scores + j * STEP);
            top = top.blend(x, x.compare(VectorOperators.GT, top));
        }
        top.blend(0f, top.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY)).intoArray(a, room);
        FloatVector.zero(S).intoArray(a, room + Tiles.LANES);
        VectorMath.weights(a, scores, STEP, m, room, room + Tiles.LANES);
        FloatVector total = FloatVector.fromArray(S, a, room + Tiles.LANES);
        FloatVector factor = FloatVector.broadcast(S, 1f).div(total.blend(1f, total.compare(VectorOperators.EQ, 0f)));
        for (int j = 0; j < m; j++) {
            FloatVector.fromArray(S, a, scores + j * STEP).mul(factor).intoArray(a, scores + j * STEP);
        }
    }
}
