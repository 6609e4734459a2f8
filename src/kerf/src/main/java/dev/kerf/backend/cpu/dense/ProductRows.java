package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.MatrixOp;
import dev.kerf.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** The rows of a product's left operand in the order in which they are multiplied, packed to panels. */
final class ProductRows {
    private final float alpha;
    private final MatMulPlan plan;
    private final Operand a;
    private final Matrices matrices;
    /** Rows of one of them. */
    private final int single;
    private final @Nullable PooledProduct pool;
    private final @Nullable PaddedRows padding;
    /** For each worker where the rows of its block begin; −1 for those of zeros. */
    private final int[][] starts;

    /**
     * Rows of a node's operand.
     *
     * @param pool    the windows that they are multiplied by, or null
     * @param padding which of them are zeros, or null
     */
    ProductRows(MatrixOp.MatMul op, Site site, MatMulPlan plan, @Nullable PooledProduct pool, @Nullable PaddedRows padding) {
        Shape shape = site.node().input(0).type().shape();
        this.alpha = op.alpha();
        this.plan = plan;
        this.pool = pool;
        this.padding = padding;
        a = site.operand(0);
        matrices = Matrices.of(shape, padding == null ? site.node().output().type().shape() : shape, op.transposeA());
        single = padding == null ? plan.single() : shape.size(-2);
        starts = new int[site.workers()][plan.blockRows()];
    }

    /** Sets a worker's block: rows from {@code m0} on. */
    void start(int matrix, int m0, int m, int worker) {
        int[] start = starts[worker];
        int step = matrices.rowStep(a);
        for (int i = 0; i < m; i++) {
            int row = padding != null ? padding.source(m0 + i) : pool == null ? m0 + i : pool.pixel(m0 + i);
            int product = plan.matrices() == 1 ? row / single : matrix;
            start[i] = row < 0 ? -1 : matrices.start(a, product) + (plan.matrices() == 1 ? row % single : row) * step;
        }
    }

    /** Packs some terms of the m rows of a worker's block. */
    void pack(Panels cut, int m, int k0, int terms, float[] to, int at, int worker) {
        for (int p = 0; p < cut.count; p++) {
            int group = Tiles.group(cut.height[p]);
            for (int r = 0; r < cut.height[p]; r += group) {
                packGroup(cut.first[p] + r, group, m, k0, terms, to,
                        at + cut.index(p, terms, 0) + r / group * cut.step(p, terms), starts[worker]);
            }
        }
    }

    private void packGroup(int first, int group, int rows, int k0, int terms, float[] to, int at, int[] start) {
        float[] from = a.floats();
        int colStep = matrices.colStep(a);
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
