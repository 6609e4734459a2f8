package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.RowPlaces;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * Attention, a block of queries at a time over chunks of keys, with the running maximum and sum of each query
 * (Milakov and Gimelshein 2018; Dao et al. 2022, algorithm 1). Everything is held transposed, a query to a lane:
 * scores (keys, queries) are K times Qᵀ, sums (Dv, queries) are Vᵀ times the weights, and softmax needs no sum across
 * lanes. A block's queries lie in slabs of two vectors, as wide as a tile: a slab and its scores stay in the first-level
 * cache while a chunk of keys, packed once for all slabs, goes over it. Scores are powers of 2: queries and biases are
 * scaled by log₂ e.
 */
final class AttentionKernel implements Kernel {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = Tiles.LANES;
    private static final int SLAB = AttentionPlan.SLAB;
    private static final int[] STARTS = {0, L};
    private static final double FLOPS_WORTH_A_TASK = 1e6;

    private final AttentionPlan plan;
    private final AttentionKeys keys;
    private final @Nullable AttentionBias bias;
    private final float scale;
    private final Operand q;
    private final Operand y;
    private final RowPlaces qAt;
    private final RowPlaces yAt;
    private final Operand scratch;
    private final Offsets offsets;
    private final int[][] starts;
    private final int unitsPerTask;

    private AttentionKernel(MatrixOp.Attention op, Site site, AttentionPlan plan, AttentionKeys keys,
            @Nullable AttentionBias bias) {
        this.plan = plan;
        this.keys = keys;
        this.bias = bias;
        scale = op.scale() * VectorMath.LOG2_E;
        q = site.operand(0);
        y = site.result(0);
        qAt = RowPlaces.of(op, 0, q);
        yAt = RowPlaces.of(op, 3, y);
        scratch = site.scratch();
        offsets = Offsets.pairs(Math.max(plan.chunk(), plan.depth()));
        starts = new int[site.workers()][plan.block() + L];
        unitsPerTask = (int) Math.clamp(FLOPS_WORTH_A_TASK * plan.units() / Math.max(1, plan.flops()), 1, 1 << 20);
    }

    /** The kernels of a node. */
    static List<Kernel> build(MatrixOp.Attention op, Site site) {
        AttentionPlan plan = AttentionPlan.of(op, site.node(), site.workers());
        AttentionBias bias = op.bias() ? new AttentionBias(site, plan) : null;
        AttentionKeys keys = new AttentionKeys(op, site, plan, bias);
        AttentionKernel kernel = new AttentionKernel(op, site, plan, keys, bias);
        return plan.packsFirst() ? List.of(keys, kernel) : List.of(kernel);
    }

    /** Scratch that a node's kernels need. */
    static long scratchFloats(MatrixOp.Attention op, Node node, int workers) {
        AttentionPlan plan = AttentionPlan.of(op, node, workers);
        return plan.sharedFloats() + (long) workers * plan.floats();
    }

    @Override
    public int tasks() {
        return Blocking.ceil(live() * plan.heads() * plan.blocks(), unitsPerTask);
    }

    /** Items of the batch that are to be computed. */
    private int live() {
        Operand count = y.count();
        return count == null || count.type().shape().rank() > 0
                ? plan.batch()
                : Math.clamp(count.ints()[count.offset()], 0, plan.batch());
    }

    @Override
    public void run(int task, int worker) {
        int end = Math.min((task + 1) * unitsPerTask, live() * plan.heads() * plan.blocks());
        for (int unit = task * unitsPerTask; unit < end; unit++) {
            block(unit / plan.blocks(), unit % plan.blocks() * plan.block(), worker);
        }
    }

    private void block(int matrix, int q0, int worker) {
        float[] room = scratch.floats();
        int queries = scratch.offset() + plan.sharedFloats() + worker * plan.floats();
        int sums = queries + plan.depth() * plan.block();
        int tops = sums + plan.sumRows() * plan.block();
        int totals = tops + plan.block();
        int scores = totals + plan.block();
        int squares = scores + SLAB * (plan.keyRows() + 2);
        int own = squares + 2 * Transposes.ROOM;
        int n = Math.min(plan.block(), plan.queries() - q0);
        int b = matrix / plan.heads();
        int h = matrix % plan.heads();
        packQueries(qAt.start(q, b, h), q0, n, room, queries, squares, starts[worker]);
        Arrays.fill(room, sums, tops, 0f);
        Arrays.fill(room, tops, totals, Float.NEGATIVE_INFINITY);
        Arrays.fill(room, totals, scores, 0f);
        int valid = keys.valid(b, h);
        for (int k0 = 0; k0 < valid; k0 += plan.chunk()) {
            int m = Math.min(plan.chunk(), valid - k0);
            if (bias != null && bias.masks(matrix, k0, m)) {
                continue;
            }
            int packed = plan.packsFirst() ? keys.packed(b, h, k0 / plan.chunk()) : own;
            if (!plan.packsFirst()) {
                keys.pack(b, h, k0, m, packed, worker);
            }
            Panels cut = keys.keyPanels[m];
            for (int i = 0; i < n; i += SLAB) {
                if (bias != null) {
                    bias.start(matrix, q0 + i, Math.min(SLAB, n - i), k0, m, cut.padded(), room, scores);
                }
                slab(cut, m, room, packed, queries + i * plan.depth(), scores, tops + i, totals + i, keys.values(packed),
                        sums + i * plan.sumRows());
            }
        }
        finish(room, sums, totals, q0, n, yAt.start(y, b, h), squares);
    }

    /** A slab of queries meets a chunk of keys. */
    private void slab(Panels cut, int m, float[] room, int packedKeys, int queries, int scores, int tops, int totals,
            int packedValues, int sums) {
        int factors = scores + SLAB * plan.keyRows();
        int shifts = factors + SLAB;
        for (int p = 0; p < cut.count; p++) {
            Tiles.sweep(cut.height[p], room, packedKeys + cut.index(p, plan.depth(), 0), cut.step(p, plan.depth()), room,
                    queries, STARTS, 0, 2, offsets, plan.depth(), room, scores + cut.first[p] * SLAB, SLAB, bias != null);
        }
        for (int i = 0; i < SLAB; i += L) {
            RunningSoftmax.raise(room, scores + i, m, tops + i, shifts + i, factors + i);
        }
        Curves.apply(Curves.Curve.EXP, room, factors, room, factors, SLAB);
        for (int i = 0; i < SLAB; i += L) {
            RunningSoftmax.rescale(room, factors + i, totals + i, sums + i, plan.width());
            VectorMath.weights(room, scores + i, SLAB, m, shifts + i, totals + i);
        }
        for (int p = 0; p < keys.valuePanels.count; p++) {
            Tiles.sweep(keys.valuePanels.height[p], room, packedValues + keys.valuePanels.index(p, m, 0),
                    keys.valuePanels.step(p, m),
                    room, scores, STARTS, 0, 2, offsets, m, room, sums + keys.valuePanels.first[p] * SLAB, SLAB, true);
        }
    }

    private void packQueries(int x, int q0, int n, float[] to, int at, int squares, int[] start) {
        float[] from = q.floats();
        qAt.starts(start, x, q0, n);
        for (int i = 0; i < Blocking.ceil(n, SLAB) * SLAB; i += L) {
            int lanes = at + i / SLAB * SLAB * plan.depth() + i % SLAB;
            Transposes.rows(from, start, i, Math.clamp(n - i, 0, L), plan.depth(), scale, to, lanes, SLAB, to,
                    squares);
        }
    }

    private void finish(float[] room, int sums, int totals, int q0, int n, int yi, int squares) {
        float[] to = y.floats();
        int whole = plan.width() - plan.width() % L;
        for (int i = 0; i < n; i += L) {
            int slab = sums + i / SLAB * SLAB * plan.sumRows() + i % SLAB;
            for (int d = 0; d < whole; d += L) {
                Transposes.square(room, slab + d * SLAB, SLAB, room, squares + Transposes.ROOM, L, room, squares);
                for (int r = 0; r < Math.min(L, n - i); r++) {
                    FloatVector.fromArray(S, room, squares + Transposes.ROOM + r * L).mul(factor(room[totals + i + r]))
                            .intoArray(to, yi + yAt.row(q0 + i + r) + d);
                }
            }
            for (int r = 0; whole < plan.width() && r < Math.min(L, n - i); r++) {
                int row = yi + yAt.row(q0 + i + r);
                for (int d = whole; d < plan.width(); d++) {
                    to[row + d] = room[slab + r + d * SLAB] * factor(room[totals + i + r]);
                }
            }
        }
    }

    /** What the sums of weights that add up to {@code total} are scaled by; without any key a query gets zeros. */
    static float factor(float total) {
        return total == 0f ? 0f : 1f / total;
    }
}
