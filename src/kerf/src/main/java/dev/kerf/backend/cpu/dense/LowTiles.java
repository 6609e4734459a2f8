package dev.kerf.backend.cpu.dense;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Tiles of {@link Tiles} that do with 16 vector registers: 6 × 2, 4 × 2 and 1 × 4 sums. */
final class LowTiles {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;

    private LowTiles() {}

    static void tile6x2(
            float[] a, int ai, float[] b, int b0, int b1, int[] off, int n, float[] c, int c0, int pitch) {
        int l = S.length();
        FloatVector s00 = FloatVector.zero(S);
        FloatVector s01 = FloatVector.zero(S);
        FloatVector s10 = FloatVector.zero(S);
        FloatVector s11 = FloatVector.zero(S);
        FloatVector s20 = FloatVector.zero(S);
        FloatVector s21 = FloatVector.zero(S);
        FloatVector s30 = FloatVector.zero(S);
        FloatVector s31 = FloatVector.zero(S);
        FloatVector s40 = FloatVector.zero(S);
        FloatVector s41 = FloatVector.zero(S);
        FloatVector s50 = FloatVector.zero(S);
        FloatVector s51 = FloatVector.zero(S);
        for (int k = 0; k < n; k++) {
            int o = off[k];
            FloatVector x = FloatVector.fromArray(S, b, b0 + o);
            FloatVector y = FloatVector.fromArray(S, b, b1 + o);
            int w = ai + 6 * k;
            FloatVector f = FloatVector.broadcast(S, a[w]);
            s00 = f.fma(x, s00);
            s01 = f.fma(y, s01);
            f = FloatVector.broadcast(S, a[w + 1]);
            s10 = f.fma(x, s10);
            s11 = f.fma(y, s11);
            f = FloatVector.broadcast(S, a[w + 2]);
            s20 = f.fma(x, s20);
            s21 = f.fma(y, s21);
            f = FloatVector.broadcast(S, a[w + 3]);
            s30 = f.fma(x, s30);
            s31 = f.fma(y, s31);
            f = FloatVector.broadcast(S, a[w + 4]);
            s40 = f.fma(x, s40);
            s41 = f.fma(y, s41);
            f = FloatVector.broadcast(S, a[w + 5]);
            s50 = f.fma(x, s50);
            s51 = f.fma(y, s51);
        }
        int p = c0;
        FloatVector.fromArray(S, c, p).add(s00).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s01).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s10).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s11).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s20).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s21).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s30).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s31).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s40).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s41).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s50).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s51).intoArray(c, p + l);
    }

    static void tile4x2(
            float[] a, int ai, float[] b, int b0, int b1, int[] off, int n, float[] c, int c0, int pitch) {
        int l = S.length();
        FloatVector s00 = FloatVector.zero(S);
        FloatVector s01 = FloatVector.zero(S);
        FloatVector s10 = FloatVector.zero(S);
        FloatVector s11 = FloatVector.zero(S);
        FloatVector s20 = FloatVector.zero(S);
        FloatVector s21 = FloatVector.zero(S);
        FloatVector s30 = FloatVector.zero(S);
        FloatVector s31 = FloatVector.zero(S);
        for (int k = 0; k < n; k++) {
            int o = off[k];
            FloatVector x = FloatVector.fromArray(S, b, b0 + o);
            FloatVector y = FloatVector.fromArray(S, b, b1 + o);
            int w = ai + 4 * k;
            FloatVector f = FloatVector.broadcast(S, a[w]);
            s00 = f.fma(x, s00);
            s01 = f.fma(y, s01);
            f = FloatVector.broadcast(S, a[w + 1]);
            s10 = f.fma(x, s10);
            s11 = f.fma(y, s11);
            f = FloatVector.broadcast(S, a[w + 2]);
            s20 = f.fma(x, s20);
            s21 = f.fma(y, s21);
            f = FloatVector.broadcast(S, a[w + 3]);
            s30 = f.fma(x, s30);
            s31 = f.fma(y, s31);
        }
        int p = c0;
        FloatVector.fromArray(S, c, p).add(s00).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s01).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s10).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s11).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s20).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s21).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s30).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s31).intoArray(c, p + l);
    }

    static void tile1x4(
            float[] a, int ai, float[] b, int b0, int b1, int b2, int b3, int[] off, int n, float[] c, int c0) {
        int l = S.length();
        FloatVector s00 = FloatVector.zero(S);
        FloatVector s01 = FloatVector.zero(S);
        FloatVector s02 = FloatVector.zero(S);
        FloatVector s03 = FloatVector.zero(S);
        for (int k = 0; k < n; k++) {
            int o = off[k];
            FloatVector x = FloatVector.fromArray(S, b, b0 + o);
            FloatVector y = FloatVector.fromArray(S, b, b1 + o);
            FloatVector z = FloatVector.fromArray(S, b, b2 + o);
            FloatVector u = FloatVector.fromArray(S, b, b3 + o);
            FloatVector f = FloatVector.broadcast(S, a[ai + k]);
            s00 = f.fma(x, s00);
            s01 = f.fma(y, s01);
            s02 = f.fma(z, s02);
            s03 = f.fma(u, s03);
        }
        int p = c0;
        FloatVector.fromArray(S, c, p).add(s00).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s01).intoArray(c, p + l);
        FloatVector.fromArray(S, c, p + 2 * l).add(s02).intoArray(c, p + 2 * l);
        FloatVector.fromArray(S, c, p + 3 * l).add(s03).intoArray(c, p + 3 * l);
    }
}
