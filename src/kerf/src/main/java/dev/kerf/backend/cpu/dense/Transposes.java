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
    /** As many lanes as a group has rows. */
    private static final VectorSpecies<Float> NARROW = GROUP == 4 ? FloatVector.SPECIES_128 : FloatVector.SPECIES_64;
    /** Floats of room for {@link #square}. */
    static final int ROOM = 2 * L * L;

    private static final ThreadLocal<float[]> SQUARES = ThreadLocal.withInitial(() -> new float[ROOM]);

    private Transposes() {}

    /**
     * A group of {@link Tiles#ROW_STEP} rows, number by number: to[at + group · k + r] = alpha · x[xo + start[s + r] + k].
     *
     * @param n numbers of a row
     */
    static void group(float[] x, int xo, int[] start, int s, float alpha, float[] to, int at, int n) {
        if (GROUP == 4) {
            four(x, xo + start[s], xo + start[s + 1], xo + start[s + 2], xo + start[s + 3], alpha, to, at, n);
        } else {
            two(x, xo + start[s], xo + start[s + 1], alpha, to, at, n);
        }
    }

    /**
     * The same of rows that are given by columns: to[at + group · k + r] = x[from + step · k + r].
     *
     * @param n columns
     */
    static void columns(float[] x, int from, int step, float alpha, float[] to, int at, int n) {
        for (int k = 0; k < n; k++) {
            FloatVector.fromArray(NARROW, x, from + step * k).mul(alpha).intoArray(to, at + GROUP * k);
        }
    }

    /** The same of columns at any places: to[at + group · k + r] = x[from + start[s + k] + r]. */
    static void columns(float[] x, int from, int[] start, int s, float[] to, int at, int n) {
        for (int k = 0; k < n; k++) {
            FloatVector.fromArray(NARROW, x, from + start[s + k]).intoArray(to, at + GROUP * k);
        }
    }

    private static void four(float[] x, int x0, int x1, int x2, int x3, float alpha, float[] to, int at, int n) {
        int k = 0;
        for (; k <= n - L; k += L) {
            FloatVector a = FloatVector.fromArray(S, x, x0 + k).mul(alpha);
            FloatVector b = FloatVector.fromArray(S, x, x1 + k).mul(alpha);
            FloatVector c = FloatVector.fromArray(S, x, x2 + k).mul(alpha);
            FloatVector d = FloatVector.fromArray(S, x, x3 + k).mul(alpha);
            FloatVector lowAc = Finish.LOW_HALVES.selectFrom(a, c);
            FloatVector lowBd = Finish.LOW_HALVES.selectFrom(b, d);
            FloatVector highAc = Finish.HIGH_HALVES.selectFrom(a, c);
            FloatVector highBd = Finish.HIGH_HALVES.selectFrom(b, d);
            Finish.LOW_HALVES.selectFrom(lowAc, lowBd).intoArray(to, at + 4 * k);
            Finish.HIGH_HALVES.selectFrom(lowAc, lowBd).intoArray(to, at + 4 * k + L);
            Finish.LOW_HALVES.selectFrom(highAc, highBd).intoArray(to, at + 4 * k + 2 * L);
            Finish.HIGH_HALVES.selectFrom(highAc, highBd).intoArray(to, at + 4 * k + 3 * L);
        }
        for (; k < n; k++) {
            to[at + 4 * k] = alpha * x[x0 + k];
            to[at + 4 * k + 1] = alpha * x[x1 + k];
            to[at + 4 * k + 2] = alpha * x[x2 + k];
            to[at + 4 * k + 3] = alpha * x[x3 + k];
        }
    }

    private static void two(float[] x, int x0, int x1, float alpha, float[] to, int at, int n) {
        int k = 0;
        for (; k <= n - L; k += L) {
            FloatVector a = FloatVector.fromArray(S, x, x0 + k).mul(alpha);
            FloatVector b = FloatVector.fromArray(S, x, x1 + k).mul(alpha);
            Finish.LOW_HALVES.selectFrom(a, b).intoArray(to, at + 2 * k);
            Finish.HIGH_HALVES.selectFrom(a, b).intoArray(to, at + 2 * k + L);
        }
        for (; k < n; k++) {
            to[at + 2 * k] = alpha * x[x0 + k];
            to[at + 2 * k + 1] = alpha * x[x1 + k];
        }
    }

    /**
     * As many rows as a vector has lanes, to vectors: to[at + pitch · k + r] = x[start[s + r] + k] for k from 0 to n − 1. Rows
     * from {@code rows} on are zeros.
     *
     * @param t  room for {@link #ROOM} floats
     * @param ti where it begins
     */
    static void square(
            float[] x, int[] start, int s, int rows, int n, float[] to, int at, int pitch, float[] t, int ti) {
        int k = 0;
        for (; k <= n - L; k += L) {
            for (int r = 0; r < rows; r++) {
                FloatVector.fromArray(S, x, start[s + r] + k).intoArray(t, ti + r * L);
            }
            Arrays.fill(t, ti + rows * L, ti + L * L, 0f);
            int from = transpose(t, ti);
            for (int j = 0; j < L; j++) {
                FloatVector.fromArray(S, t, from + j * L).intoArray(to, at + (k + j) * pitch);
            }
        }
        for (; k < n; k++) {
            for (int r = 0; r < L; r++) {
                to[at + k * pitch + r] = r < rows ? x[start[s + r] + k] : 0f;
            }
        }
    }

    /** Rows to columns: y[yo + j · yp + i] = x[xo + i · xp + j] for some rows i and columns j of x. */
    public static void matrix(float[] x, int xo, int xp, int rows, int columns, float[] y, int yo, int yp) {
        float[] t = SQUARES.get();
        int down = rows - rows % L;
        int across = columns - columns % L;
        for (int i = 0; i < down; i += L) {
            for (int j = 0; j < across; j += L) {
                for (int r = 0; r < L; r++) {
                    FloatVector.fromArray(S, x, xo + (i + r) * xp + j).intoArray(t, r * L);
                }
                int from = transpose(t, 0);
                for (int c = 0; c < L; c++) {
                    FloatVector.fromArray(S, t, from + c * L).intoArray(y, yo + (j + c) * yp + i);
                }
            }
        }
        for (int j = 0; j < columns; j++) {
            for (int i = j < across ? down : 0; i < rows; i++) {
                y[yo + j * yp + i] = x[xo + i * xp + j];
            }
        }
    }

    /** Transposes the square at ti with the one behind it as room; where the result is: one of the two. */
    static int transpose(float[] t, int ti) {
        int from = ti;
        int to = ti + L * L;
        for (int stage = 1; stage < L; stage *= 2) {
            for (int i = 0; i < L / 2; i++) {
                FloatVector a = FloatVector.fromArray(S, t, from + i * L);
                FloatVector b = FloatVector.fromArray(S, t, from + (i + L / 2) * L);
                Finish.LOW_HALVES.selectFrom(a, b).intoArray(t, to + 2 * i * L);
                Finish.HIGH_HALVES.selectFrom(a, b).intoArray(t, to + (2 * i + 1) * L);
            }
            int other = from;
            from = to;
            to = other;
        }
        return from;
    }
}
