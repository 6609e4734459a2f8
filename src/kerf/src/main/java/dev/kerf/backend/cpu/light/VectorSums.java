package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.dense.VectorMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sums over rows in one order, whatever the vectors' width and whoever compiled the loop. (The Vector API's own reduction
 * leaves the order open: interpreted it gives other bits than compiled.) Element i goes to partial sum i mod 16; partial sums
 * that lie 8 apart are added, then 4, 2 and 1. Float32 sums run over at most {@link #RUN} elements before they are added in
 * float64.
 *
 * <p>The sixteen are one vector, two or four: L is a constant to the JIT compiler, which leaves the others out.
 */
final class VectorSums {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();
    private static final VectorShuffle<Float> BY_8 = S.iotaShuffle(8, 1, true);
    private static final VectorShuffle<Float> BY_4 = S.iotaShuffle(4, 1, true);
    /** Partial sums: rows are multiples of this long. */
    static final int WIDTH = 16;
    private static final int RUN = 64 * WIDTH;

    private VectorSums() {}

    /** Σ x. */
    static double sum(float[] x, int xo, int n) {
        double total = 0;
        for (int first = 0; first < n; first += RUN) {
            FloatVector s = FloatVector.zero(S);
            FloatVector t = s;
            FloatVector u = s;
            FloatVector v = s;
            for (int i = first, to = Math.min(n, first + RUN); i < to; i += WIDTH) {
                s = s.add(FloatVector.fromArray(S, x, xo + i));
                if (L <= 8) {
                    t = t.add(FloatVector.fromArray(S, x, xo + i + 8));
                }
                if (L == 4) {
                    u = u.add(FloatVector.fromArray(S, x, xo + i + 4));
                    v = v.add(FloatVector.fromArray(S, x, xo + i + 12));
                }
            }
            s = s.add(L == 16 ? s.rearrange(BY_8) : t);
            s = s.add(L == 4 ? u.add(v) : s.rearrange(BY_4));
            total += s.lane(0) + s.lane(2) + (s.lane(1) + s.lane(3));
        }
        return total;
    }

    /** Σ (x − mean)². */
    static double squares(float[] x, int xo, float mean, int n) {
        double total = 0;
        for (int first = 0; first < n; first += RUN) {
            FloatVector s = FloatVector.zero(S);
            FloatVector t = s;
            FloatVector u = s;
            FloatVector v = s;
            for (int i = first, to = Math.min(n, first + RUN); i < to; i += WIDTH) {
                FloatVector d = FloatVector.fromArray(S, x, xo + i).sub(mean);
                s = d.fma(d, s);
                if (L <= 8) {
                    d = FloatVector.fromArray(S, x, xo + i + 8).sub(mean);
                    t = d.fma(d, t);
                }
                if (L == 4) {
                    d = FloatVector.fromArray(S, x, xo + i + 4).sub(mean);
                    u = d.fma(d, u);
                    d = FloatVector.fromArray(S, x, xo + i + 12).sub(mean);
                    v = d.fma(d, v);
                }
            }
            s = s.add(L == 16 ? s.rearrange(BY_8) : t);
            s = s.add(L == 4 ? u.add(v) : s.rearrange(BY_4));
            total += s.lane(0) + s.lane(2) + (s.lane(1) + s.lane(3));
        }
        return total;
    }

    /** Σ a · b. */
    static float dot(float[] a, int ao, float[] b, int bo, int n) {
        FloatVector s = FloatVector.zero(S);
        FloatVector t = s;
        FloatVector u = s;
        FloatVector v = s;
        for (int i = 0; i < n; i += WIDTH) {
            s = FloatVector.fromArray(S, a, ao + i).fma(FloatVector.fromArray(S, b, bo + i), s);
            if (L <= 8) {
                t = FloatVector.fromArray(S, a, ao + i + 8).fma(FloatVector.fromArray(S, b, bo + i + 8), t);
            }
            if (L == 4) {
                u = FloatVector.fromArray(S, a, ao + i + 4).fma(FloatVector.fromArray(S, b, bo + i + 4), u);
                v = FloatVector.fromArray(S, a, ao + i + 12).fma(FloatVector.fromArray(S, b, bo + i + 12), v);
            }
        }
        s = s.add(L == 16 ? s.rearrange(BY_8) : t);
        s = s.add(L == 4 ? u.add(v) : s.rearrange(BY_4));
        return s.lane(0) + s.lane(2) + (s.lane(1) + s.lane(3));
    }
}
