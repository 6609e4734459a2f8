package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.RowMaker;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.MatrixOp;
import dev.kerf.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** The rows of a product's left operand in the order in which they are multiplied, packed to panels. */
final class ProductRows {
    private final float alpha;
    private final MatMulPlan plan;
    private final @Nullable Operand a;
    private final Matrices matrices;
    /** Rows of one of them. */
    private final int single;
    private final @Nullable PooledProduct pool;
    private final @Nullable PaddedRows padding;
    /** What makes the rows, panel by panel, in place of the operand. */
    private final @Nullable RowMaker norm;
    /** For each worker where the rows of its block begin; −1 for those of zeros. */
    private final int[][] starts;

    /**
     * Rows of a node's operand.
     *
     * @param pool    the windows that they are multiplied by, or null
     * @param padding which of them are zeros, or null
     * @param norm    what makes them, in the order of all rows, or null; there are no windows then
     */
    ProductRows(MatrixOp.MatMul op, Site site, MatMulPlan plan, @Nullable PooledProduct pool, @Nullable PaddedRows padding,
            @Nullable RowMaker norm) {
        Shape shape = site.node().input(0).type().shape();
        this.alpha = op.alpha();
        this.plan = plan;
        this.pool = pool;
        this.padding = padding;
        this.norm = norm;
        a = norm == null ? site.operand(0) : null;
        matrices = Matrices.of(shape, padding == null ? site.node().output().type().shape() : shape, op.transposeA());
        single = padding == null ? plan.single() : shape.size(-2);
        starts = new int[site.workers()][plan.blockRows()];
    }

    /** Floats of a thread's room for the rows of a panel as they are made. */
    static int normalFloats(MatMulPlan plan) {
        return Tiles.MAX_ROWS * plan.depth();
    }

    /** Sets a worker's block: rows from {@code m0} on. */
    void start(int matrix, int m0, int m, int worker) {
        int[] start = starts[worker];
        if (norm != null) {
            for (int i = 0; i < m; i++) {
                start[i] = padding == null ? m0 + i : padding.source(m0 + i);
            }
            return;
        }
        int step = matrices.rowStep(a);
        for (int i = 0; i < m; i++) {
            int row = padding != null ? padding.source(m0 + i) : pool == null ? m0 + i : pool.pixel(m0 + i);
            int product = plan.matrices() == 1 ? row / single : matrix;
            start[i] = row < 0 ? -1 : matrices.start(a, product) + (plan.matrices() == 1 ? row % single : row) * step;
        }
    }

    /**
     * Packs some terms of the m rows of a worker's block: all of them where rows are made.
     *
     * @param normal room for {@link #normalFloats} in {@code to}
     */
    void pack(Panels cut, int m, int k0, int terms, float[] to, int at, int worker, int normal) {
        for (int p = 0; p < cut.count; p++) {
            if (norm != null) {
                make(cut.first[p], Math.min(cut.first[p + 1], m), to, normal, starts[worker]);
            }
            int group = Tiles.group(cut.height[p]);
            for (int r = 0; r < cut.height[p]; r += group) {
                packGroup(cut.first[p] + r, group, m, k0, terms, to,
                        at + cut.index(p, terms, 0) + r / group * cut.step(p, terms), starts[worker]);
            }
        }
    }

    /** Makes a panel's rows, which are given by their numbers: zeros before all others, those one after the other. */
    private void make(int first, int end, float[] to, int at, int[] start) {
        int made = first < end && start[first] < 0 ? first + 1 : first;
        if (made < end) {
            norm.rows(start[made], end - made, to, at);
        }
        for (int i = made; i < end; i++) {
            start[i] = at + (i - made) * plan.depth();
        }
    }

    private void packGroup(int first, int group, int rows, int k0, int terms, float[] to, int at, int[] start) {
        float[] from = norm == null ? a.floats() : to;
        int colStep = norm == null ? matrices.colStep(a) : 1;
        int x = k0 * colStep;
        boolean whole = group > 1 && first + group <= rows && !zeros(start, first, group);
        if (whole && colStep == 1) {
            Transposes.group(from, x, start, first, alpha, to, at, terms);
        } else if (whole && consecutive(start, first, group)) {
            Transposes.columns(from, start[first] + x, colStep, alpha, to, at, terms);
        } else {
            for (int r = 0; r < group; r++) {
                for (int k = 0; k < terms; k++) {
                    to[at + group * k + r] = first + r < rows && start[first + r] >= 0
                            ? alpha * from[start[first + r] + x + k * colStep]
                            : 0f;
                }
            }
        }
    }

    private static boolean zeros(int[] start, int first, int n) {
        for (int i = first; i < first + n; i++) {
            if (start[i] < 0) {
                return true;
            }
        }
        return false;
    }

    private static boolean consecutive(int[] start, int first, int n) {
        for (int r = 1; r < n; r++) {
            if (start[first + r] != start[first] + r) {
                return false;
            }
        }
        return true;
    }
}
