package dev.kerf.backend.cpu.dense;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The linear maps of Winograd's F(4×4, 3×3): y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A for a kernel g, an input tile d of 6 × 6 and an output
 * tile y of 4 × 4, by interpolation (Lavin and Gray 2015, section 4.3) at 0, ±P, ±Q and ∞. The usual 1 and 2 for P and Q cost
 * twice the rounding error of 5/8 and 3/2, whose powers float32 has, too; Barabasz et al. 2020 say how points are chosen.
 */
final class Winograd4 {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();
    /** Floats of room for a tile's vectors between columns and rows. */
    static final int ROOM = 24 * L;
    /** A vector's lanes but the first, and another's first. */
    private static final FloatVector NEXT = Finish.indices(i -> i + 1);
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
     * Bᵀ on columns of pixels, whichever tile they are in: six lines of an image to the six that {@link #rows} takes.
     *
     * @param x     pixels
     * @param xi    first pixel of the first line
     * @param pitch floats from line to line
     * @param n     columns, a vector at least
     * @param to    where the lines go
     * @param at    first number of the first line
     * @param line  floats from line to line
     */
    static void columns(float[] x, int xi, int pitch, int n, float[] to, int at, int line) {
        for (int i = 0; i < n; i += L) {
            int from = Math.min(i, n - L);
            six(x, xi + from, pitch, to, at + from, line);
        }
    }

    /**
     * What {@link #columns} made times B: the points of a vector of tiles, which are four columns apart. Reads 4 L + 2 numbers of
     * each of the six lines.
     *
     * @param d    the lines
     * @param di   first column of the first tile
     * @param line floats from line to line
     * @param to   where the points go
     * @param at   index of point 0
     * @param step floats from point to point
     */
    static void rows(float[] d, int di, int line, float[] to, int at, int step) {
        FloatVector sum = FloatVector.broadcast(S, -P2 - Q2);
        FloatVector pp = FloatVector.broadcast(S, -P2);
        FloatVector q = FloatVector.broadcast(S, -Q2);
        for (int u = 0; u < 6; u++) {
            int p = di + u * line;
            FloatVector a = FloatVector.fromArray(S, d, p);
            FloatVector b = FloatVector.fromArray(S, d, p + L);
            FloatVector c = FloatVector.fromArray(S, d, p + 2 * L);
            FloatVector e = FloatVector.fromArray(S, d, p + 3 * L);
            FloatVector even = Finish.EVENS.selectFrom(a, b);
            FloatVector evenToo = Finish.EVENS.selectFrom(c, e);
            FloatVector odd = Finish.ODDS.selectFrom(a, b);
            FloatVector oddToo = Finish.ODDS.selectFrom(c, e);
            FloatVector first = Finish.EVENS.selectFrom(even, evenToo);
            FloatVector second = Finish.EVENS.selectFrom(odd, oddToo);
            FloatVector d2 = Finish.ODDS.selectFrom(even, evenToo);
            FloatVector d3 = Finish.ODDS.selectFrom(odd, oddToo);
            // A tile's columns 4 and 5 are the next one's 0 and 1.
            FloatVector d4 = NEXT.selectFrom(first, FloatVector.broadcast(S, d[p + 4 * L]));
            FloatVector d5 = NEXT.selectFrom(second, FloatVector.broadcast(S, d[p + 4 * L + 1]));
            int yi = at + 6 * u * step;
            d2.fma(sum, first.mul(P2 * Q2)).add(d4).intoArray(to, yi);
            d3.fma(sum, second.mul(P2 * Q2)).add(d5).intoArray(to, yi + 5 * step);
            even = d2.fma(q, d4);
            odd = second.fma(q, d3).mul(P);
            even.add(odd).intoArray(to, yi + step);
            even.sub(odd).intoArray(to, yi + 2 * step);
            even = d2.fma(pp, d4);
            odd = second.fma(pp, d3).mul(Q);
            even.add(odd).intoArray(to, yi + 3 * step);
            even.sub(odd).intoArray(to, yi + 4 * step);
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
     * @param relu whether what is less than 0 becomes 0
     * @param t    room for {@link #ROOM} floats
     * @param ti   where it begins
     * @param to   where pixels go
     * @param at   index of the tiles' first line
     * @param line floats from line to line
     */
    static void output(
            float[] m, int mi, int step, float bias, boolean relu, float[] t, int ti, float[] to, int at, int line) {
        float least = relu ? 0f : Float.NEGATIVE_INFINITY;
        for (int j = 0; j < 6; j++) {
            four(m, mi + j * step, 6 * step, t, ti + j * L, 6 * L);
        }
        for (int i = 0; i < 4; i++) {
            pixels(t, ti + i * 6 * L, bias, least, to, at + i * line);
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

    /** Aᵀ of six vectors + bias, and the four that it gives, which are columns, to a line of pixels. */
    private static void pixels(float[] x, int xi, float bias, float least, float[] y, int yi) {
        FloatVector a = FloatVector.fromArray(S, x, xi + L);
        FloatVector b = FloatVector.fromArray(S, x, xi + 2 * L);
        FloatVector c = FloatVector.fromArray(S, x, xi + 3 * L);
        FloatVector d = FloatVector.fromArray(S, x, xi + 4 * L);
        FloatVector p = a.add(b);
        FloatVector q = c.add(d);
        FloatVector first = FloatVector.fromArray(S, x, xi).add(p).add(q).add(bias);
        FloatVector third = p.mul(P2).add(q.mul(Q2)).add(bias);
        p = a.sub(b);
        q = c.sub(d);
        FloatVector second = p.mul(P).add(q.mul(Q)).add(bias);
        FloatVector fourth = p.mul(P3).add(q.mul(Q3)).add(FloatVector.fromArray(S, x, xi + 5 * L)).add(bias);
        FloatVector low = Finish.LOW_HALVES.selectFrom(first, third);
        FloatVector lowToo = Finish.LOW_HALVES.selectFrom(second, fourth);
        FloatVector high = Finish.HIGH_HALVES.selectFrom(first, third);
        FloatVector highToo = Finish.HIGH_HALVES.selectFrom(second, fourth);
        Finish.LOW_HALVES.selectFrom(low, lowToo).max(least).intoArray(y, yi);
        Finish.HIGH_HALVES.selectFrom(low, lowToo).max(least).intoArray(y, yi + L);
        Finish.LOW_HALVES.selectFrom(high, highToo).max(least).intoArray(y, yi + 2 * L);
        Finish.HIGH_HALVES.selectFrom(high, highToo).max(least).intoArray(y, yi + 3 * L);
    }
}
