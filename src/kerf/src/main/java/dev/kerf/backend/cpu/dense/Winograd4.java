package dev.kerf.backend.cpu.dense;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The linear maps of Winograd's F(4×4, 3×3): y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A for a kernel g, an input tile d of 6 × 6 and an output
 * tile y of 4 × 4, by interpolation (Lavin and Gray 2015, section 4.3) at 0, ±P, ±Q and ∞. The usual 1 and 2 for P and Q cost
 * twice the rounding error of 5/8 and 3/2, whose powers float32 has, too; Barabasz et al. 2020 say how points are chosen.
 *
 * <p>Pixels come in planes: column j of a vector of tiles is where their pixels number j are.
 */
final class Winograd4 {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();
    /** Floats of room for a tile's vectors between columns and rows. */
    static final int ROOM = 36 * L;
    private static final float P = 0.625f;
    private static final float Q = 1.5f;
    private static final float P2 = P * P;
    private static final float Q2 = Q * Q;
    private static final float P3 = P2 * P;
    private static final float Q3 = Q2 * Q;

    private Winograd4() {}

    /** G. */
    static double weight(int row, int col) {
        return switch (row) {
            case 0 -> col == 0 ? 1.0 / (P2 * Q2) : 0;
            case 1 -> Math.pow(P, col) / (2 * P2 * (P2 - Q2));
            case 2 -> Math.pow(-P, col) / (2 * P2 * (P2 - Q2));
            case 3 -> Math.pow(Q, col) / (2 * Q2 * (Q2 - P2));
            case 4 -> Math.pow(-Q, col) / (2 * Q2 * (Q2 - P2));
            default -> col == 2 ? 1 : 0;
        };
    }

    /**
     * A line of pixels to its four planes: plane j has pixels j, 4 + j, 8 + j …
     *
     * @param n     pixels of a plane; whole vectors of them are read and written
     * @param plane floats from plane to plane
     */
    static void planes(float[] x, int xi, int n, float[] to, int at, int plane) {
        for (int i = 0; i < n; i += L) {
            int p = xi + 4 * i;
            FloatVector a = FloatVector.fromArray(S, x, p);
            FloatVector b = FloatVector.fromArray(S, x, p + L);
            FloatVector c = FloatVector.fromArray(S, x, p + 2 * L);
            FloatVector d = FloatVector.fromArray(S, x, p + 3 * L);
            FloatVector even = Finish.EVENS.selectFrom(a, b);
            FloatVector evenToo = Finish.EVENS.selectFrom(c, d);
            FloatVector odd = Finish.ODDS.selectFrom(a, b);
            FloatVector oddToo = Finish.ODDS.selectFrom(c, d);
            Finish.EVENS.selectFrom(even, evenToo).intoArray(to, at + i);
            Finish.EVENS.selectFrom(odd, oddToo).intoArray(to, at + plane + i);
            Finish.ODDS.selectFrom(even, evenToo).intoArray(to, at + 2 * plane + i);
            Finish.ODDS.selectFrom(odd, oddToo).intoArray(to, at + 3 * plane + i);
        }
    }

    /**
     * Bᵀ d B of a vector of tiles: Bᵀ on each column, then on each row.
     *
     * @param d     planes of six lines
     * @param at    the first line's plane 0 for the first tile
     * @param line  floats from line to line
     * @param plane floats from plane to plane
     * @param t     room for {@link #ROOM} floats
     * @param ti    where it begins
     * @param to    where the points go
     * @param o     index of point 0
     * @param step  floats from point to point
     */
    static void input(float[] d, int at, int line, int plane, float[] t, int ti, float[] to, int o, int step) {
        for (int j = 0; j < 6; j++) {
            six(d, at + j % 4 * plane + j / 4, line, t, ti + j * L, 6 * L);
        }
        for (int i = 0; i < 6; i++) {
            six(t, ti + i * 6 * L, L, to, o + i * 6 * step, step);
        }
    }

    /** Bᵀ of six vectors: sums and differences of two for ±P and for ±Q. */
    private static void six(float[] x, int xi, int xs, float[] y, int yi, int ys) {
        FloatVector d0 = FloatVector.fromArray(S, x, xi);
        FloatVector d1 = FloatVector.fromArray(S, x, xi + xs);
        FloatVector d2 = FloatVector.fromArray(S, x, xi + 2 * xs);
        FloatVector d3 = FloatVector.fromArray(S, x, xi + 3 * xs);
        FloatVector d4 = FloatVector.fromArray(S, x, xi + 4 * xs);
        FloatVector d5 = FloatVector.fromArray(S, x, xi + 5 * xs);
        FloatVector sum = FloatVector.broadcast(S, -P2 - Q2);
        FloatVector p = FloatVector.broadcast(S, -P2);
        FloatVector q = FloatVector.broadcast(S, -Q2);
        d2.fma(sum, d0.mul(P2 * Q2)).add(d4).intoArray(y, yi);
        d3.fma(sum, d1.mul(P2 * Q2)).add(d5).intoArray(y, yi + 5 * ys);
        FloatVector even = d2.fma(q, d4);
        FloatVector odd = d1.fma(q, d3).mul(P);
        even.add(odd).intoArray(y, yi + ys);
        even.sub(odd).intoArray(y, yi + 2 * ys);
        even = d2.fma(p, d4);
        odd = d1.fma(p, d3).mul(Q);
        even.add(odd).intoArray(y, yi + 3 * ys);
        even.sub(odd).intoArray(y, yi + 4 * ys);
    }

    /**
     * Aᵀ m A + bias of a vector of tiles, columns interleaved.
     *
     * @param m    products
     * @param mi   index of point 0
     * @param step floats from point to point
     * @param t    room for {@link #ROOM} floats
     * @param ti   where it begins
     * @param to   where pixels go
     * @param at   index of the tiles' first line
     * @param line floats from line to line
     */
    static void output(float[] m, int mi, int step, float bias, float[] t, int ti, float[] to, int at, int line) {
        for (int j = 0; j < 6; j++) {
            four(m, mi + j * step, 6 * step, t, ti + j * L, 6 * L);
        }
        for (int i = 0; i < 4; i++) {
            four(t, ti + i * 6 * L, L, t, ti + 24 * L, L);
            interleave(t, ti + 24 * L, bias, to, at + i * line);
        }
    }

    /** Aᵀ of six vectors. */
    private static void four(float[] x, int xi, int xs, float[] y, int yi, int ys) {
        FloatVector a = FloatVector.fromArray(S, x, xi + xs);
        FloatVector b = FloatVector.fromArray(S, x, xi + 2 * xs);
        FloatVector c = FloatVector.fromArray(S, x, xi + 3 * xs);
        FloatVector d = FloatVector.fromArray(S, x, xi + 4 * xs);
        FloatVector p = a.add(b);
        FloatVector q = c.add(d);
        FloatVector.fromArray(S, x, xi).add(p).add(q).intoArray(y, yi);
        p.mul(P2).add(q.mul(Q2)).intoArray(y, yi + 2 * ys);
        p = a.sub(b);
        q = c.sub(d);
        p.mul(P).add(q.mul(Q)).intoArray(y, yi + ys);
        p.mul(P3).add(q.mul(Q3)).add(FloatVector.fromArray(S, x, xi + 5 * xs)).intoArray(y, yi + 3 * ys);
    }

    /** Four vectors of columns to a line of pixels. */
    private static void interleave(float[] x, int xi, float bias, float[] y, int yi) {
        FloatVector a = FloatVector.fromArray(S, x, xi).add(bias);
        FloatVector b = FloatVector.fromArray(S, x, xi + L).add(bias);
        FloatVector c = FloatVector.fromArray(S, x, xi + 2 * L).add(bias);
        FloatVector d = FloatVector.fromArray(S, x, xi + 3 * L).add(bias);
        FloatVector lowAc = Finish.LOW_HALVES.selectFrom(a, c);
        FloatVector lowBd = Finish.LOW_HALVES.selectFrom(b, d);
        FloatVector highAc = Finish.HIGH_HALVES.selectFrom(a, c);
        FloatVector highBd = Finish.HIGH_HALVES.selectFrom(b, d);
        Finish.LOW_HALVES.selectFrom(lowAc, lowBd).intoArray(y, yi);
        Finish.HIGH_HALVES.selectFrom(lowAc, lowBd).intoArray(y, yi + L);
        Finish.LOW_HALVES.selectFrom(highAc, highBd).intoArray(y, yi + 2 * L);
        Finish.HIGH_HALVES.selectFrom(highAc, highBd).intoArray(y, yi + 3 * L);
    }
}
