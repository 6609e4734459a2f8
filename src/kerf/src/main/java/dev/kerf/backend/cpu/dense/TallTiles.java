package dev.kerf.backend.cpu.dense;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Tiles of {@link Tiles} for machines with 32 vector registers: 12 × 2 and 8 × 2 sums. */
final class TallTiles {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;

    private TallTiles() {}

    static void tile12x2(
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
        FloatVector s60 = FloatVector.zero(S);
        FloatVector s61 = FloatVector.zero(S);
        FloatVector s70 = FloatVector.zero(S);
        FloatVector s71 = FloatVector.zero(S);
        FloatVector s80 = FloatVector.zero(S);
        FloatVector s81 = FloatVector.zero(S);
        FloatVector s90 = FloatVector.zero(S);
        FloatVector s91 = FloatVector.zero(S);
        FloatVector sa0 = FloatVector.zero(S);
        FloatVector sa1 = FloatVector.zero(S);
        FloatVector sb0 = FloatVector.zero(S);
        FloatVector sb1 = FloatVector.zero(S);
        for (int k = 0; k < n; k++) {
            int o = off[k];
            FloatVector x = FloatVector.fromArray(S, b, b0 + o);
            FloatVector y = FloatVector.fromArray(S, b, b1 + o);
            int w = ai + 12 * k;
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
            f = FloatVector.broadcast(S, a[w + 6]);
            s60 = f.fma(x, s60);
            s61 = f.fma(y, s61);
            f = FloatVector.broadcast(S, a[w + 7]);
            s70 = f.fma(x, s70);
            s71 = f.fma(y, s71);
            f = FloatVector.broadcast(S, a[w + 8]);
            s80 = f.fma(x, s80);
            s81 = f.fma(y, s81);
            f = FloatVector.broadcast(S, a[w + 9]);
            s90 = f.fma(x, s90);
            s91 = f.fma(y, s91);
            f = FloatVector.broadcast(S, a[w + 10]);
            sa0 = f.fma(x, sa0);
            sa1 = f.fma(y, sa1);
            f = FloatVector.broadcast(S, a[w + 11]);
            sb0 = f.fma(x, sb0);
            sb1 = f.fma(y, sb1);
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
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s60).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s61).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s70).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s71).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s80).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s81).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s90).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s91).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(sa0).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(sa1).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(sb0).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(sb1).intoArray(c, p + l);
    }

    static void tile8x2(
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
        FloatVector s60 = FloatVector.zero(S);
        FloatVector s61 = FloatVector.zero(S);
        FloatVector s70 = FloatVector.zero(S);
        FloatVector s71 = FloatVector.zero(S);
        for (int k = 0; k < n; k++) {
            int o = off[k];
            FloatVector x = FloatVector.fromArray(S, b, b0 + o);
            FloatVector y = FloatVector.fromArray(S, b, b1 + o);
            int w = ai + 8 * k;
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
            f = FloatVector.broadcast(S, a[w + 6]);
            s60 = f.fma(x, s60);
            s61 = f.fma(y, s61);
            f = FloatVector.broadcast(S, a[w + 7]);
            s70 = f.fma(x, s70);
            s71 = f.fma(y, s71);
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
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s60).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s61).intoArray(c, p + l);
        p += pitch;
        FloatVector.fromArray(S, c, p).add(s70).intoArray(c, p);
        FloatVector.fromArray(S, c, p + l).add(s71).intoArray(c, p + l);
    }
}
