package dev.kerf.backend.cpu.dense;

/**
 * How a {@link Mlp} is cut: blocks of rows, each over the inner columns a slice at a time, so that packed rows, a slice and
 * all sums of a block stay in the second-level cache.
 *
 * @param rows   rows
 * @param depth  numbers of a row that goes in
 * @param inner  of a row in between
 * @param cols   of a row that comes out
 * @param normed whether rows are normalised first
 * @param block  rows of a block
 * @param slice  inner columns that are made at a time
 */
record MlpPlan(int rows, int depth, int inner, int cols, boolean normed, int block, int slice) {
    private static final int STRIP = 2 * Tiles.LANES;
    /** Floats that a block has in the cache: 5/8 MiB. */
    private static final int CACHED = 5 << 15;
    private static final int MOST_ROWS = 192;
    /** Fewer, and weights come in too often: of 768 numbers a row, products one by one are faster by a tenth. */
    private static final int LEAST_ROWS = 96;
    private static final int LONGEST_SLICE = 512;

    static MlpPlan of(int rows, int depth, int inner, int cols, boolean normed, int workers) {
        int chunk = MatMulPlan.chunk(inner);
        int slice = inner <= LONGEST_SLICE ? inner : LONGEST_SLICE / chunk * chunk;
        int most = Math.min(CACHED / Math.max(1, depth + slice + cols), MOST_ROWS);
        int blocks = Blocking.ceil(Blocking.ceil(Math.max(1, rows), Math.max(1, most)), workers) * workers;
        int step = Tiles.ROW_STEP;
        int block = Blocking.ceil(Blocking.ceil(rows, blocks), step) * step;
        return new MlpPlan(rows, depth, inner, cols, normed, Math.max(step, block), slice);
    }

    /** Whether blocks are large enough for the weights that come in for each, and a slice ends where sums and strips do. */
    boolean fits() {
        return CACHED / Math.max(1, depth + slice + cols) >= LEAST_ROWS && (slice == inner || slice % STRIP == 0)
                && depth > 0 && cols > 0;
    }

    int blocks() {
        return Blocking.ceil(rows, block);
    }

    /** Rows of a block with those that fill its last panel. */
    private int blockRows() {
        return Blocking.ceil(block, Tiles.MAX_ROWS) * Tiles.MAX_ROWS;
    }

    /** Floats of a strip of sums. */
    int stripFloats() {
        return blockRows() * STRIP;
    }

    /** Floats of packed rows. */
    int rowsFloats() {
        return blockRows() * depth;
    }

    /** Floats of a packed slice. */
    int sliceFloats() {
        return blockRows() * slice;
    }

    /** Floats of all sums. */
    int sumsFloats() {
        return Blocking.ceil(cols, STRIP) * stripFloats();
    }

    /** Floats of scratch for each thread: rows as they are normalised, packed, a slice, its strip, sums. */
    int floats() {
        return (normed ? block * depth : 0) + rowsFloats() + sliceFloats() + stripFloats() + sumsFloats();
    }
}
