package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Intake;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.RowMaker;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products: rows of A are packed to panels, once for a block of rows, columns of B to vectors, once for all runs if B is
 * a weight. A block goes over B a strip of columns at a time, as wide as a tile: the strip's sums stay in the first-level cache
 * until they leave as results. Where every product has the same B, their rows follow each other as if of one matrix.
 */
final class MatMulKernel implements Kernel {
    private static final int L = Tiles.LANES;
    private static final double FLOPS_WORTH_A_TASK = 1e6;

    private final MatrixOp.MatMul op;
    private final MatMulPlan plan;
    private final Operand b;
    private final Operand bias;
    private final Operand residual;
    private final Intake intake;
    /** What is added to an operand as it is read. */
    private final Operand second;
    private final Operand y;
    private final Operand scratch;
    private final ProductRows left;
    private final int perWorker;
    private final Matrices colsOfB;
    private final Matrices results;
    private final float[] packed;
    /** Where each product's B is in what is packed. */
    private final int[] packedAt;
    private final Panels[] panels;
    private final int[] starts;
    private final Offsets offsets;
    private final int unitsPerTask;
    private final @Nullable PooledProduct pool;
    private final @Nullable PaddedRows padding;

    /** A kernel of a node. */
    MatMulKernel(MatrixOp.MatMul op, Site site) {
        this(op, site, site.result(0), site.scratch(), null, null);
    }

    /**
     * A kernel of a node whose result is pooled, or whose left operand is made for it, or neither.
     *
     * @param y       what it makes, dense if pooled
     * @param scratch room
     * @param pool    the windows, or null
     * @param norm    what makes rows of A, or null
     */
    MatMulKernel(MatrixOp.MatMul op, Site site, Operand y, Operand scratch, @Nullable PooledProduct pool,
            @Nullable RowMaker norm) {
        this.op = op;
        this.y = y;
        this.scratch = scratch;
        this.pool = pool;
        Node node = site.node();
        var product = node.output().type().shape();
        plan = MatMulPlan.of(op, node, site.workers());
        bias = op.bias() ? site.operand(2) : null;
        residual = op.residual() ? site.operand(op.bias() ? 3 : 2) : null;
        intake = site.intake();
        second = !intake.sum() ? null : site.operand(node.inputs().size() - 1);
        padding = intake.padding() == null
                ? null
                : new PaddedRows(node.input(0).type().shape(), intake.padding(), pool, plan.blockM(), site.workers());
        left = new ProductRows(op, site, plan, pool, padding, norm);
        perWorker = plan.floats() + (norm == null ? 0 : ProductRows.normalFloats(plan));
        colsOfB = Matrices.of(node.input(1).type().shape(), product, op.transposeB());
        results = Matrices.of(product, product, false);
        boolean fixed = site.fixed(1);
        Shape weight = node.input(1).type().shape();
        // A packed weight isn't kept as it is, too.
        b = fixed ? null : site.operand(1);
        packed = fixed ? packed(op, site, plan.depth(), plan.cols()) : null;
        packedAt = new int[fixed ? plan.matrices() : 0];
        Arrays.setAll(packedAt, i -> colsOfB.number(i, weight) * packedFloats(plan.depth(), plan.cols()));
        panels = new Panels[plan.blockM() + 1];
        for (int m = 1; m <= plan.blockM(); m++) {
            panels[m] = Panels.of(plan.rows() == 1 ? 1 : Math.max(2, m)); // a panel of one row would want four vectors
        }
        starts = new int[plan.strip() / L];
        Arrays.setAll(starts, v -> fixed ? v / 2 * plan.depth() * 2 * L + v % 2 * L : v * L);
        offsets = fixed || plan.packedColumns() == 2 * L
                ? Offsets.pairs(plan.chunk())
                : Offsets.of(IntStream.range(0, plan.chunk()).map(k -> k * plan.packedColumns()).toArray());
        double flops = 2.0 * plan.blockM() * plan.blockN() * plan.depth();
        unitsPerTask = (int) Math.clamp(FLOPS_WORTH_A_TASK / Math.max(1, flops), 1, 1 << 20);
    }

    /** A product's weight, two vectors of columns at a time, k by k. */
    static float[] packed(MatrixOp.MatMul op, Site site, int depth, int cols) {
        return site.packed(1, "matmul/" + MatMulPlan.WIDE + (op.transposeB() ? "/t" : ""),
                (dense, shape) -> packed(dense, depth, cols, op.transposeB()));
    }

    /**
     * Whether a product can sum an operand itself, columns of B that come row by row and are packed once, of one matrix; or leave
     * zeros around rows of A out.
     */
    static boolean takes(MatrixOp.MatMul op, Node node, Intake intake) {
        if (intake.padding() != null) {
            List<Long> before = intake.padding().before();
            return intake.operand() == 0 && before.size() > 1 && before.getLast() == 0
                    && intake.padding().after().getLast() == 0 && !op.transposeA() && !op.residual()
                    && node.input(1).type().shape().rank() == 2 && node.output().count() == null;
        }
        MatMulPlan p = MatMulPlan.of(op, node, 1);
        Shape s = node.input(1).type().shape();
        return intake.operand() == 1 && intake.sum() && !op.transposeB() && s.rank() > 2 && s.product(0, s.rank() - 2) == 1
                && p.rows() > 1
                && p.rows() <= p.blockM() && p.matrices() == 1 && node.output().count() == null;
    }

    /** Scratch that a node's kernel needs. */
    static long scratchFloats(MatrixOp.MatMul op, Node node, int workers) {
        return (long) workers * MatMulPlan.of(op, node, workers).floats();
    }

    /** Floats of a matrix packed. */
    private static int packedFloats(int depth, int cols) {
        return Math.multiplyExact(Blocking.ceil(cols, MatMulPlan.WIDE) * MatMulPlan.WIDE, depth);
    }

    /** Two vectors of columns at a time, k by k, matrix by matrix. */
    private static float[] packed(float[] dense, int depth, int cols, boolean transposed) {
        int each = depth * cols;
        int matrices = each == 0 ? 0 : dense.length / each;
        int pairs = Blocking.ceil(cols, 2 * L);
        float[] to = new float[Math.multiplyExact(packedFloats(depth, cols), Math.max(1, matrices))];
        IntStream.range(0, matrices * pairs).parallel().forEach(i -> {
            int first = i % pairs * 2 * L;
            int n = Math.min(2 * L, cols - first);
            int from = i / pairs * each;
            for (int k = 0; k < depth; k++) {
                int at = i / pairs * packedFloats(depth, cols) + first * depth + k * 2 * L;
                for (int j = 0; j < n; j++) {
                    to[at + j] = dense[from + (transposed ? (first + j) * depth + k : k * cols + first + j)];
                }
            }
        });
        return to;
    }

    @Override
    public int tasks() {
        return Blocking.ceil(units(), unitsPerTask);
    }

    private int units() {
        return liveMatrices() * Blocking.ceil(liveRows(), plan.blockM()) * Blocking.ceil(plan.cols(), plan.blockN());
    }

    private int liveMatrices() {
        return plan.matrices() == 1 ? 1 : (int) (plan.matrices() * live() / y.type().shape().dim(0));
    }

    private int liveRows() {
        if (padding != null) {
            return padding.count();
        }
        return plan.matrices() == 1 && pool == null ? (int) (plan.rows() * live() / y.type().shape().dim(0)) : plan.rows();
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
        int live = liveRows();
        int down = Blocking.ceil(live, plan.blockM());
        int across = Blocking.ceil(plan.cols(), plan.blockN());
        int end = Math.min((task + 1) * unitsPerTask, units());
        for (int unit = task * unitsPerTask; unit < end; unit++) {
            int m0 = unit % down * plan.blockM();
            int n0 = unit / down % across * plan.blockN();
            block(unit / (down * across), m0, Math.min(plan.blockM(), live - m0), n0, worker);
        }
    }

    private void block(int matrix, int m0, int m, int n0, int worker) {
        float[] room = scratch.floats();
        int coefficients = scratch.offset() + worker * perWorker;
        int sums = coefficients + plan.rowsFloats();
        int end = Math.min(n0 + plan.blockN(), plan.cols());
        int group = plan.strips() * plan.strip();
        Panels cut = panels[m];
        left.start(matrix, m0, m, worker);
        if (plan.blockK() >= plan.depth()) {
            left.pack(cut, m, 0, plan.depth(), room, coefficients, worker, coefficients + plan.floats());
        }
        for (int j0 = n0; j0 < end; j0 += group) {
            int to = Math.min(j0 + group, end);
            for (int k0 = 0; k0 == 0 || k0 < plan.depth(); k0 += plan.blockK()) {
                int terms = Math.min(plan.blockK(), plan.depth() - k0);
                if (terms < plan.depth()) {
                    left.pack(cut, m, k0, terms, room, coefficients, worker, coefficients + plan.floats());
                }
                for (int j = j0; j < to; j += plan.strip()) {
                    int at = sums + (j - j0) / plan.strip() * plan.stripFloats();
                    int before = (j - n0) % plan.packedColumns();
                    strip(cut, matrix, j, Math.min(plan.strip(), to - j), before, end, k0, terms, room, coefficients, at,
                            worker);
                }
            }
            for (int j = j0; j < to; j += plan.strip()) {
                store(matrix, m0, m, j, Math.min(plan.strip(), to - j), room,
                        sums + (j - j0) / plan.strip() * plan.stripFloats());
            }
        }
        if (padding != null) {
            copyPadding(m0, n0, end - n0);
        }
    }

    /** What a block made of zeros is copied to its share of the rows that are alike. */
    private void copyPadding(int m0, int n0, int n) {
        int each = pool == null ? 1 : PooledProduct.WINDOW;
        int end = padding.firstCopy((m0 + plan.blockM()) / each);
        for (int i = padding.firstCopy(m0 / each); i < end; i++) {
            System.arraycopy(y.floats(), place(padding.row(m0 / each)) + n0, y.floats(), place(padding.copy(i)) + n0, n);
        }
    }

    /** Index of a row of the result. */
    private int place(int row) {
        return pool == null ? place(y, row / plan.single(), row % plan.single()) : y.offset() + row * plan.cols();
    }

    /**
     * Packed rows over a strip of columns.
     *
     * @param before columns that are packed before it, if it isn't the first of those that are packed together
     * @param end    of the columns that may be packed with it
     */
    private void strip(Panels cut, int matrix, int j, int n, int before, int end, int first, int terms, float[] room,
            int coefficients, int sums, int worker) {
        int strip = plan.strip();
        int columns = scratch.offset() + worker * perWorker + plan.floats() - plan.chunk() * plan.packedColumns();
        if (terms == 0) {
            Arrays.fill(room, sums, sums + plan.stripFloats(), 0f);
        }
        for (int k = 0; k < terms; k += plan.chunk()) {
            int depth = Math.min(plan.chunk(), terms - k);
            if (packed == null && before == 0) {
                packColumns(matrix, j, Math.min(plan.packedColumns(), end - j), first + k, depth, room, columns);
            }
            float[] from = packed == null ? room : packed;
            int base = packed == null ? columns + before : packedAt[matrix] + j * plan.depth() + (first + k) * 2 * L;
            for (int p = 0; p < cut.count; p++) {
                Tiles.sweep(cut.height[p], room, coefficients + cut.index(p, terms, k), cut.step(p, terms), from, base,
                        starts, 0, Blocking.ceil(n, L), offsets, depth, room, sums + cut.first[p] * strip, strip,
                        first + k > 0);
            }
        }
    }

    /** Whether bias, residual and result are whole vectors without a curve: sums then leave in one pass. */
    private boolean whole(int n) {
        return bias != null && n == 2 * L && plan.strip() == n
                && (op.activation() == Activation.NONE || op.activation() == Activation.RELU);
    }

    /** Rows of sums to rows of the result, those of one product at a time. */
    private void store(int matrix, int m0, int m, int j, int n, float[] room, int sums) {
        int strip = plan.strip();
        if (pool != null) {
            int window = PooledProduct.WINDOW;
            int done;
            for (int i = 0; i < m / window; i += done) {
                int at = m0 / window + i;
                done = padding == null ? m / window : padding.run(at, m / window - i);
                Finish.largest(room, sums + i * window * strip, strip, window, bias.floats(), bias.offset() + j, y.floats(),
                        place(padding == null ? at : padding.row(at)) + j, plan.cols(), done, n);
            }
            return;
        }
        if (bias != null && !whole(n)) {
            Finish.addRows(room, sums, strip, bias.floats(), bias.offset() + j, 0, m, n);
        }
        if (residual == null && !whole(n)) {
            Finish.store(op.activation(), room, sums, room, sums, m * strip);
        }
        int rows;
        for (int i = 0; i < m; i += rows) {
            int at = padding == null ? m0 + i : padding.row(m0 + i);
            int product = plan.matrices() == 1 ? at / plan.single() : matrix;
            int row = at - (plan.matrices() == 1 ? product * plan.single() : 0);
            rows = Math.min(m - i, plan.single() - row);
            if (padding != null) {
                rows = padding.run(m0 + i, rows);
            }
            int c = sums + i * strip;
            int to = place(y, product, row) + j;
            if (whole(n)) {
                Finish.addBias(room, c, bias.floats(), bias.offset() + j, residual == null ? null : residual.floats(),
                        residual == null ? 0 : place(residual, product, row) + j,
                        residual == null ? 0 : results.rowStep(residual), op.activation() == Activation.RELU, y.floats(),
                        to, results.rowStep(y), rows);
                continue;
            }
            if (residual != null) {
                Finish.addRows(room, c, strip, residual.floats(), place(residual, product, row) + j,
                        results.rowStep(residual), rows, n);
                Finish.store(op.activation(), room, c, room, c, rows * strip);
            }
            Finish.copyRows(room, c, strip, y.floats(), to, results.rowStep(y), rows, n);
        }
    }

    /** Index of a row of the result, or of what is shaped like it. */
    private int place(Operand o, int product, int row) {
        return results.start(o, product) + row * results.rowStep(o);
    }

    private void packColumns(int matrix, int n0, int n, int k0, int depth, float[] to, int at) {
        float[] from = b.floats();
        int pitch = plan.packedColumns();
        int rowStep = colsOfB.rowStep(b);
        int colStep = colsOfB.colStep(b);
        int x = colsOfB.start(b, matrix) + k0 * rowStep + n0 * colStep;
        if (colStep == 1) {
            Finish.copyRows(from, x, rowStep, to, at, pitch, depth, n);
            if (intake.sum()) {
                Finish.addRows(to, at, pitch, second.floats(), second.offset() + x - b.offset(), rowStep, depth, n);
                Finish.store(intake.activation(), to, at, to, at, depth * pitch);
            }
        } else {
            for (int j = 0; j < n; j++) {
                for (int k = 0; k < depth; k++) {
                    to[at + j + k * pitch] = from[x + j * colStep + k * rowStep];
                }
            }
        }
        if (n < pitch) {
            for (int k = 0; k < depth; k++) {
                Arrays.fill(to, at + k * pitch + n, at + (k + 1) * pitch, 0f);
            }
        }
    }
}
