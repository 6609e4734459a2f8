package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.RowPlaces;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Attention of many items with few keys each, windows say, an item's head at a time: all scores are there before a weight is
 * needed, so nothing is rescaled. Scores (keys, queries) are K times Qᵀ, a query to a lane, and softmax needs no sum across lanes;
 * sums (queries, Dv) are the weights times V, whose rows are taken as they are. Where windows are small, what costs time is turning
 * rows to columns: here it is done to Q alone.
 */
final class WindowAttentionKernel implements Kernel {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = Tiles.LANES;
    /** Queries whose scores are computed together: as many as a tile is wide. */
    private static final int SLAB = 2 * L;
    /** Floats of a line of the caches. */
    private static final int LINE = 16;
    private static final int[] STARTS = {0, L};
    private static final int MOST_KEYS = 256;
    private static final int MOST_QUERIES = 256;
    /** Items, heads counted, that are enough for every thread. */
    private static final int MANY = 64;
    private static final double FLOPS_WORTH_A_TASK = 1e6;

    /** Extents. */
    private record Plan(int batch, int heads, int queries, int keys, int depth, int width) {
        static Plan of(MatrixOp.Attention op, Node node) {
            Shape q = op.shape(0, node);
            Shape v = op.shape(2, node);
            return new Plan(q.size(0), q.size(1), q.size(2), v.size(2), q.size(3), v.size(3));
        }

        Panels keyPanels() {
            return Panels.of(Math.max(2, keys)); // a panel of one row would want four vectors
        }

        Panels queryPanels() {
            return Panels.of(Math.max(2, queries));
        }

        /** Queries in whole slabs. */
        int slabs() {
            return Blocking.ceil(queries, SLAB) * SLAB;
        }

        /** Floats from a query's sums to the next one's. */
        int pitch() {
            return width + 2 * L;
        }

        /**
         * Floats of scratch for each thread: Q by columns, keys, a slab's scores, its largest and the shifts and factors that follow, totals,
         * weights, values, sums.
         */
        int floats() {
            int keyRows = keyPanels().padded();
            int queryRows = queryPanels().padded();
            return slabs() * (depth + 1) + keyRows * (depth + SLAB) + 3 * SLAB + queryRows * (keys + pitch()) + SLAB * keys
                    + Transposes.ROOM;
        }
    }

    private final Plan plan;
    private final float scale;
    private final Operand q;
    private final Operand k;
    private final Operand v;
    private final Operand y;
    private final RowPlaces qAt;
    private final RowPlaces kAt;
    private final RowPlaces vAt;
    private final RowPlaces yAt;
    private final int keyBatch;
    private final Operand scratch;
    private final Panels keyPanels;
    private final Panels queryPanels;
    private final Offsets depthOffsets;
    private final Offsets keyOffsets;
    private final int[][] starts;
    private final int unitsPerTask;

    /** A kernel of a node. */
    WindowAttentionKernel(MatrixOp.Attention op, Site site) {
        Node node = site.node();
        plan = Plan.of(op, node);
        scale = op.scale() * VectorMath.LOG2_E;
        q = site.operand(0);
        k = site.operand(1);
        v = site.operand(2);
        y = site.result(0);
        qAt = RowPlaces.of(op, 0, q);
        kAt = RowPlaces.of(op, 1, k);
        vAt = RowPlaces.of(op, 2, v);
        yAt = RowPlaces.of(op, 3, y);
        keyBatch = op.shape(1, node).size(0);
        scratch = site.scratch();
        keyPanels = plan.keyPanels();
        queryPanels = plan.queryPanels();
        depthOffsets = Offsets.pairs(plan.depth);
        keyOffsets = Offsets.pairs(plan.keys);
        starts = new int[site.workers()][Math.max(plan.keys, plan.slabs()) + L];
        double flops = 2.0 * plan.queries * plan.keys * (plan.depth + plan.width);
        unitsPerTask = (int) Math.clamp(FLOPS_WORTH_A_TASK / flops, 1, Math.max(1, plan.batch * plan.heads / MANY));
    }

    /** Whether it is quicker than {@link AttentionKernel}, and can do the node. */
    static boolean suits(MatrixOp.Attention op, Node node) {
        Plan p = Plan.of(op, node);
        return !op.bias() && p.keys > 0 && p.keys <= MOST_KEYS && p.queries > 0 && p.queries <= MOST_QUERIES
                && p.batch * p.heads >= MANY && p.width > 0 && p.width % FewQueriesKernel.WIDE == 0
                && node.output().count() == null && node.input(0).count() == null && node.input(1).count() == null;
    }

    static long scratchFloats(MatrixOp.Attention op, Node node, int workers) {
        return (long) workers * Plan.of(op, node).floats();
    }

    @Override
    public int tasks() {
        return Blocking.ceil(plan.batch * plan.heads, unitsPerTask);
    }

    @Override
    public void run(int task, int worker) {
        int end = Math.min((task + 1) * unitsPerTask, plan.batch * plan.heads);
        for (int unit = task * unitsPerTask; unit < end; unit++) {
            window(unit / plan.heads, unit % plan.heads, worker);
        }
    }

    private void window(int b, int h, int worker) {
        float[] room = scratch.floats();
        int[] start = starts[worker];
        int item = keyBatch == 1 ? 0 : b;
        int queries = scratch.offset() + worker * plan.floats();
        int keys = queries + plan.slabs() * plan.depth;
        int scores = keys + keyPanels.padded() * plan.depth;
        int tops = scores + keyPanels.padded() * SLAB;
        int totals = tops + 3 * SLAB;
        int weights = totals + plan.slabs();
        int values = weights + queryPanels.padded() * plan.keys;
        int sums = values + SLAB * plan.keys;
        int squares = sums + queryPanels.padded() * plan.pitch();
        room[squares] = touched(b, item, h);
        packQueries(qAt.start(q, b, h), start, room, queries, squares);
        kAt.starts(start, kAt.start(k, item, h), 0, plan.keys);
        AttentionPacks.rows(keyPanels, k.floats(), start, plan.keys, plan.depth, 1f, room, keys);
        Arrays.fill(room, totals, weights, 0f);
        for (int i = 0; i < plan.queries; i += SLAB) {
            weigh(room, keys, queries + i * plan.depth, scores, tops, totals + i, weights, i);
        }
        vAt.starts(start, vAt.start(v, item, h), 0, plan.keys);
        for (int d = 0; d < plan.width; d += SLAB) {
            sum(room, weights, start, d, values, sums + d);
        }
        int yi = yAt.start(y, b, h);
        for (int r = 0; r < plan.queries; r++) {
            scaled(room, sums + r * plan.pitch(), AttentionKernel.factor(room[totals + r]), y.floats(), yi + yAt.row(r),
                    plan.width);
        }
    }

    /**
     * Reads a number of each cache line of what a window's head is made of, row by row. They come from memory quicker so, side by
     * side in the same row of a window, than one after the other as they are needed.
     */
    private float touched(int b, int item, int h) {
        int qi = qAt.start(q, b, h);
        int ki = kAt.start(k, item, h);
        int vi = vAt.start(v, item, h);
        float sum = 0;
        for (int i = 0; i < Math.max(plan.queries, plan.keys); i++) {
            if (i < plan.queries) {
                sum += touched(q.floats(), qi + qAt.row(i), plan.depth);
            }
            if (i < plan.keys) {
                sum += touched(k.floats(), ki + kAt.row(i), plan.depth);
                sum += touched(v.floats(), vi + vAt.row(i), plan.width);
            }
        }
        return sum;
    }

    private static float touched(float[] x, int from, int n) {
        float sum = 0;
        for (int i = 0; i < n; i += LINE) {
            sum += x[from + i];
        }
        return sum;
    }

    /** Q by columns, a slab after the other; what a vector lacks is the first row once more, which nobody reads. */
    private void packQueries(int x, int[] start, float[] to, int at, int squares) {
        qAt.starts(start, x, 0, plan.queries);
        int lanes = Blocking.ceil(plan.queries, L) * L;
        Arrays.fill(start, plan.queries, lanes, start[0]);
        for (int i = 0; i < lanes; i += L) {
            Transposes.rows(q.floats(), start, i, L, plan.depth, scale, to, at + i / SLAB * SLAB * plan.depth + i % SLAB, SLAB,
                    to,
                    squares);
        }
    }

    /** A slab of queries meets all keys: the rows of its weights, packed as coefficients, and their totals. */
    private void weigh(float[] room, int keys, int queries, int scores, int tops, int totals, int weights, int first) {
        for (int p = 0; p < keyPanels.count; p++) {
            Tiles.sweep(keyPanels.height[p], room, keys + keyPanels.index(p, plan.depth, 0), keyPanels.step(p, plan.depth),
                    room,
                    queries, STARTS, 0, 2, depthOffsets, plan.depth, room, scores + keyPanels.first[p] * SLAB, SLAB, false);
        }
        int shifts = tops + SLAB;
        Arrays.fill(room, tops, shifts, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < Math.min(SLAB, plan.queries - first); i += L) {
            RunningSoftmax.raise(room, scores + i, plan.keys, tops + i, shifts + i, shifts + SLAB + i);
            VectorMath.weights(room, scores + i, SLAB, plan.keys, shifts + i, totals + i);
        }
        int rows = Math.min(SLAB, queryPanels.padded() - first);
        for (int r = 0; r < rows; r += Tiles.ROW_STEP) {
            Transposes.columns(room, scores + r, SLAB, 1f, room, weights + (first + r) * plan.keys, plan.keys);
        }
    }

    /** Two vectors of all queries' sums. */
    private void sum(float[] room, int weights, int[] start, int d, int values, int sums) {
        // An odd vector is done twice, not one that lies behind the last.
        FewQueriesKernel.strip(v.floats(), d, d + Math.min(L, plan.width - L - d), start, plan.keys, room, values);
        for (int p = 0; p < queryPanels.count; p++) {
            Tiles.sweep(queryPanels.height[p], room, weights + queryPanels.index(p, plan.keys, 0),
                    queryPanels.step(p, plan.keys), room, values, STARTS, 0, 2, keyOffsets, plan.keys, room,
                    sums + queryPanels.first[p] * plan.pitch(), plan.pitch(), false);
        }
    }

    private static void scaled(float[] x, int xi, float factor, float[] to, int at, int n) {
        for (int d = 0; d < n; d += L) {
            FloatVector.fromArray(S, x, xi + d).mul(factor).intoArray(to, at + d);
        }
    }
}
