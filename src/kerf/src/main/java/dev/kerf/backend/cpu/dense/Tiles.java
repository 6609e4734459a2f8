package dev.kerf.backend.cpu.dense;

import java.util.Arrays;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loop that all dense kernels spend their time in: c[r][v] += Σₖ a[k][r] · b[start[v] + off[k]] for a few rows r
 * and two vectors v, sums held in registers. 12 × 2 sums fill the 32 registers of AVX-512 and NEON, 6 × 2 the 16 of
 * AVX2.
 *
 * <p>Sums start at 0 and are added to c at the end: callers give a long sum in pieces of a few hundred terms, whose rounding
 * errors then don't pile up.
 *
 * <p>The loop bodies hold no branch, and each is a method of its own: a first-tier compiler that gives up on one leaves
 * the others fast, and no late branch throws compiled code away.
 */
final class Tiles {
    static final VectorSpecies<Float> S = VectorMath.SPECIES;
    /** Floats of a vector. */
    static final int LANES = S.length();
    /** Whether there are registers for 12 × 2 sums. */
    static final boolean TALL = LANES >= 16 || System.getProperty("os.arch").equals("aarch64");
    /** Rows of the largest tile. */
    static final int MAX_ROWS = TALL ? 12 : 6;
    /** Tiles come in multiples of this many rows, and of one row. */
    static final int ROW_STEP = TALL ? 4 : 2;

    /** Sums of {@link #plain}. */
    private static final ThreadLocal<float[]> PLAIN = ThreadLocal.withInitial(() -> new float[12 * LANES]);

    private Tiles() {}

    /** Vectors that a tile of so many rows takes at a time. */
    static int vectors(int rows) {
        return rows == 1 ? 4 : 2;
    }

    /**
     * Multiplies one panel of rows by a run of vectors.
     *
     * @param rows   rows of the panel: 12, 8, 4 or 1 if {@link #TALL}, else 6, 4 or 1
     * @param a      coefficients, k by k, {@code rows} for each
     * @param ai     index of the first coefficient
     * @param b      what is multiplied
     * @param base   added to all starts
     * @param starts where each vector begins; entries must be there up to the rounded {@code to}
     * @param from   first vector
     * @param to     end of the vectors; rounded up to an even number of them (one row: to four)
     * @param off    what to add to a start for each k
     * @param n      number of k
     * @param c      sums, added to: vector v of row r at ci + r · pitch + v · LANES
     * @param ci     index of the first sum
     * @param pitch  floats from row to row of c
     */
    static void sweep(
            int rows, float[] a, int ai, float[] b, int base, int[] starts, int from, int to, int[] off, int n,
            float[] c, int ci, int pitch) {
        if (WarmTiles.ready(rows)) {
            vectors(rows, a, ai, b, base, starts, from, to, off, n, c, ci, pitch);
        } else {
            int end = from + Blocking.ceil(to - from, vectors(rows)) * vectors(rows);
            for (int v = from; v < end; v++) {
                plain(rows, a, ai, b, base + starts[v], off, n, c, ci + v * LANES, pitch);
            }
        }
    }

    /** {@link #sweep} by the Vector API. */
    static void vectors(
            int rows, float[] a, int ai, float[] b, int base, int[] starts, int from, int to, int[] off, int n,
            float[] c, int ci, int pitch) {
        switch (rows) {
            case 12 -> sweep12(a, ai, b, base, starts, from, to, off, n, c, ci, pitch);
            case 8 -> sweep8(a, ai, b, base, starts, from, to, off, n, c, ci, pitch);
            case 6 -> sweep6(a, ai, b, base, starts, from, to, off, n, c, ci, pitch);
            case 4 -> sweep4(a, ai, b, base, starts, from, to, off, n, c, ci, pitch);
            case 1 -> sweep1(a, ai, b, base, starts, from, to, off, n, c, ci);
            default -> throw new IllegalArgumentException("no tile of " + rows + " rows");
        }
    }

    /** One vector of a panel without the Vector API, rounded alike: each product and sum at once. */
    static void plain(
            int rows, float[] a, int ai, float[] b, int start, int[] off, int n, float[] c, int ci, int pitch) {
        float[] sums = PLAIN.get();
        Arrays.fill(sums, 0f);
        for (int k = 0; k < n; k++) {
            int bi = start + off[k];
            for (int r = 0; r < rows; r++) {
                multiply(a[ai + k * rows + r], b, bi, sums, r * LANES);
            }
        }
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < LANES; j++) {
                c[ci + r * pitch + j] += sums[r * LANES + j];
            }
        }
    }

    private static void multiply(float f, float[] b, int bi, float[] c, int ci) {
        for (int j = 0; j < LANES; j++) {
            c[ci + j] = Math.fma(f, b[bi + j], c[ci + j]);
        }
    }

    private static void sweep12(
            float[] a, int ai, float[] b, int base, int[] starts, int from, int to, int[] off, int n, float[] c, int ci,
            int pitch) {
        for (int v = from; v < to; v += 2) {
            TallTiles.tile12x2(a, ai, b, base + starts[v], base + starts[v + 1], off, n, c, ci + v * LANES, pitch);
        }
    }

    private static void sweep8(
            float[] a, int ai, float[] b, int base, int[] starts, int from, int to, int[] off, int n, float[] c, int ci,
            int pitch) {
        for (int v = from; v < to; v += 2) {
            TallTiles.tile8x2(a, ai, b, base + starts[v], base + starts[v + 1], off, n, c, ci + v * LANES, pitch);
        }
    }

    private static void sweep6(
            float[] a, int ai, float[] b, int base, int[] starts, int from, int to, int[] off, int n, float[] c, int ci,
            int pitch) {
        for (int v = from; v < to; v += 2) {
            LowTiles.tile6x2(a, ai, b, base + starts[v], base + starts[v + 1], off, n, c, ci + v * LANES, pitch);
        }
    }

    private static void sweep4(
            float[] a, int ai, float[] b, int base, int[] starts, int from, int to, int[] off, int n, float[] c, int ci,
            int pitch) {
        for (int v = from; v < to; v += 2) {
            LowTiles.tile4x2(a, ai, b, base + starts[v], base + starts[v + 1], off, n, c, ci + v * LANES, pitch);
        }
    }

    private static void sweep1(
            float[] a, int ai, float[] b, int base, int[] starts, int from, int to, int[] off, int n, float[] c,
            int ci) {
        for (int v = from; v < to; v += 4) {
            LowTiles.tile1x4(a, ai, b, base + starts[v], base + starts[v + 1], base + starts[v + 2],
                    base + starts[v + 3], off, n, c, ci + v * LANES);
        }
    }
}
