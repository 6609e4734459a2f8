package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.RowPlaces;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.MatrixOp;
import org.jspecify.annotations.Nullable;

/**
 * An attention's keys and values, packed as the coefficients of {@link Tiles} a chunk at a time: by each block of queries for itself,
 * or, as a kernel, all of them for all blocks.
 */
final class AttentionKeys implements Kernel {
    /** How the rows of a chunk of so many keys lie. */
    final Panels[] keyPanels;
    /** How the numbers of a value lie. */
    final Panels valuePanels;

    private final AttentionPlan plan;
    private final Operand k;
    private final Operand v;
    private final RowPlaces kAt;
    private final RowPlaces vAt;
    private final @Nullable AttentionBias bias;
    private final Operand scratch;
    private final int[][] starts;

    AttentionKeys(MatrixOp.Attention op, Site site, AttentionPlan plan, @Nullable AttentionBias bias) {
        this.plan = plan;
        this.bias = bias;
        k = site.operand(1);
        v = site.operand(2);
        kAt = RowPlaces.of(op, 1, k);
        vAt = RowPlaces.of(op, 2, v);
        scratch = site.scratch();
        keyPanels = new Panels[plan.chunk() + 1];
        for (int n = 1; n <= plan.chunk(); n++) {
            keyPanels[n] = Panels.of(Math.max(2, n)); // a panel of one row would want four vectors
        }
        valuePanels = Panels.of(Math.max(2, plan.width()));
        starts = new int[site.workers()][plan.chunk()];
    }

    /** Keys of a head that there are. */
    int valid(int b, int h) {
        return AttentionPacks.keys(k, plan.keys(), item(b), plan.heads(), h);
    }

    private int item(int b) {
        return plan.keyItems() == 1 ? 0 : b;
    }

    /** Where a chunk is that was packed for all. */
    int packed(int b, int h, int chunk) {
        return scratch.offset() + ((item(b) * plan.heads() + h) * plan.chunks() + chunk) * plan.packedFloats();
    }

    /** Packs m keys and their values from {@code k0} on. */
    void pack(int b, int h, int k0, int m, int at, int worker) {
        float[] room = scratch.floats();
        int[] start = starts[worker];
        kAt.starts(start, kAt.start(k, item(b), h), k0, m);
        AttentionPacks.rows(keyPanels[m], k.floats(), start, m, plan.depth(), 1f, room, at);
        vAt.starts(start, 0, k0, m);
        AttentionPacks.columns(valuePanels, v.floats(), vAt.start(v, item(b), h), start, plan.width(), m, room, values(at));
    }

    /** Where the values of a packed chunk begin. */
    int values(int at) {
        return at + plan.keyRows() * plan.depth();
    }

    @Override
    public int tasks() {
        return plan.keyItems() * plan.heads() * plan.chunks();
    }

    @Override
    public void run(int task, int worker) {
        int chunk = task % plan.chunks();
        int h = task / plan.chunks() % plan.heads();
        int b = task / plan.chunks() / plan.heads();
        int k0 = chunk * plan.chunk();
        int m = Math.min(plan.chunk(), valid(b, h) - k0);
        if (m > 0 && !masked(b, h, k0, m)) {
            pack(b, h, k0, m, packed(b, h, chunk), worker);
        }
    }

    /** Whether none of the items that have these keys sees them. */
    private boolean masked(int b, int h, int k0, int m) {
        if (bias == null) {
            return false;
        }
        int end = plan.keyItems() == 1 ? plan.batch() : b + 1;
        for (int item = b; item < end; item++) {
            if (!bias.masks(item * plan.heads() + h, k0, m)) {
                return false;
            }
        }
        return true;
    }
}
