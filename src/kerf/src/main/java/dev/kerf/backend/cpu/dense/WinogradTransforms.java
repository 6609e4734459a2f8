package dev.kerf.backend.cpu.dense;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The linear maps of Winograd's F(2×2, 3×3) (Lavin and Gray 2015, section 4.1): y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A for a
 * kernel g, an input tile d of 4 × 4 and an output tile y of 2 × 2. Bᵀ and Aᵀ hold only 0, 1 and −1.
 */
final class WinogradTransforms {
    /** Products of a tile. */
    static final int POINTS = 16;

    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();

    private WinogradTransforms() {}

    /** G g Gᵀ at one point. */
    static float kernel(float[] g, int at, int point) {
        double sum = 0;
        for (int u = 0; u < 3; u++) {
            for (int v = 0; v < 3; v++) {
                sum += weight(point / 4, u) * weight(point % 4, v) * g[at + u * 3 + v];
            }
        }
        return (float) sum;
    }

    private static double weight(int row, int col) {
        return switch (row) {
            case 0 -> col == 0 ? 1 : 0;
            case 1 -> 0.5;
            case 2 -> col == 1 ? -0.5 : 0.5;
            default -> col == 2 ? 1 : 0;
        };
    }

    /**
     * Bᵀ d B of a vector of tiles: Bᵀ first, so that half of the vectors are in use at a time.
     *
     * @param d    pixels
     * @param di   start of the vector
     * @param off  distance of each of the 4 × 4 pixels of a tile
     * @param to   where the points go
     * @param ti   index of point 0
     * @param step floats from point to point
     */
    static void input(float[] d, int di, int[] off, float[] to, int ti, int step) {
        for (int v = 0; v < 4; v++) {
            FloatVector a = FloatVector.fromArray(S, d, di + off[v]);
            FloatVector b = FloatVector.fromArray(S, d, di + off[4 + v]);
            FloatVector c = FloatVector.fromArray(S, d, di + off[8 + v]);
            FloatVector e = FloatVector.fromArray(S, d, di + off[12 + v]);
            a.sub(c).intoArray(to, ti + v * step);
            b.add(c).intoArray(to, ti + (4 + v) * step);
            c.sub(b).intoArray(to, ti + (8 + v) * step);
            b.sub(e).intoArray(to, ti + (12 + v) * step);
        }
        for (int u = 0; u < 16; u += 4) {
            int i = ti + u * step;
            FloatVector a = FloatVector.fromArray(S, to, i);
            FloatVector b = FloatVector.fromArray(S, to, i + step);
            FloatVector c = FloatVector.fromArray(S, to, i + 2 * step);
            FloatVector e = FloatVector.fromArray(S, to, i + 3 * step);
            a.sub(c).intoArray(to, i);
            b.add(c).intoArray(to, i + step);
            c.sub(b).intoArray(to, i + 2 * step);
            b.sub(e).intoArray(to, i + 3 * step);
        }
    }

    /**
     * Aᵀ m A + bias of a vector of tiles, columns interleaved.
     *
     * @param m     products
     * @param mi    index of point 0
     * @param step  floats from point to point
     * @param to    where pixels go
     * @param upper index of the tiles' upper row
     * @param lower index of their lower row
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
