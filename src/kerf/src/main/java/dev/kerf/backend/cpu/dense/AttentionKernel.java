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
 * Attention, a block of queries at a time over blocks of keys, with the running maximum and sum of each query
 * (Milakov and Gimelshein 2018; Dao et al. 2022, algorithm 1). Everything is held transposed, a query to a lane:
 * scores (keys, queries) are K times Qᵀ, sums (Dv, queries) are Vᵀ times the weights, and softmax needs no sum across
 * lanes. A block's queries lie in slabs of two vectors, as wide as a tile: a slab and its scores stay in the first-level
 * cache while the block of keys, packed once for all slabs, goes over it. Scores are powers of 2: queries and biases are
 * scaled by log₂ e.
 */
final class AttentionKernel implements Kernel {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = Tiles.LANES;
    /** Queries of a slab. */
    private static final int SLAB = 2 * L;
    /** Keys of a block at most: a slab's scores are then 32 KiB in AVX-512. */
    private static final int MOST_KEYS = 256;
    private static final int MAX_QUERIES = 512;
    private static final int[] STARTS = {0, L};
    private static final double FLOPS_WORTH_A_UNIT = 2e6;
    private static final double FLOPS_WORTH_A_TASK = 1e6;

    /**
     * Extents.
     *
     * @param block queries that are computed together, a multiple of {@link #SLAB}
     */
    private record Plan(int batch, int heads, int queries, int keys, int depth, int width, int block) {
        static Plan of(MatrixOp.Attention op, Node node, int workers) {
            Shape q = op.shape(0, node);
            Shape v = op.shape(2, node);
            int b = Math.toIntExact(q.dim(0));
            int h = Math.toIntExact(q.dim(1));
            int n = Math.toIntExact(q.dim(2));
            int d = Math.toIntExact(q.dim(3));
            int most = MAX_QUERIES / SLAB * SLAB;
            Plan p = new Plan(b, h, n, Math.toIntExact(v.dim(2)), d, Math.toIntExact(v.dim(3)), even(n, most));
            while (p.units() < 3L * workers && p.flops() / p.units() > FLOPS_WORTH_A_UNIT && p.block > SLAB) {
                p = new Plan(p.batch, p.heads, n, p.keys, d, p.width, even(n, p.block / 2));
            }
            return p;
        }

        private static int even(int n, int most) {
            return Blocking.ceil(Blocking.ceil(n, Blocking.ceil(n, Math.max(SLAB, most))), SLAB) * SLAB;
        }

        int blocks() {
            return Blocking.ceil(queries, block);
        }

        int units() {
            return Math.max(1, batch * heads * blocks());
        }

        double flops() {
            return 2.0 * batch * heads * queries * keys * (depth + width);
        }

        /** Keys of a block. */
        int chunk() {
            return Blocking.even(Math.max(1, keys), MOST_KEYS);
        }

        int sumRows() {
            return width + Tiles.MAX_ROWS;
        }

        int keyRows() {
            return chunk() + Tiles.MAX_ROWS;
        }

        int floats() {
            return block * (depth + sumRows() + 2) + SLAB * (keyRows() + 2) + keyRows() * (depth + sumRows())
                    + 2 * Transposes.ROOM;
        }
    }

    private final MatrixOp.Attention op;
    private final Plan plan;
    private final Operand q;
    private final Operand k;
    private final Operand v;
    private final Operand bias;
    private final Matrices biases;
    private final int biasQueryStep;
    private final int biasKeyStep;
    private final Operand y;
    private final RowPlaces qAt;
    private final RowPlaces kAt;
    private final RowPlaces vAt;
    private final RowPlaces yAt;
    private final int keyBatch;
    private final Operand scratch;
    private final Panels[] keyPanels;
    private final Panels valuePanels;
    private final Offsets offsets;
    private final int[][] starts;
    private final int unitsPerTask;

    /** A kernel of a node. */
    AttentionKernel(MatrixOp.Attention op, Site site) {
        this.op = op;
        Node node = site.node();
        plan = Plan.of(op, node, site.workers());
        q = site.operand(0);
        k = site.operand(1);
        v = site.operand(2);
        bias = op.bias() ? site.operand(3) : null;
        y = site.result(0);
        qAt = RowPlaces.of(op, 0, q);
        kAt = RowPlaces.of(op, 1, k);
        vAt = RowPlaces.of(op, 2, v);
        yAt = RowPlaces.of(op, 3, y);
        keyBatch = op.shape(1, node).size(0);
        scratch = site.scratch();
        if (op.bias()) {
            Shape shape = node.input(3).type().shape();
            Shape padded = padded(shape);
            biases = Matrices.of(padded, Shape.of(plan.batch, plan.heads, plan.queries, plan.keys), false);
            biasQueryStep = padded.dim(2) == 1 ? 0 : Math.toIntExact(padded.dim(3));
            biasKeyStep = padded.dim(3) == 1 ? 0 : 1;
        } else {
            biases = null;
            biasQueryStep = 0;
            biasKeyStep = 0;
        }
        keyPanels = new Panels[plan.chunk() + 1];
        for (int n = 1; n <= plan.chunk(); n++) {
            keyPanels[n] = Panels.of(Math.max(2, n)); // a panel of one row would want four vectors
        }
        valuePanels = Panels.of(Math.max(2, plan.width));
        offsets = Offsets.pairs(Math.max(plan.chunk(), plan.depth));
        starts = new int[site.workers()][Math.max(plan.chunk(), plan.block) + L];
        unitsPerTask = (int) Math.clamp(FLOPS_WORTH_A_TASK * plan.units() / Math.max(1, plan.flops()), 1, 1 << 20);
    }

    /** The shape of a bias with all four axes. */
    static Shape padded(Shape s) {
        long[] dims = {1, 1, 1, 1};
        System.arraycopy(s.dims(), 0, dims, 4 - s.rank(), s.rank());
        return Shape.of(dims);
    }

    /** Scratch that a node's kernel needs. */
    static long scratchFloats(MatrixOp.Attention op, Node node, int workers) {
        return (long) workers * Plan.of(op, node, workers).floats();
    }

    @Override
    public int tasks() {
        return Blocking.ceil(live() * plan.heads * plan.blocks(), unitsPerTask);
    }

    /** Items of the batch that are to be computed. */
    private int live() {
        Operand count = y.count();
        return count == null || count.type().shape().rank() > 0
                ? plan.batch
                : Math.clamp(count.ints()[count.offset()], 0, plan.batch);
    }

    @Override
    public void run(int task, int worker) {
        int end = Math.min((task + 1) * unitsPerTask, live() * plan.heads * plan.blocks());
        for (int unit = task * unitsPerTask; unit < end; unit++) {
            block(unit / plan.blocks(), unit % plan.blocks() * plan.block, worker);
        }
    }

    private void block(int matrix, int q0, int worker) {
        float[] room = scratch.floats();
        int queries = scratch.offset() + worker * plan.floats();
        int sums = queries + plan.depth * plan.block;
        int tops = sums + plan.sumRows() * plan.block;
        int totals = tops + plan.block;
        int scores = totals + plan.block;
        int packedKeys = scores + SLAB * (plan.keyRows() + 2);
        int packedValues = packedKeys + plan.keyRows() * plan.depth;
        int n = Math.min(plan.block, plan.queries - q0);
        int b = matrix / plan.heads;
        int h = matrix % plan.heads;
        int keys = AttentionPacks.keys(k, plan.keys, keyBatch == 1 ? 0 : b, plan.heads, h);
        int squares = packedValues + plan.keyRows() * plan.sumRows();
        int[] start = starts[worker];
        packQueries(qAt.start(q, b, h), q0, n, room, queries, squares, start);
        Arrays.fill(room, sums, tops, 0f);
        Arrays.fill(room, tops, totals, Float.NEGATIVE_INFINITY);
        Arrays.fill(room, totals, scores, 0f);
        int from = keyBatch == 1 ? 0 : b;
        for (int k0 = 0; k0 < keys; k0 += plan.chunk()) {
            int m = Math.min(plan.chunk(), keys - k0);
            if (masked(matrix, k0, m)) {
                continue;
            }
            Panels cut = keyPanels[m];
            kAt.starts(start, kAt.start(k, from, h), k0, m);
            AttentionPacks.rows(cut, k.floats(), start, m, plan.depth, 1f, room, packedKeys);
            vAt.starts(start, 0, k0, m);
            AttentionPacks.columns(valuePanels, v.floats(), vAt.start(v, from, h), start, plan.width, m, room, packedValues);
            for (int i = 0; i < n; i += SLAB) {
                if (bias != null) {
                    startScores(matrix, q0 + i, Math.min(SLAB, n - i), k0, m, cut.first[cut.count], room, scores);
                }
                slab(cut, m, room, packedKeys, queries + i * plan.depth, scores, tops + i, totals + i, packedValues,
                        sums + i * plan.sumRows());
            }
        }
        finish(room, sums, totals, q0, n, yAt.start(y, b, h), squares);
    }

    /** A slab of queries meets a block of keys. */
    private void slab(Panels cut, int m, float[] room, int packedKeys, int queries, int scores, int tops, int totals,
            int packedValues, int sums) {
        int factors = scores + SLAB * plan.keyRows();
        int shifts = factors + SLAB;
        for (int p = 0; p < cut.count; p++) {
            Tiles.sweep(cut.height[p], room, packedKeys + cut.index(p, plan.depth, 0), cut.step(p, plan.depth), room,
                    queries, STARTS, 0, 2, offsets, plan.depth, room, scores + cut.first[p] * SLAB, SLAB, bias != null);
        }
        for (int i = 0; i < SLAB; i += L) {
            RunningSoftmax.raise(room, scores + i, m, tops + i, shifts + i, factors + i);
        }
        Curves.apply(Curves.Curve.EXP, room, factors, room, factors, SLAB);
        for (int i = 0; i < SLAB; i += L) {
            RunningSoftmax.rescale(room, factors + i, totals + i, sums + i, plan.width);
            VectorMath.weights(room, scores + i, SLAB, m, shifts + i, totals + i);
        }
        for (int p = 0; p < valuePanels.count; p++) {
            Tiles.sweep(valuePanels.height[p], room, packedValues + valuePanels.index(p, m, 0), valuePanels.step(p, m),
                    room, scores, STARTS, 0, 2, offsets, m, room, sums + valuePanels.first[p] * SLAB, SLAB, true);
        }
    }

    private void packQueries(int x, int q0, int n, float[] to, int at, int squares, int[] start) {
        float[] from = q.floats();
        float scale = op.scale() * VectorMath.LOG2_E;
        qAt.starts(start, x, q0, n);
        for (int i = 0; i < Blocking.ceil(n, SLAB) * SLAB; i += L) {
            int lanes = at + i / SLAB * SLAB * plan.depth + i % SLAB;
            Transposes.rows(from, start, i, Math.clamp(n - i, 0, L), plan.depth, scale, to, lanes, SLAB, to,
                    squares);
        }
    }

    private void startScores(int matrix, int q0, int n, int k0, int m, int rows, float[] to, int at) {
        Arrays.fill(to, at, at + rows * SLAB, 0f);
        float[] from = bias.floats();
        int x = biases.start(bias, matrix) + q0 * biasQueryStep + k0 * biasKeyStep;
        for (int j = 0; j < m; j++) {
            if (biasQueryStep == 0) {
                Arrays.fill(to, at + j * SLAB, at + j * SLAB + n,
                        RunningSoftmax.power(from[x + j * biasKeyStep]));
                continue;
            }
            for (int i = 0; i < n; i++) {
                to[at + j * SLAB + i] = RunningSoftmax.power(from[x + i * biasQueryStep + j * biasKeyStep]);
            }
        }
    }

    /** Whether no query sees any of these keys, because one bias for all queries masks them: room that isn't used, say. */
    private boolean masked(int matrix, int k0, int m) {
        if (bias == null || biasQueryStep != 0) {
            return false;
        }
        float[] from = bias.floats();
        int x = biases.start(bias, matrix) + k0 * biasKeyStep;
        for (int j = 0; j < m; j++) {
            if (from[x + j * biasKeyStep] != Float.NEGATIVE_INFINITY) {
                return false;
            }
        }
        return true;
    }

    private void finish(float[] room, int sums, int totals, int q0, int n, int yi, int squares) {
        float[] to = y.floats();
        int whole = plan.width - plan.width % L;
        for (int i = 0; i < n; i += L) {
            int slab = sums + i / SLAB * SLAB * plan.sumRows() + i % SLAB;
            for (int d = 0; d < whole; d += L) {
                Transposes.square(room, slab + d * SLAB, SLAB, room, squares + Transposes.ROOM, L, room, squares);
                for (int r = 0; r < Math.min(L, n - i); r++) {
                    FloatVector.fromArray(S, room, squares + Transposes.ROOM + r * L).mul(factor(room[totals + i + r]))
                            .intoArray(to, yi + yAt.row(q0 + i + r) + d);
                }
            }
            for (int r = 0; whole < plan.width && r < Math.min(L, n - i); r++) {
                int row = yi + yAt.row(q0 + i + r);
                for (int d = whole; d < plan.width; d++) {
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
