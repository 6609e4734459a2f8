package dev.kerf.backend.cpu.dense;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import dev.kerf.tensor.Shape;

/**
 * Sizes of a matrix product and how it is cut.
 *
 * @param matrices products that have different B
 * @param rows     rows of each, those of all products with the same B together
 * @param single   rows of one product
 * @param cols     columns
 * @param depth    terms of a sum
 * @param blockM   rows of a block
 * @param blockN   columns that a block goes over, a multiple of {@link #WIDE}
 * @param blockK   terms that are packed at a time: with the rows they take half of the second-level cache
 */
record MatMulPlan(int matrices, int rows, int single, int cols, int depth, int blockM, int blockN, int blockK) {
    /** Columns that are packed together. */
    static final int WIDE = 4 * Tiles.LANES;

    /** Terms that are added up at a time: two vectors of them are 32 KiB in AVX-512. */
    private static final int DEPTH = 256;
    private static final int MAX_ROWS = 192;
    /** The same where terms come some at a time: columns, which are many, then come from memory for more rows. */
    private static final int MAX_ROWS_OF_DEEP = 252;
    /** Fewer rows than this in a block would want columns too often; their terms are packed some at a time instead. */
    private static final int FEW_ROWS = 48;
    /** Floats of sums where terms come some at a time: 256 KiB. */
    private static final int SUMS = 1 << 16;
    /** Floats of packed columns: 64 KiB. */
    private static final int COLUMNS = 1 << 14;
    /** Floats of packed rows: 512 KiB. */
    private static final int ROWS = 1 << 17;
    /** Columns that are worth cutting before rows are. */
    private static final int MANY_COLS = 8 * WIDE;
    private static final double FLOPS_WORTH_A_UNIT = 2e6;
    private static final int UNITS_OF_A_WORKER = 8;

    static MatMulPlan of(MatrixOp.MatMul op, Node node, int workers) {
        Shape a = node.input(0).type().shape();
        Shape y = node.output().type().shape();
        int all = Math.toIntExact(y.product(0, y.rank() - 2));
        boolean fold = Matrices.of(node.input(1).type().shape(), y, op.transposeB()).shared();
        int m = Math.toIntExact(y.dim(-2));
        int n = Math.toIntExact(y.dim(-1));
        int k = Math.toIntExact(a.dim(op.transposeA() ? -2 : -1));
        int matrices = fold ? Math.min(all, 1) : all;
        int rows = fold ? Math.multiplyExact(all, m) : m;
        boolean deep = ROWS / Math.max(1, k) < Math.min(FEW_ROWS, rows);
        int most = deep ? MAX_ROWS_OF_DEEP : Math.clamp(ROWS / Math.max(1, k), Tiles.MAX_ROWS, MAX_ROWS);
        int chunk = chunk(k);
        MatMulPlan p = new MatMulPlan(matrices, rows, m, n, k, even(Math.max(1, rows), most, Tiles.MAX_ROWS),
                Blocking.ceil(Math.max(1, n), WIDE) * WIDE,
                deep ? Math.max(1, ROWS / MAX_ROWS_OF_DEEP / chunk) * chunk : Math.max(1, k));
        double flops = 2.0 * matrices * rows * n * k;
        while (p.units() < (long) UNITS_OF_A_WORKER * workers && flops / Math.max(1, p.units()) > FLOPS_WORTH_A_UNIT) {
            // Rows are packed again for other columns, which costs less than columns that come from memory again.
            if (p.blockN >= MANY_COLS || p.blockM < 4 * Tiles.MAX_ROWS && p.blockN >= 2 * WIDE) {
                p = new MatMulPlan(matrices, rows, m, n, k, p.blockM, even(n, p.blockN / 2, WIDE), p.blockK);
            } else if (p.blockM >= 4 * Tiles.MAX_ROWS) {
                p = new MatMulPlan(matrices, rows, m, n, k, even(rows, p.blockM / 2, Tiles.MAX_ROWS), p.blockN,
                        p.blockK);
            } else {
                break;
            }
        }
        return p;
    }

    /** The multiple of {@code step} from {@code most} down that cuts {@code n} into parts most alike. */
    private static int even(int n, int most, int step) {
        int parts = Blocking.ceil(n, Math.max(step, most / step * step));
        return Blocking.ceil(Blocking.ceil(n, parts), step) * step;
    }

    private long units() {
        return (long) matrices * Blocking.ceil(rows, blockM) * Blocking.ceil(cols, blockN);
    }

    /** Terms that are added up at a time; sums are rounded by it, so it depends on the depth alone. */
    int chunk() {
        return chunk(depth);
    }

    /** The same of any product. */
    static int chunk(int depth) {
        return Blocking.even(Math.max(1, depth), DEPTH);
    }

    /** Columns of a strip: as a tile takes them. */
    int strip() {
        return rows == 1 ? WIDE : 2 * Tiles.LANES;
    }

    /** Rows of a block with those that fill its last panel. */
    int blockRows() {
        return Blocking.ceil(blockM, Tiles.MAX_ROWS) * Tiles.MAX_ROWS;
    }

    /** Strips whose sums are held at once: one, unless all terms of it aren't there at once. */
    int strips() {
        int most = Blocking.ceil(blockN, strip());
        return blockK >= depth ? 1 : Math.clamp(SUMS / (blockRows() * strip()), 1, most);
    }

    int rowsFloats() {
        return blockRows() * blockK;
    }

    /** Sums of a strip. */
    int stripFloats() {
        return blockRows() * strip();
    }

    /**
     * Columns that are packed at a time where they aren't a weight: a strip, or several if all terms are there: memory gives longer
     * pieces of rows sooner.
     */
    int packedColumns() {
        return depth > chunk()
                ? strip()
                : strip() * Math.clamp(COLUMNS / (chunk() * strip()), 1, Blocking.ceil(blockN, strip()));
    }

    /** Floats of scratch for each thread: packed rows, sums, and columns that aren't a weight. */
    int floats() {
        return rowsFloats() + strips() * stripFloats() + chunk() * packedColumns();
    }
}
