package dev.kerf.backend.cpu.dense;

import java.util.Arrays;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loop that all dense kernels spend their time in: c[r][v] += (or =) Σₖ a[k][r] · b[start[v] + off[k]] for a few rows r
 * and two vectors v, sums held in registers. 12 × 2 sums fill the 32 registers of AVX-512 and NEON. AVX2 has 16: 6 × 2 sums
 * at a time there, which leaves each multiply-add the time that it takes until the next to the same sum.
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
    /** Rows of the tiles that there are, the largest first. */
    static final int[] HEIGHTS = {12, 8, 4, 1};
    /** Rows of the largest tile. */
    static final int MAX_ROWS = HEIGHTS[0];
    /** Tiles come in multiples of this many rows, and of one row. */
    static final int ROW_STEP = 4;

    /** Sums of {@link #plain}. */
    private static final ThreadLocal<float[]> PLAIN = ThreadLocal.withInitial(() -> new float[12 * LANES]);

    private Tiles() {}

    /** A tile of twice as many rows as another has. */
    private record Pair(Tile of) implements Tile {
        @Override
        public void sweep(
                float[] a, int ai, int step, float[] b, int base, int[] starts, int from, int to, Offsets off, int n, float[] c,
                int ci, int pitch, boolean add) {
            of.sweep(a, ai, step, b, base, starts, from, to, off, n, c, ci, pitch, add);
            of.sweep(a, ai + step, step, b, base, starts, from, to, off, n, c, ci + ROW_STEP * pitch, pitch, add);
        }
    }

    /** The tiles by their rows, null where there is none. */
    private static final class Classes {
        static final Tile[] BY_ROWS = new Tile[MAX_ROWS + 1];

        static {
            Tile[] all = TALL
                    ? new Tile[] {new Tile12x2(), new Tile8x2(), new Tile4x2(), new Tile1x4()}
                    : new Tile[] {new Tile12x2Halves(), new Pair(new Tile4x2()), new Tile4x2(), new Tile1x4()};
            for (int i = 0; i < all.length; i++) {
                BY_ROWS[HEIGHTS[i]] = all[i];
            }
        }
    }

    /** Rows of a tile of so many rows whose coefficients lie side by side; {@link Transposes} packs a group at a time. */
    static int group(int rows) {
        return rows == 1 ? 1 : ROW_STEP;
    }

    /** Whether a tile of so many rows is another one where vectors lie in pairs. */
    static boolean distinguishesPairs(int rows) {
        return !TALL && rows == MAX_ROWS;
    }

    /** Vectors that a tile of so many rows takes at a time. */
    static int vectors(int rows) {
        return rows == 1 ? 4 : 2;
    }

    /**
     * Multiplies one panel of rows by a run of vectors.
     *
     * @param rows   rows of the panel: 12, 8, 4 or 1
     * @param a      coefficients in groups of {@link #group} rows: a group k by k, a number for each row
     * @param ai     index of the first coefficient
     * @param step   floats from a group to the next
     * @param b      what is multiplied
     * @param base   added to all starts
     * @param starts where each vector begins; entries must be there up to the rounded {@code to}
     * @param from   first vector
     * @param to     end of the vectors; rounded up to an even number of them (one row: to four)
     * @param off    what to add to a start for each k
     * @param n      number of k
     * @param c      sums: vector v of row r at ci + r · pitch + v · LANES
     * @param ci     index of the first sum
     * @param pitch  floats from row to row of c
     * @param add    whether to add to c; else what was there is lost
     */
    static void sweep(
            int rows, float[] a, int ai, int step, float[] b, int base, int[] starts, int from, int to, Offsets off, int n,
            float[] c, int ci, int pitch, boolean add) {
        if (WarmTiles.ready(rows, add, off.pairs())) {
            vectors(rows, a, ai, step, b, base, starts, from, to, off, n, c, ci, pitch, add);
        } else {
            int end = from + Blocking.ceil(to - from, vectors(rows)) * vectors(rows);
            for (int v = from; v < end; v++) {
                plain(rows, a, ai, step, b, base + starts[v], off, n, c, ci + v * LANES, pitch, add);
            }
        }
    }

    /** {@link #sweep} by the Vector API. */
    static void vectors(
            int rows, float[] a, int ai, int step, float[] b, int base, int[] starts, int from, int to, Offsets off, int n,
            float[] c, int ci, int pitch, boolean add) {
        Tile tile = rows < Classes.BY_ROWS.length ? Classes.BY_ROWS[rows] : null;
        if (tile == null) {
            throw new IllegalArgumentException("no tile of " + rows + " rows");
        }
        tile.sweep(a, ai, step, b, base, starts, from, to, off, n, c, ci, pitch, add);
    }

    /** One vector of a panel without the Vector API, rounded alike: each product and sum at once. */
    static void plain(
            int rows, float[] a, int ai, int step, float[] b, int start, Offsets off, int n, float[] c, int ci,
            int pitch, boolean add) {
        float[] sums = PLAIN.get();
        Arrays.fill(sums, 0f);
        int group = group(rows);
        for (int k = 0; k < n; k++) {
            int bi = start + off.table()[k];
            for (int r = 0; r < rows; r++) {
                multiply(a[ai + r / group * step + k * group + r % group], b, bi, sums, r * LANES);
            }
        }
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < LANES; j++) {
                c[ci + r * pitch + j] = add ? c[ci + r * pitch + j] + sums[r * LANES + j] : sums[r * LANES + j];
            }
        }
    }

    private static void multiply(float f, float[] b, int bi, float[] c, int ci) {
        for (int j = 0; j < LANES; j++) {
            c[ci + j] = Math.fma(f, b[bi + j], c[ci + j]);
        }
    }
}
