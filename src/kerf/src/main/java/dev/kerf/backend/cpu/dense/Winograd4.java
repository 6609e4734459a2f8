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
     * Bᵀ d B of a vector of tiles. Rows of Bᵀ d for ±P (±Q) are sums and differences of two, which go through B before.
     *
     * @param d     planes of six lines
     * @param at    the first line's plane 0 for the first tile
     * @param line  floats from line to line
     * @param plane floats from plane to plane
     * @param to    where the points go
     * @param ti    index of point 0
     * @param step  floats from point to point
     */
    static void input(float[] d, int at, int line, int plane, float[] to, int ti, int step) {
        single(d, at, line, plane, to, ti, step);
        pair(d, at + line, line, plane, Q2, P, to, ti + 6 * step, step);
        pair(d, at + line, line, plane, P2, Q, to, ti + 18 * step, step);
        single(d, at + line, line, plane, to, ti + 30 * step, step);
    }

    /** The row for 0, or, a line further, the one for ∞: every other line counts. */
    private static void single(float[] d, int at, int line, int plane, float[] to, int t, int step) {
        FloatVector minus = FloatVector.broadcast(S, -P2 - Q2);
        FloatVector p2 = FloatVector.broadcast(S, -P2);
        FloatVector q2 = FloatVector.broadcast(S, -Q2);
        FloatVector v0 = FloatVector.fromArray(S, d, at + 2 * line).fma(minus, FloatVector.fromArray(S, d, at).mul(P2 * Q2))
                .add(FloatVector.fromArray(S, d, at + 4 * line));
        FloatVector v1 = FloatVector.fromArray(S, d, at + 2 * line + plane)
                .fma(minus, FloatVector.fromArray(S, d, at + plane).mul(P2 * Q2))
                .add(FloatVector.fromArray(S, d, at + 4 * line + plane));
        FloatVector v2 = FloatVector.fromArray(S, d, at + 2 * line + 2 * plane)
                .fma(minus, FloatVector.fromArray(S, d, at + 2 * plane).mul(P2 * Q2))
                .add(FloatVector.fromArray(S, d, at + 4 * line + 2 * plane));
        FloatVector v3 = FloatVector.fromArray(S, d, at + 2 * line + 3 * plane)
                .fma(minus, FloatVector.fromArray(S, d, at + 3 * plane).mul(P2 * Q2))
                .add(FloatVector.fromArray(S, d, at + 4 * line + 3 * plane));
        FloatVector v4 = FloatVector.fromArray(S, d, at + 2 * line + 1)
                .fma(minus, FloatVector.fromArray(S, d, at + 1).mul(P2 * Q2))
                .add(FloatVector.fromArray(S, d, at + 4 * line + 1));
        FloatVector v5 = FloatVector.fromArray(S, d, at + 2 * line + plane + 1)
                .fma(minus, FloatVector.fromArray(S, d, at + plane + 1).mul(P2 * Q2))
                .add(FloatVector.fromArray(S, d, at + 4 * line + plane + 1));
        FloatVector r0 = v2.fma(minus, v0.mul(P2 * Q2)).add(v4);
        FloatVector r5 = v3.fma(minus, v1.mul(P2 * Q2)).add(v5);
        FloatVector re = v2.fma(q2, v4);
        FloatVector ro = v1.fma(q2, v3).mul(P);
        FloatVector rf = v2.fma(p2, v4);
        FloatVector rp = v1.fma(p2, v3).mul(Q);
        r0.intoArray(to, t);
        re.add(ro).intoArray(to, t + step);
        re.sub(ro).intoArray(to, t + 2 * step);
        rf.add(rp).intoArray(to, t + 3 * step);
        rf.sub(rp).intoArray(to, t + 4 * step);
        r5.intoArray(to, t + 5 * step);
    }

    /**
     * The rows for p and −p: (line 3 − q² line 1) ± p (line 2 − q² line 0), counted from {@code at}.
     *
     * @param square q², of the other pair
     */
    private static void pair(
            float[] d, int at, int line, int plane, float square, float p, float[] to, int t, int step) {
        FloatVector minus = FloatVector.broadcast(S, -P2 - Q2);
        FloatVector p2 = FloatVector.broadcast(S, -P2);
        FloatVector q2 = FloatVector.broadcast(S, -Q2);
        FloatVector other = FloatVector.broadcast(S, -square);
        FloatVector u0 = FloatVector.fromArray(S, d, at + line).fma(other, FloatVector.fromArray(S, d, at + 3 * line));
        FloatVector u1 = FloatVector.fromArray(S, d, at + line + plane).fma(other,
                FloatVector.fromArray(S, d, at + 3 * line + plane));
        FloatVector u2 = FloatVector.fromArray(S, d, at + line + 2 * plane).fma(other,
                FloatVector.fromArray(S, d, at + 3 * line + 2 * plane));
        FloatVector u3 = FloatVector.fromArray(S, d, at + line + 3 * plane).fma(other,
                FloatVector.fromArray(S, d, at + 3 * line + 3 * plane));
        FloatVector u4 = FloatVector.fromArray(S, d, at + line + 1).fma(other, FloatVector.fromArray(S, d, at + 3 * line + 1));
        FloatVector u5 = FloatVector.fromArray(S, d, at + line + plane + 1).fma(other,
                FloatVector.fromArray(S, d, at + 3 * line + plane + 1));
        FloatVector r0 = u2.fma(minus, u0.mul(P2 * Q2)).add(u4);
        FloatVector r5 = u3.fma(minus, u1.mul(P2 * Q2)).add(u5);
        FloatVector re = u2.fma(q2, u4);
        FloatVector ro = u1.fma(q2, u3).mul(P);
        FloatVector rf = u2.fma(p2, u4);
        FloatVector rp = u1.fma(p2, u3).mul(Q);
        FloatVector v0 = FloatVector.fromArray(S, d, at).fma(other, FloatVector.fromArray(S, d, at + 2 * line)).mul(p);
        FloatVector v1 = FloatVector.fromArray(S, d, at + plane).fma(other, FloatVector.fromArray(S, d, at + 2 * line + plane))
                .mul(p);
        FloatVector v2 = FloatVector.fromArray(S, d, at + 2 * plane)
                .fma(other, FloatVector.fromArray(S, d, at + 2 * line + 2 * plane)).mul(p);
        FloatVector v3 = FloatVector.fromArray(S, d, at + 3 * plane)
                .fma(other, FloatVector.fromArray(S, d, at + 2 * line + 3 * plane)).mul(p);
        FloatVector v4 = FloatVector.fromArray(S, d, at + 1).fma(other, FloatVector.fromArray(S, d, at + 2 * line + 1)).mul(p);
        FloatVector v5 = FloatVector.fromArray(S, d, at + plane + 1)
                .fma(other, FloatVector.fromArray(S, d, at + 2 * line + plane + 1)).mul(p);
        FloatVector s0 = v2.fma(minus, v0.mul(P2 * Q2)).add(v4);
        FloatVector s5 = v3.fma(minus, v1.mul(P2 * Q2)).add(v5);
        FloatVector se = v2.fma(q2, v4);
        FloatVector so = v1.fma(q2, v3).mul(P);
        FloatVector sf = v2.fma(p2, v4);
        FloatVector sp = v1.fma(p2, v3).mul(Q);
        r0.add(s0).intoArray(to, t);
        r0.sub(s0).intoArray(to, t + 6 * step);
        FloatVector r1 = re.add(ro);
        FloatVector s1 = se.add(so);
        r1.add(s1).intoArray(to, t + step);
        r1.sub(s1).intoArray(to, t + 7 * step);
        FloatVector r2 = re.sub(ro);
        FloatVector s2 = se.sub(so);
        r2.add(s2).intoArray(to, t + 2 * step);
        r2.sub(s2).intoArray(to, t + 8 * step);
        FloatVector r3 = rf.add(rp);
        FloatVector s3 = sf.add(sp);
        r3.add(s3).intoArray(to, t + 3 * step);
        r3.sub(s3).intoArray(to, t + 9 * step);
        FloatVector r4 = rf.sub(rp);
        FloatVector s4 = sf.sub(sp);
        r4.add(s4).intoArray(to, t + 4 * step);
        r4.sub(s4).intoArray(to, t + 10 * step);
        r5.add(s5).intoArray(to, t + 5 * step);
        r5.sub(s5).intoArray(to, t + 11 * step);
    }

    /** {@link WinogradForm#output}: lines 0 and 2 are made of the same sums, lines 1 and 3 of the same differences. */
    static void output(float[] m, int mi, int step, float bias, float[] to, int at, int line) {
        even(m, mi, step, bias, to, at, at + 2 * line);
        odd(m, mi, step, bias, to, at + line, at + 3 * line);
    }

    private static void even(float[] m, int i, int step, float bias, float[] to, int first, int third) {
        FloatVector p0 = FloatVector.fromArray(S, m, i + 6 * step).add(FloatVector.fromArray(S, m, i + 12 * step));
        FloatVector q0 = FloatVector.fromArray(S, m, i + 18 * step).add(FloatVector.fromArray(S, m, i + 24 * step));
        FloatVector x0 = FloatVector.fromArray(S, m, i).add(p0).add(q0);
        FloatVector y0 = p0.mul(P2).add(q0.mul(Q2));
        FloatVector p1 = FloatVector.fromArray(S, m, i + 7 * step).add(FloatVector.fromArray(S, m, i + 13 * step));
        FloatVector q1 = FloatVector.fromArray(S, m, i + 19 * step).add(FloatVector.fromArray(S, m, i + 25 * step));
        FloatVector x1 = FloatVector.fromArray(S, m, i + step).add(p1).add(q1);
        FloatVector y1 = p1.mul(P2).add(q1.mul(Q2));
        FloatVector p2 = FloatVector.fromArray(S, m, i + 8 * step).add(FloatVector.fromArray(S, m, i + 14 * step));
        FloatVector q2 = FloatVector.fromArray(S, m, i + 20 * step).add(FloatVector.fromArray(S, m, i + 26 * step));
        FloatVector x2 = FloatVector.fromArray(S, m, i + 2 * step).add(p2).add(q2);
        FloatVector y2 = p2.mul(P2).add(q2.mul(Q2));
        FloatVector p3 = FloatVector.fromArray(S, m, i + 9 * step).add(FloatVector.fromArray(S, m, i + 15 * step));
        FloatVector q3 = FloatVector.fromArray(S, m, i + 21 * step).add(FloatVector.fromArray(S, m, i + 27 * step));
        FloatVector x3 = FloatVector.fromArray(S, m, i + 3 * step).add(p3).add(q3);
        FloatVector y3 = p3.mul(P2).add(q3.mul(Q2));
        FloatVector p4 = FloatVector.fromArray(S, m, i + 10 * step).add(FloatVector.fromArray(S, m, i + 16 * step));
        FloatVector q4 = FloatVector.fromArray(S, m, i + 22 * step).add(FloatVector.fromArray(S, m, i + 28 * step));
        FloatVector x4 = FloatVector.fromArray(S, m, i + 4 * step).add(p4).add(q4);
        FloatVector y4 = p4.mul(P2).add(q4.mul(Q2));
        FloatVector p5 = FloatVector.fromArray(S, m, i + 11 * step).add(FloatVector.fromArray(S, m, i + 17 * step));
        FloatVector q5 = FloatVector.fromArray(S, m, i + 23 * step).add(FloatVector.fromArray(S, m, i + 29 * step));
        FloatVector x5 = FloatVector.fromArray(S, m, i + 5 * step).add(p5).add(q5);
        FloatVector y5 = p5.mul(P2).add(q5.mul(Q2));
        FloatVector xp = x1.add(x2);
        FloatVector xq = x3.add(x4);
        FloatVector xd = x1.sub(x2);
        FloatVector xe = x3.sub(x4);
        FloatVector xa = x0.add(xp).add(xq).add(bias);
        FloatVector xb = xd.mul(P).add(xe.mul(Q)).add(bias);
        FloatVector xc = xp.mul(P2).add(xq.mul(Q2)).add(bias);
        FloatVector xf = xd.mul(P3).add(xe.mul(Q3)).add(x5).add(bias);
        FloatVector xl = Finish.LOW_HALVES.selectFrom(xa, xc);
        FloatVector xm = Finish.LOW_HALVES.selectFrom(xb, xf);
        FloatVector xh = Finish.HIGH_HALVES.selectFrom(xa, xc);
        FloatVector xi = Finish.HIGH_HALVES.selectFrom(xb, xf);
        Finish.LOW_HALVES.selectFrom(xl, xm).intoArray(to, first);
        Finish.HIGH_HALVES.selectFrom(xl, xm).intoArray(to, first + L);
        Finish.LOW_HALVES.selectFrom(xh, xi).intoArray(to, first + 2 * L);
        Finish.HIGH_HALVES.selectFrom(xh, xi).intoArray(to, first + 3 * L);
        FloatVector yp = y1.add(y2);
        FloatVector yq = y3.add(y4);
        FloatVector yd = y1.sub(y2);
        FloatVector ye = y3.sub(y4);
        FloatVector ya = y0.add(yp).add(yq).add(bias);
        FloatVector yb = yd.mul(P).add(ye.mul(Q)).add(bias);
        FloatVector yc = yp.mul(P2).add(yq.mul(Q2)).add(bias);
        FloatVector yf = yd.mul(P3).add(ye.mul(Q3)).add(y5).add(bias);
        FloatVector yl = Finish.LOW_HALVES.selectFrom(ya, yc);
        FloatVector ym = Finish.LOW_HALVES.selectFrom(yb, yf);
        FloatVector yh = Finish.HIGH_HALVES.selectFrom(ya, yc);
        FloatVector yi = Finish.HIGH_HALVES.selectFrom(yb, yf);
        Finish.LOW_HALVES.selectFrom(yl, ym).intoArray(to, third);
        Finish.HIGH_HALVES.selectFrom(yl, ym).intoArray(to, third + L);
        Finish.LOW_HALVES.selectFrom(yh, yi).intoArray(to, third + 2 * L);
        Finish.HIGH_HALVES.selectFrom(yh, yi).intoArray(to, third + 3 * L);
    }

    private static void odd(float[] m, int i, int step, float bias, float[] to, int second, int fourth) {
        FloatVector p0 = FloatVector.fromArray(S, m, i + 6 * step).sub(FloatVector.fromArray(S, m, i + 12 * step));
        FloatVector q0 = FloatVector.fromArray(S, m, i + 18 * step).sub(FloatVector.fromArray(S, m, i + 24 * step));
        FloatVector x0 = p0.mul(P).add(q0.mul(Q));
        FloatVector y0 = p0.mul(P3).add(q0.mul(Q3)).add(FloatVector.fromArray(S, m, i + 30 * step));
        FloatVector p1 = FloatVector.fromArray(S, m, i + 7 * step).sub(FloatVector.fromArray(S, m, i + 13 * step));
        FloatVector q1 = FloatVector.fromArray(S, m, i + 19 * step).sub(FloatVector.fromArray(S, m, i + 25 * step));
        FloatVector x1 = p1.mul(P).add(q1.mul(Q));
        FloatVector y1 = p1.mul(P3).add(q1.mul(Q3)).add(FloatVector.fromArray(S, m, i + 31 * step));
        FloatVector p2 = FloatVector.fromArray(S, m, i + 8 * step).sub(FloatVector.fromArray(S, m, i + 14 * step));
        FloatVector q2 = FloatVector.fromArray(S, m, i + 20 * step).sub(FloatVector.fromArray(S, m, i + 26 * step));
        FloatVector x2 = p2.mul(P).add(q2.mul(Q));
        FloatVector y2 = p2.mul(P3).add(q2.mul(Q3)).add(FloatVector.fromArray(S, m, i + 32 * step));
        FloatVector p3 = FloatVector.fromArray(S, m, i + 9 * step).sub(FloatVector.fromArray(S, m, i + 15 * step));
        FloatVector q3 = FloatVector.fromArray(S, m, i + 21 * step).sub(FloatVector.fromArray(S, m, i + 27 * step));
        FloatVector x3 = p3.mul(P).add(q3.mul(Q));
        FloatVector y3 = p3.mul(P3).add(q3.mul(Q3)).add(FloatVector.fromArray(S, m, i + 33 * step));
        FloatVector p4 = FloatVector.fromArray(S, m, i + 10 * step).sub(FloatVector.fromArray(S, m, i + 16 * step));
        FloatVector q4 = FloatVector.fromArray(S, m, i + 22 * step).sub(FloatVector.fromArray(S, m, i + 28 * step));
        FloatVector x4 = p4.mul(P).add(q4.mul(Q));
        FloatVector y4 = p4.mul(P3).add(q4.mul(Q3)).add(FloatVector.fromArray(S, m, i + 34 * step));
        FloatVector p5 = FloatVector.fromArray(S, m, i + 11 * step).sub(FloatVector.fromArray(S, m, i + 17 * step));
        FloatVector q5 = FloatVector.fromArray(S, m, i + 23 * step).sub(FloatVector.fromArray(S, m, i + 29 * step));
        FloatVector x5 = p5.mul(P).add(q5.mul(Q));
        FloatVector y5 = p5.mul(P3).add(q5.mul(Q3)).add(FloatVector.fromArray(S, m, i + 35 * step));
        FloatVector xp = x1.add(x2);
        FloatVector xq = x3.add(x4);
        FloatVector xd = x1.sub(x2);
        FloatVector xe = x3.sub(x4);
        FloatVector xa = x0.add(xp).add(xq).add(bias);
        FloatVector xb = xd.mul(P).add(xe.mul(Q)).add(bias);
        FloatVector xc = xp.mul(P2).add(xq.mul(Q2)).add(bias);
        FloatVector xf = xd.mul(P3).add(xe.mul(Q3)).add(x5).add(bias);
        FloatVector xl = Finish.LOW_HALVES.selectFrom(xa, xc);
        FloatVector xm = Finish.LOW_HALVES.selectFrom(xb, xf);
        FloatVector xh = Finish.HIGH_HALVES.selectFrom(xa, xc);
        FloatVector xi = Finish.HIGH_HALVES.selectFrom(xb, xf);
        Finish.LOW_HALVES.selectFrom(xl, xm).intoArray(to, second);
        Finish.HIGH_HALVES.selectFrom(xl, xm).intoArray(to, second + L);
        Finish.LOW_HALVES.selectFrom(xh, xi).intoArray(to, second + 2 * L);
        Finish.HIGH_HALVES.selectFrom(xh, xi).intoArray(to, second + 3 * L);
        FloatVector yp = y1.add(y2);
        FloatVector yq = y3.add(y4);
        FloatVector yd = y1.sub(y2);
        FloatVector ye = y3.sub(y4);
        FloatVector ya = y0.add(yp).add(yq).add(bias);
        FloatVector yb = yd.mul(P).add(ye.mul(Q)).add(bias);
        FloatVector yc = yp.mul(P2).add(yq.mul(Q2)).add(bias);
        FloatVector yf = yd.mul(P3).add(ye.mul(Q3)).add(y5).add(bias);
        FloatVector yl = Finish.LOW_HALVES.selectFrom(ya, yc);
        FloatVector ym = Finish.LOW_HALVES.selectFrom(yb, yf);
        FloatVector yh = Finish.HIGH_HALVES.selectFrom(ya, yc);
        FloatVector yi = Finish.HIGH_HALVES.selectFrom(yb, yf);
        Finish.LOW_HALVES.selectFrom(yl, ym).intoArray(to, fourth);
        Finish.HIGH_HALVES.selectFrom(yl, ym).intoArray(to, fourth + L);
        Finish.LOW_HALVES.selectFrom(yh, yi).intoArray(to, fourth + 2 * L);
        Finish.HIGH_HALVES.selectFrom(yh, yi).intoArray(to, fourth + 3 * L);
    }
}
