package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import dev.kerf.tensor.Shape;
import java.util.Arrays;

/**
 * Matrix products: rows of A are packed to panels as a block is computed, columns of B to vectors, once for all runs
 * if B is a weight. Where every product has the same B, their rows follow each other as if of one matrix.
 */
final class MatMulKernel implements Kernel {
    private static final int L = Tiles.LANES;
    private static final int WIDE = 4 * L;
    private static final int DEPTH = 256;
    private static final int MAX_ROWS = 192;
    private static final int SUMS = 1 << 16;
    private static final int MAX_COLS = 512 / WIDE * WIDE;
    private static final double FLOPS_WORTH_A_UNIT = 2e6;
    private static final double FLOPS_WORTH_A_TASK = 1e6;

    /**
     * Sizes of a product.
     *
     * @param matrices products that have different B
     * @param rows     rows of each, those of all products with the same B together
     * @param single   rows of one product
     * @param cols     columns
     * @param depth    terms of a sum
     * @param blockM   rows of a block
     * @param blockN   columns of a block, a multiple of {@link #WIDE}
     */
    private record Plan(int matrices, int rows, int single, int cols, int depth, int blockM, int blockN) {
        static Plan of(MatrixOp.MatMul op, Node node, int workers) {
            Shape a = node.input(0).type().shape();
            Shape y = node.output().type().shape();
            int all = Math.toIntExact(y.product(0, y.rank() - 2));
            boolean fold = Matrices.of(node.input(1).type().shape(), y, op.transposeB()).shared();
            int m = Math.toIntExact(y.dim(-2));
            int n = Math.toIntExact(y.dim(-1));
            int k = Math.toIntExact(a.dim(op.transposeA() ? -2 : -1));
            int matrices = fold ? Math.min(all, 1) : all;
            int rows = fold ? Math.multiplyExact(all, m) : m;
            int blockM = even(Math.max(1, rows), MAX_ROWS, Tiles.MAX_ROWS);
            int most = Math.clamp(SUMS / blockM / WIDE * WIDE, WIDE, MAX_COLS);
            int blockN = even(Math.max(1, n), most, WIDE);
            Plan p = new Plan(matrices, rows, m, n, k, blockM, blockN);
            double flops = 2.0 * matrices * rows * n * k;
            while (p.units() < 3L * workers && flops / Math.max(1, p.units()) > FLOPS_WORTH_A_UNIT) {
                if (p.blockM >= 4 * Tiles.MAX_ROWS && p.blockM * 2 >= p.blockN) {
                    p = new Plan(matrices, rows, m, n, k, even(rows, p.blockM / 2, Tiles.MAX_ROWS), p.blockN);
                } else if (p.blockN >= 2 * WIDE) {
                    p = new Plan(matrices, rows, m, n, k, p.blockM, even(n, p.blockN / 2, WIDE));
                } else {
                    break;
                }
            }
            return p;
        }

        /** The multiple of {@code step} from {@code most} down that cuts {@code n} into parts most alike. */
        private static int even(int n, int most, int step) {
            int parts = Blocking.ceil(n, Math.max(step, most));
            return Blocking.ceil(Blocking.ceil(n, parts), step) * step;
        }

        long units() {
            return (long) matrices * Blocking.ceil(rows, blockM) * Blocking.ceil(cols, blockN);
        }

        int chunk() {
            return Math.clamp(depth, 1, DEPTH);
        }

        int sumsFloats() {
            return (Blocking.ceil(blockM, Tiles.MAX_ROWS) * Tiles.MAX_ROWS) * sumsPitch();
        }

        int sumsPitch() {
            return blockN + L;
        }

        int rowsFloats() {
            return Blocking.ceil(blockM, Tiles.MAX_ROWS) * Tiles.MAX_ROWS * chunk();
        }

        int floats(boolean packed) {
            return sumsFloats() + rowsFloats() + (packed ? 0 : chunk() * (blockN + L));
        }
    }

    private final MatrixOp.MatMul op;
    private final Plan plan;
    private final Operand a;
    private final Operand b;
    private final Operand bias;
    private final Operand residual;
    private final Operand y;
    private final Operand scratch;
    private final Matrices rowsOfA;
    private final Matrices colsOfB;
    private final Matrices results;
    private final float[] packed;
    private final Panels[] panels;
    private final int[] starts;
    private final int[] offsets;
    private final int unitsPerTask;

    /** A kernel of a node. */
    MatMulKernel(MatrixOp.MatMul op, Site site) {
        this.op = op;
        Node node = site.node();
        Shape product = node.output().type().shape();
        plan = Plan.of(op, node, site.workers());
        a = site.operand(0);
        b = site.operand(1);
        bias = op.bias() ? site.operand(2) : null;
        residual = op.residual() ? site.operand(node.inputs().size() - 1) : null;
        y = site.result(0);
        scratch = site.scratch();
        rowsOfA = Matrices.of(node.input(0).type().shape(), product, op.transposeA());
        colsOfB = Matrices.of(node.input(1).type().shape(), product, op.transposeB());
        results = Matrices.of(product, product, false);
        boolean fixed = site.fixed(1) && node.input(1).type().shape().rank() == 2;
        packed = fixed
                ? site.packed(1, "matmul/" + WIDE + (op.transposeB() ? "/t" : ""),
                        (dense, shape) -> packed(dense, plan.depth, plan.cols, op.transposeB()))
                : null;
        panels = new Panels[plan.blockM + 1];
        for (int m = 1; m <= plan.blockM; m++) {
            panels[m] = Panels.of(m);
        }
        int vectors = plan.blockN / L;
        starts = new int[vectors];
        for (int v = 0; v < vectors; v++) {
            starts[v] = fixed ? v / 2 * plan.depth * 2 * L + v % 2 * L : v * L;
        }
        offsets = new int[plan.chunk()];
        for (int k = 0; k < offsets.length; k++) {
            offsets[k] = k * (fixed ? 2 * L : plan.blockN + L);
        }
        double flops = 2.0 * plan.blockM * plan.blockN * plan.depth;
        unitsPerTask = (int) Math.clamp(FLOPS_WORTH_A_TASK / Math.max(1, flops), 1, 1 << 20);
    }

    /** Scratch that a node's kernel needs. */
    static long scratchFloats(MatrixOp.MatMul op, Node node, int workers) {
        return (long) workers * Plan.of(op, node, workers).floats(false);
    }

    /** Two vectors of columns at a time, k by k. */
    private static float[] packed(float[] dense, int depth, int cols, boolean transposed) {
        float[] to = new float[Math.multiplyExact(Blocking.ceil(cols, WIDE) * WIDE, depth)];
        for (int n = 0; n < cols; n++) {
            int at = n / (2 * L) * depth * 2 * L + n % (2 * L);
            for (int k = 0; k < depth; k++) {
                to[at + k * 2 * L] = dense[transposed ? n * depth + k : k * cols + n];
            }
        }
        return to;
    }

    @Override
    public int tasks() {
        return Blocking.ceil(units(), unitsPerTask);
    }

    private int units() {
        return liveMatrices() * Blocking.ceil(liveRows(), plan.blockM) * Blocking.ceil(plan.cols, plan.blockN);
    }

    private int liveMatrices() {
        return plan.matrices == 1 ? 1 : (int) (plan.matrices * live() / y.type().shape().dim(0));
    }

    private int liveRows() {
        return plan.matrices == 1 ? (int) (plan.rows * live() / y.type().shape().dim(0)) : plan.rows;
    }

    /** Items of axis 0 that are to be computed. */
    private long live() {
        long all = y.type().shape().dim(0);
        Operand count = y.count();
        return count == null || count.type().shape().rank() > 0
                ? all
                : Math.clamp(count.ints()[count.offset()], 0, all);
    }

    @Override
    public void run(int task, int worker) {
        int rows = liveRows();
        int down = Blocking.ceil(rows, plan.blockM);
        int across = Blocking.ceil(plan.cols, plan.blockN);
        int end = Math.min((task + 1) * unitsPerTask, units());
        for (int unit = task * unitsPerTask; unit < end; unit++) {
            int m0 = unit % down * plan.blockM;
            int n0 = unit / down % across * plan.blockN;
            block(unit / (down * across), m0, Math.min(plan.blockM, rows - m0), n0, worker);
        }
    }

    private void block(int matrix, int m0, int m, int n0, int worker) {
        float[] room = scratch.floats();
        int sums = scratch.offset() + worker * plan.floats(packed != null);
        int coefficients = sums + plan.sumsFloats();
        int columns = coefficients + plan.rowsFloats();
        int n = Math.min(plan.blockN, plan.cols - n0);
        int vectors = Blocking.ceil(n, L);
        int pitch = plan.sumsPitch();
        Panels cut = panels[m];
        start(room, sums, cut.first[cut.count], n0, n);
        for (int k0 = 0; k0 < plan.depth; k0 += DEPTH) {
            int depth = Math.min(DEPTH, plan.depth - k0);
            packRows(cut, matrix, m0, k0, depth, room, coefficients);
            if (packed == null) {
                packColumns(matrix, n0, n, k0, depth, room, columns);
            }
            float[] from = packed == null ? room : packed;
            int base = packed == null ? columns : n0 * plan.depth + k0 * 2 * L;
            // The columns of a tile stay in the first-level cache while all rows go over them.
            int tile = Tiles.vectors(cut.height[0]);
            for (int v = 0; v < vectors; v += tile) {
                for (int p = 0; p < cut.count; p++) {
                    Tiles.sweep(cut.height[p], room, coefficients + cut.index(p, depth, 0), from, base, starts, v,
                            Math.min(v + tile, vectors), offsets, depth, room, sums + cut.first[p] * pitch, pitch);
                }
            }
        }
        for (int i = 0; i < m; i++) {
            int c = sums + i * pitch;
            if (residual != null) {
                Finish.add(room, c, residual.floats(), place(residual, matrix, m0 + i) + n0, n);
            }
            Finish.store(op.activation(), room, c, y.floats(), place(y, matrix, m0 + i) + n0, n);
        }
    }

    /** Index of a row of the result, or of what is shaped like it. */
    private int place(Operand o, int matrix, int row) {
        int product = plan.matrices == 1 ? row / plan.single : matrix;
        int r = plan.matrices == 1 ? row % plan.single : row;
        return results.start(o, product) + r * results.rowStep(o);
    }

    private void start(float[] room, int sums, int rows, int n0, int n) {
        int pitch = plan.sumsPitch();
        for (int r = 0; r < rows; r++) {
            int row = sums + r * pitch;
            if (bias != null) {
                System.arraycopy(bias.floats(), bias.offset() + n0, room, row, n);
                Arrays.fill(room, row + n, row + pitch, 0f);
            } else {
                Arrays.fill(room, row, row + pitch, 0f);
            }
        }
    }

    private void packRows(Panels cut, int matrix, int m0, int k0, int depth, float[] to, int at) {
        float[] from = a.floats();
        int rowStep = rowsOfA.rowStep(a);
        int colStep = rowsOfA.colStep(a);
        float alpha = op.alpha();
        for (int p = 0; p < cut.count; p++) {
            int high = cut.height[p];
            for (int r = 0; r < high; r++) {
                int i = at + cut.index(p, depth, 0) + r;
                int row = m0 + cut.first[p] + r;
                if (cut.first[p] + r >= cut.rows) {
                    for (int k = 0; k < depth; k++) {
                        to[i + k * high] = 0f;
                    }
                    continue;
                }
                int product = plan.matrices == 1 ? row / plan.single : matrix;
                int x = rowsOfA.start(a, product) + (plan.matrices == 1 ? row % plan.single : row) * rowStep
                        + k0 * colStep;
                for (int k = 0; k < depth; k++) {
                    to[i + k * high] = alpha * from[x + k * colStep];
                }
            }
        }
    }

    private void packColumns(int matrix, int n0, int n, int k0, int depth, float[] to, int at) {
        float[] from = b.floats();
        int pitch = plan.blockN + L;
        int rowStep = colsOfB.rowStep(b);
        int colStep = colsOfB.colStep(b);
        int x = colsOfB.start(b, matrix) + k0 * rowStep + n0 * colStep;
        if (colStep == 1) {
            for (int k = 0; k < depth; k++) {
                System.arraycopy(from, x + k * rowStep, to, at + k * pitch, n);
                Arrays.fill(to, at + k * pitch + n, at + (k + 1) * pitch, 0f);
            }
            return;
        }
        for (int k = 0; k < depth; k++) {
            Arrays.fill(to, at + k * pitch + n, at + (k + 1) * pitch, 0f);
        }
        for (int j = 0; j < n; j++) {
            int c = x + j * colStep;
            for (int k = 0; k < depth; k++) {
                to[at + j + k * pitch] = from[c + k * rowStep];
            }
        }
    }
}
