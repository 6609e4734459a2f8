package dev.kerf.backend.cpu.dense;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of numbers to columns. Interleaving two vectors twice puts four rows side by side, log₂ of the lanes times as many
 * rows as there are lanes: a transposed square.
 */
public final class Transposes {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();
    private static final int GROUP = Tiles.ROW_STEP;
    /** Groups that fill a vector: four are put together in two steps, two in one. */
    private static final int GROUPS = L / GROUP;
    /** The first group of two vectors, side by side. */
    private static final FloatVector SINGLES = Finish.indices(i -> i < GROUP ? i : L + (i - GROUP) % L);
    /** The first two groups of two vectors. */
    private static final FloatVector PAIRS = Finish.indices(i -> i < 2 * GROUP ? i : L + (i - 2 * GROUP) % L);
    /** Floats of room for a square. */
    static final int ROOM = L * L;

    private static final ThreadLocal<float[]> SQUARES = ThreadLocal.withInitial(() -> new float[ROOM]);

    private Transposes() {}

    /**
     * A group of {@link Tiles#ROW_STEP} rows, number by number: to[at + group · k + r] = alpha · x[xo + start[s + r] + k].
     *
     * @param n numbers of a row
     */
    static void group(float[] x, int xo, int[] start, int s, float alpha, float[] to, int at, int n) {
        int x0 = xo + start[s];
        int x1 = xo + start[s + 1];
        int x2 = xo + start[s + 2];
        int x3 = xo + start[s + 3];
        int k = 0;
        for (; k <= n - L; k += L) {
            int o = at + 4 * k;
            quad(x, x0 + k, x1 + k, x2 + k, x3 + k, alpha, to, o, o + L, o + 2 * L, o + 3 * L);
        }
        for (; k < n; k++) {
            to[at + 4 * k] = alpha * x[x0 + k];
            to[at + 4 * k + 1] = alpha * x[x1 + k];
            to[at + 4 * k + 2] = alpha * x[x2 + k];
            to[at + 4 * k + 3] = alpha * x[x3 + k];
        }
    }

    /**
     * The same of rows that are given by columns: to[at + group · k + r] = x[from + step · k + r].
     *
     * @param n columns
     */
    static void columns(float[] x, int from, int step, float alpha, float[] to, int at, int n) {
        FloatVector factor = FloatVector.broadcast(S, alpha);
        int k = 0;
        // Whole vectors are read, of which the first group counts.
        for (; GROUPS == 4 && k <= n - 4 && from + step * (k + 3) + L <= x.length; k += 4) {
            int o = from + step * k;
            FloatVector ab = SINGLES.selectFrom(FloatVector.fromArray(S, x, o), FloatVector.fromArray(S, x, o + step));
            FloatVector cd = SINGLES.selectFrom(FloatVector.fromArray(S, x, o + 2 * step),
                    FloatVector.fromArray(S, x, o + 3 * step));
            PAIRS.selectFrom(ab, cd).mul(factor).intoArray(to, at + GROUP * k);
        }
        for (; GROUPS == 2 && k <= n - 2 && from + step * (k + 1) + L <= x.length; k += 2) {
            int o = from + step * k;
            SINGLES.selectFrom(FloatVector.fromArray(S, x, o), FloatVector.fromArray(S, x, o + step)).mul(factor)
                    .intoArray(to, at + GROUP * k);
        }
        for (; k < n; k++) {
            for (int r = 0; r < GROUP; r++) {
                to[at + GROUP * k + r] = alpha * x[from + step * k + r];
            }
        }
    }

    /** The same of columns at any places: to[at + group · k + r] = x[from + start[s + k] + r]. */
    static void columns(float[] x, int from, int[] start, int s, float[] to, int at, int n) {
        int k = 0;
        int last = x.length - L;
        for (; GROUPS == 4 && k <= n - 4; k += 4) {
            int o0 = from + start[s + k];
            int o1 = from + start[s + k + 1];
            int o2 = from + start[s + k + 2];
            int o3 = from + start[s + k + 3];
            if (Math.max(Math.max(o0, o1), Math.max(o2, o3)) > last) {
                break;
            }
            FloatVector ab = SINGLES.selectFrom(FloatVector.fromArray(S, x, o0), FloatVector.fromArray(S, x, o1));
            FloatVector cd = SINGLES.selectFrom(FloatVector.fromArray(S, x, o2), FloatVector.fromArray(S, x, o3));
            PAIRS.selectFrom(ab, cd).intoArray(to, at + GROUP * k);
        }
        for (; GROUPS == 2 && k <= n - 2; k += 2) {
            int o0 = from + start[s + k];
            int o1 = from + start[s + k + 1];
            if (Math.max(o0, o1) > last) {
                break;
            }
            SINGLES.selectFrom(FloatVector.fromArray(S, x, o0), FloatVector.fromArray(S, x, o1))
                    .intoArray(to, at + GROUP * k);
        }
        for (; k < n; k++) {
            System.arraycopy(x, from + start[s + k], to, at + GROUP * k, GROUP);
        }
    }

    /** Four vectors interleaved, times alpha: four vectors of a number of each, and again. */
    private static void quad(
            float[] x, int x0, int x1, int x2, int x3, float alpha, float[] to, int o0, int o1, int o2, int o3) {
        FloatVector a = FloatVector.fromArray(S, x, x0).mul(alpha);
        FloatVector b = FloatVector.fromArray(S, x, x1).mul(alpha);
        FloatVector c = FloatVector.fromArray(S, x, x2).mul(alpha);
        FloatVector d = FloatVector.fromArray(S, x, x3).mul(alpha);
        FloatVector lowAc = Finish.LOW_HALVES.selectFrom(a, c);
        FloatVector lowBd = Finish.LOW_HALVES.selectFrom(b, d);
        FloatVector highAc = Finish.HIGH_HALVES.selectFrom(a, c);
        FloatVector highBd = Finish.HIGH_HALVES.selectFrom(b, d);
        Finish.LOW_HALVES.selectFrom(lowAc, lowBd).intoArray(to, o0);
        Finish.HIGH_HALVES.selectFrom(lowAc, lowBd).intoArray(to, o1);
        Finish.LOW_HALVES.selectFrom(highAc, highBd).intoArray(to, o2);
        Finish.HIGH_HALVES.selectFrom(highAc, highBd).intoArray(to, o3);
    }

    /**
     * As many rows as a vector has lanes, to vectors: to[at + pitch · k + r] = alpha · x[start[s + r] + k] for k from 0 to n − 1.
     * Rows from {@code rows} on are zeros.
     *
     * @param t  room for {@link #ROOM} floats
     * @param ti where it begins
     */
    static void rows(float[] x, int[] start, int s, int rows, int n, float alpha, float[] to, int at, int pitch,
            float[] t, int ti) {
        int whole = rows == L ? n - n % L : 0;
        for (int k = 0; k < whole; k += L) {
            for (int i = 0; i < L / 4; i++) {
                int o = ti + 4 * i * L;
                quad(x, start[s + i] + k, start[s + i + L / 4] + k, start[s + i + L / 2] + k,
                        start[s + i + 3 * L / 4] + k, alpha, t, o, o + L, o + 2 * L, o + 3 * L);
            }
            finish(t, ti, to, at + k * pitch, pitch);
        }
        for (int k = whole; k < n; k++) {
            for (int r = 0; r < L; r++) {
                to[at + k * pitch + r] = r < rows ? alpha * x[start[s + r] + k] : 0f;
            }
        }
    }

    /** What is left to be done for a transposed square once each four of its rows are interleaved. */
    private static void finish(float[] t, int ti, float[] to, int at, int pitch) {
        if (L == 16) {
            for (int i = 0; i < 4; i++) {
                int a = ti + i * L;
                int o = at + 4 * i * pitch;
                quad(t, a, a + 4 * L, a + 8 * L, a + 12 * L, 1f, to, o, o + pitch, o + 2 * pitch, o + 3 * pitch);
            }
        } else if (L == 8) {
            for (int i = 0; i < 4; i++) {
                FloatVector a = FloatVector.fromArray(S, t, ti + i * L);
                FloatVector b = FloatVector.fromArray(S, t, ti + (i + 4) * L);
                Finish.LOW_HALVES.selectFrom(a, b).intoArray(to, at + 2 * i * pitch);
                Finish.HIGH_HALVES.selectFrom(a, b).intoArray(to, at + (2 * i + 1) * pitch);
            }
        } else {
            for (int i = 0; i < L; i++) {
                FloatVector.fromArray(S, t, ti + i * L).intoArray(to, at + i * pitch);
            }
        }
    }

    /** A square whose rows are {@code step} apart to one whose rows are {@code pitch} apart. */
    static void square(float[] x, int xo, int step, float[] to, int at, int pitch, float[] t, int ti) {
        for (int i = 0; i < L / 4; i++) {
            int a = xo + i * step;
            int o = ti + 4 * i * L;
            quad(x, a, a + L / 4 * step, a + L / 2 * step, a + 3 * L / 4 * step, 1f, t, o, o + L, o + 2 * L, o + 3 * L);
        }
        finish(t, ti, to, at, pitch);
    }

    /** y[yo + i] = x[xo + 2i] for the first i below n, as many as vectors take; their number. */
    public static int evens(float[] x, int xo, float[] y, int yo, int n) {
        int i = 0;
        for (; i < n - L; i += L) {
            FloatVector a = FloatVector.fromArray(S, x, xo + 2 * i);
            FloatVector b = FloatVector.fromArray(S, x, xo + 2 * i + L);
            Finish.EVENS.selectFrom(a, b).intoArray(y, yo + i);
        }
        return i;
    }

    /** y[yo + i] = max of x[a + 2i], x[a + 2i + 1], x[b + 2i] and x[b + 2i + 1] for the first i below n, as many as vectors take; their number. */
    public static int largestOfFour(float[] x, int a, int b, float[] y, int yo, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector left = FloatVector.fromArray(S, x, a + 2 * i).max(FloatVector.fromArray(S, x, b + 2 * i));
            FloatVector right = FloatVector.fromArray(S, x, a + 2 * i + L).max(FloatVector.fromArray(S, x, b + 2 * i + L));
            Finish.EVENS.selectFrom(left, right).max(Finish.ODDS.selectFrom(left, right)).intoArray(y, yo + i);
        }
        return i;
    }

    /** Rows to columns: y[yo + j · yp + i] = x[xo + i · xp + j] for some rows i and columns j of x. */
    public static void matrix(float[] x, int xo, int xp, int rows, int columns, float[] y, int yo, int yp) {
        float[] t = SQUARES.get();
        int down = rows - rows % L;
        int across = columns - columns % L;
        for (int i = 0; i < down; i += L) {
            for (int j = 0; j < across; j += L) {
                square(x, xo + i * xp + j, xp, y, yo + j * yp + i, yp, t, 0);
            }
        }
        for (int j = 0; j < columns; j++) {
            for (int i = j < across ? down : 0; i < rows; i++) {
                y[yo + j * yp + i] = x[xo + i * xp + j];
            }
        }
    }
}
