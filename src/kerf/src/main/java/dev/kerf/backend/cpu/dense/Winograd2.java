package dev.kerf.backend.cpu.dense;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The linear maps of Winograd's F(2×2, 3×3) (Lavin and Gray 2015, section 4.1): y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A for a
 * kernel g, an input tile d of 4 × 4 and an output tile y of 2 × 2. Bᵀ and Aᵀ hold only 0, 1 and −1.
 */
final class Winograd2 {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();

    private Winograd2() {}

    /** G. */
    static double weight(int row, int col) {
        return switch (row) {
            case 0 -> col == 0 ? 1 : 0;
            case 1 -> 0.5;
            case 2 -> col == 1 ? -0.5 : 0.5;
            default -> col == 2 ? 1 : 0;
        };
    }

    /**
     * Bᵀ d B of a vector of tiles, which are two pixels apart: a row of Bᵀ d is made of two lines and goes through B at once, so
     * that nothing waits in memory. Reads 2 L + 2 pixels of each of the four lines.
     *
     * @param d    pixels
     * @param di   first pixel of the first tile
     * @param odd  pixels from line 0 to line 1, and from line 2 to line 3
     * @param next pixels from line 0 to line 2
     * @param to   where the points go
     * @param ti   index of point 0
     * @param step floats from point to point
     */
    static void input(float[] d, int di, int odd, int next, float[] to, int ti, int step) {
        for (int u = 0; u < 4; u++) {
            // Lines 0 − 2, 1 + 2, 2 − 1, 1 − 3; the product with ±1 isn't rounded.
            int p = di + (u == 0 ? 0 : u == 2 ? next : odd);
            int q = di + (u == 2 ? odd : u == 3 ? next + odd : next);
            FloatVector sign = FloatVector.broadcast(S, u == 1 ? 1f : -1f);
            FloatVector x = FloatVector.fromArray(S, d, q).fma(sign, FloatVector.fromArray(S, d, p));
            FloatVector y = FloatVector.fromArray(S, d, q + L).fma(sign, FloatVector.fromArray(S, d, p + L));
            FloatVector z = FloatVector.fromArray(S, d, q + 2).fma(sign, FloatVector.fromArray(S, d, p + 2));
            FloatVector w = FloatVector.fromArray(S, d, q + L + 2).fma(sign, FloatVector.fromArray(S, d, p + L + 2));
            FloatVector b = Finish.ODDS.selectFrom(x, y);
            FloatVector c = Finish.EVENS.selectFrom(z, w);
            int t = ti + 4 * u * step;
            Finish.EVENS.selectFrom(x, y).sub(c).intoArray(to, t);
            b.add(c).intoArray(to, t + step);
            c.sub(b).intoArray(to, t + 2 * step);
            b.sub(Finish.ODDS.selectFrom(z, w)).intoArray(to, t + 3 * step);
        }
    }

    /**
     * Aᵀ m A + bias of a vector of tiles, columns interleaved.
     *
     * @param m     products
     * @param mi    index of point 0
     * @param step  floats from point to point
     * @param to    where pixels go
     * @param upper index of the tiles' upper line
     * @param lower index of their lower line
     */
    static void output(float[] m, int mi, int step, float bias, float[] to, int upper, int lower) {
        upper(m, mi, step, bias, to, upper);
        lower(m, mi, step, bias, to, lower);
    }

    // No method from vector to vector for what the two have in common: see VectorMath.

    private static void upper(float[] m, int i, int step, float bias, float[] to, int at) {
        FloatVector a0 = FloatVector.fromArray(S, m, i).add(FloatVector.fromArray(S, m, i + 4 * step))
                .add(FloatVector.fromArray(S, m, i + 8 * step));
        FloatVector a1 = FloatVector.fromArray(S, m, i + step).add(FloatVector.fromArray(S, m, i + 5 * step))
                .add(FloatVector.fromArray(S, m, i + 9 * step));
        FloatVector a2 = FloatVector.fromArray(S, m, i + 2 * step).add(FloatVector.fromArray(S, m, i + 6 * step))
                .add(FloatVector.fromArray(S, m, i + 10 * step));
        FloatVector a3 = FloatVector.fromArray(S, m, i + 3 * step).add(FloatVector.fromArray(S, m, i + 7 * step))
                .add(FloatVector.fromArray(S, m, i + 11 * step));
        FloatVector even = a0.add(a1).add(a2).add(bias);
        FloatVector odd = a1.sub(a2).sub(a3).add(bias);
        Finish.LOW_HALVES.selectFrom(even, odd).intoArray(to, at);
        Finish.HIGH_HALVES.selectFrom(even, odd).intoArray(to, at + L);
    }

    private static void lower(float[] m, int i, int step, float bias, float[] to, int at) {
        FloatVector a0 = FloatVector.fromArray(S, m, i + 4 * step).sub(FloatVector.fromArray(S, m, i + 8 * step))
                .sub(FloatVector.fromArray(S, m, i + 12 * step));
        FloatVector a1 = FloatVector.fromArray(S, m, i + 5 * step).sub(FloatVector.fromArray(S, m, i + 9 * step))
                .sub(FloatVector.fromArray(S, m, i + 13 * step));
        FloatVector a2 = FloatVector.fromArray(S, m, i + 6 * step).sub(FloatVector.fromArray(S, m, i + 10 * step))
                .sub(FloatVector.fromArray(S, m, i + 14 * step));
        FloatVector a3 = FloatVector.fromArray(S, m, i + 7 * step).sub(FloatVector.fromArray(S, m, i + 11 * step))
                .sub(FloatVector.fromArray(S, m, i + 15 * step));
        FloatVector even = a0.add(a1).add(a2).add(bias);
        FloatVector odd = a1.sub(a2).sub(a3).add(bias);
        Finish.LOW_HALVES.selectFrom(even, odd).intoArray(to, at);
        Finish.HIGH_HALVES.selectFrom(even, odd).intoArray(to, at + L);
    }
}
