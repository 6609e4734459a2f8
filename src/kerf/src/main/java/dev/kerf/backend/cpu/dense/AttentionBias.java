package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.tensor.Shape;
import java.util.Arrays;

/** What is added to an attention's scores, whose powers are of 2: (B, heads, queries, keys), axes of 1 for all. */
final class AttentionBias {
    private static final int SLAB = AttentionPlan.SLAB;

    private final Operand bias;
    private final Matrices matrices;
    private final int queryStep;
    private final int keyStep;

    AttentionBias(Site site, AttentionPlan plan) {
        bias = site.operand(3);
        Shape shape = padded(site.node().input(3).type().shape());
        matrices = Matrices.of(shape, Shape.of(plan.batch(), plan.heads(), plan.queries(), plan.keys()), false);
        queryStep = shape.dim(2) == 1 ? 0 : Math.toIntExact(shape.dim(3));
        keyStep = shape.dim(3) == 1 ? 0 : 1;
    }

    /** The shape of a bias with all four axes. */
    static Shape padded(Shape s) {
        long[] dims = {1, 1, 1, 1};
        System.arraycopy(s.dims(), 0, dims, 4 - s.rank(), s.rank());
        return Shape.of(dims);
    }

    /** Starts a slab's scores with it: n queries from {@code q0} on, m keys from {@code k0} on; zeros in the other lanes and rows. */
    void start(int matrix, int q0, int n, int k0, int m, int rows, float[] to, int at) {
        Arrays.fill(to, at, at + rows * SLAB, 0f);
        float[] from = bias.floats();
        int x = matrices.start(bias, matrix) + q0 * queryStep + k0 * keyStep;
        for (int j = 0; j < m; j++) {
            if (queryStep == 0) {
                Arrays.fill(to, at + j * SLAB, at + j * SLAB + n, RunningSoftmax.power(from[x + j * keyStep]));
                continue;
            }
            for (int i = 0; i < n; i++) {
                to[at + j * SLAB + i] = RunningSoftmax.power(from[x + i * queryStep + j * keyStep]);
            }
        }
    }

    /** Whether no query sees any of these keys, because one bias for all queries masks them: room that isn't used, say. */
    boolean masks(int matrix, int k0, int m) {
        if (queryStep != 0) {
            return false;
        }
        float[] from = bias.floats();
        int x = matrices.start(bias, matrix) + k0 * keyStep;
        for (int j = 0; j < m; j++) {
            if (from[x + j * keyStep] != Float.NEGATIVE_INFINITY) {
                return false;
            }
        }
        return true;
    }
}
