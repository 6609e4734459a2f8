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
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Attention, a block of queries at a time over blocks of keys, with the running maximum and sum of each query
 * (Milakov and Gimelshein 2018; Dao et al. 2022, algorithm 1). Everything is held transposed, a query to a lane:
 * scores (keys, queries) are K times Qᵀ, sums (Dv, queries) are Vᵀ times the weights, and softmax needs no sum across
 * lanes. A block's queries lie in slabs of two vectors, as wide as a tile: a slab and its scores stay in the first-level
 * cache while the block of keys, packed once for all slabs, goes over it.
 */
final class AttentionKernel implements Kernel {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = Tiles.LANES;
    /** Queries of a slab. */
    private static final int SLAB = 2 * L;
    private static final int KEYS = 192;
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

        int sumRows() {
            return width + Tiles.MAX_ROWS;
        }

        int keyRows() {
            return Math.min(keys, KEYS) + Tiles.MAX_ROWS;
        }

        int floats() {
            return block * (depth + sumRows() + 2) + SLAB * (keyRows() + 1) + keyRows() * (depth + sumRows());
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
    private final int[] offsets;
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
        keyPanels = new Panels[KEYS + 1];
        for (int n = 1; n <= KEYS; n++) {
            keyPanels[n] = Panels.of(Math.max(2, n)); // a panel of one row would want four vectors
        }
        valuePanels = Panels.of(Math.max(2, plan.width));
        offsets = new int[Math.max(KEYS, plan.depth)];
        Arrays.setAll(offsets, i -> i * SLAB);
        unitsPerTask = (int) Math.clamp(FLOPS_WORTH_A_TASK * plan.units() / Math.max(1, plan.flops()), 1, 1 << 20);
    }

    private static Shape padded(Shape s) {
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
        int packedKeys = scores + SLAB * (plan.keyRows() + 1);
        int packedValues = packedKeys + plan.keyRows() * plan.depth;
        int n = Math.min(plan.block, plan.queries - q0);
        int b = matrix / plan.heads;
        int h = matrix % plan.heads;
        int keys = keys(b, h);
        packQueries(q.floats(), qAt.start(q, b, h), q0, n, room, queries);
        Arrays.fill(room, sums, tops, 0f);
        Arrays.fill(room, tops, totals, Float.NEGATIVE_INFINITY);
        Arrays.fill(room, totals, scores, 0f);
        int from = keyBatch == 1 ? 0 : b;
        for (int k0 = 0; k0 < keys; k0 += KEYS) {
            int m = Math.min(KEYS, keys - k0);
            if (masked(matrix, k0, m)) {
                continue;
            }
            Panels cut = keyPanels[m];
            packKeys(cut, m, kAt.start(k, from, h), k0, room, packedKeys);
            packValues(vAt.start(v, from, h), k0, m, room, packedValues);
            for (int i = 0; i < n; i += SLAB) {
                startScores(matrix, q0 + i, Math.min(SLAB, n - i), k0, m, cut.first[cut.count], room, scores);
                slab(cut, m, room, packedKeys, queries + i * plan.depth, scores, tops + i, totals + i, packedValues,
                        sums + i * plan.sumRows());
            }
        }
        finish(room, sums, totals, q0, n, yAt.start(y, b, h));
    }

    /** A slab of queries meets a block of keys. */
    private void slab(Panels cut, int m, float[] room, int packedKeys, int queries, int scores, int tops, int totals,
            int packedValues, int sums) {
        int factors = scores + SLAB * plan.keyRows();
        for (int p = 0; p < cut.count; p++) {
            Tiles.sweep(cut.height[p], room, packedKeys + cut.index(p, plan.depth, 0), room, queries, STARTS, 0, 2,
                    offsets, plan.depth, room, scores + cut.first[p] * SLAB, SLAB);
        }
        for (int i = 0; i < SLAB; i += L) {
            raise(room, scores + i, m, tops + i, factors + i);
        }
        Curves.apply(Curves.Curve.EXP, room, factors, room, factors, SLAB);
        Curves.apply(Curves.Curve.EXP, room, scores, room, scores, m * SLAB);
        for (int i = 0; i < SLAB; i += L) {
            rescale(room, scores + i, m, factors + i, totals + i, sums + i);
        }
        for (int p = 0; p < valuePanels.count; p++) {
            Tiles.sweep(valuePanels.height[p], room, packedValues + valuePanels.index(p, m, 0), room, scores, STARTS, 0,
                    2, offsets, m, room, sums + valuePanels.first[p] * SLAB, SLAB);
        }
    }

    /** Valid keys of one item and head. */
    private int keys(int b, int h) {
        Operand count = k.count();
        if (count == null) {
            return plan.keys;
        }
        int item = keyBatch == 1 ? 0 : b;
        int i = switch (count.type().shape().rank()) {
            case 0 -> 0;
            case 1 -> item;
            default -> item * plan.heads + h;
        };
        return Math.clamp(count.ints()[count.offset() + i], 0, plan.keys);
    }

    private void packQueries(float[] from, int x, int q0, int n, float[] to, int at) {
        int whole = Blocking.ceil(n, SLAB) * SLAB;
        for (int i = 0; i < whole; i++) {
            int lane = at + i / SLAB * SLAB * plan.depth + i % SLAB;
            int row = i < n ? x + qAt.row(q0 + i) : 0;
            for (int d = 0; d < plan.depth; d++) {
                to[lane + d * SLAB] = i < n ? op.scale() * from[row + d] : 0f;
            }
        }
    }

    private void startScores(int matrix, int q0, int n, int k0, int m, int rows, float[] to, int at) {
        Arrays.fill(to, at, at + rows * SLAB, 0f);
        if (bias == null) {
            return;
        }
        float[] from = bias.floats();
        int x = biases.start(bias, matrix) + q0 * biasQueryStep + k0 * biasKeyStep;
        for (int j = 0; j < m; j++) {
            if (biasQueryStep == 0) {
                Arrays.fill(to, at + j * SLAB, at + j * SLAB + n, from[x + j * biasKeyStep]);
                continue;
            }
            for (int i = 0; i < n; i++) {
                to[at + j * SLAB + i] = from[x + i * biasQueryStep + j * biasKeyStep];
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

    private void packKeys(Panels cut, int m, int x, int k0, float[] to, int at) {
        float[] from = k.floats();
        for (int p = 0; p < cut.count; p++) {
            int high = cut.height[p];
            for (int r = 0; r < high; r++) {
                int i = at + cut.index(p, plan.depth, 0) + r;
                boolean real = cut.first[p] + r < m;
                int row = real ? x + kAt.row(k0 + cut.first[p] + r) : 0;
                for (int d = 0; d < plan.depth; d++) {
                    to[i + d * high] = real ? from[row + d] : 0f;
                }
            }
        }
    }

    private void packValues(int x, int k0, int m, float[] to, int at) {
        float[] from = v.floats();
        for (int p = 0; p < valuePanels.count; p++) {
            int high = valuePanels.height[p];
            int first = valuePanels.first[p];
            int real = Math.min(high, plan.width - first);
            int i = at + valuePanels.index(p, m, 0);
            for (int j = 0; j < m; j++) {
                int row = x + vAt.row(k0 + j) + first;
                for (int r = 0; r < real; r++) {
                    to[i + j * high + r] = from[row + r];
                }
                for (int r = real; r < high; r++) {
                    to[i + j * high + r] = 0f;
                }
            }
        }
    }

    /** Finds the new maximum of a vector's queries, and how far the old one and all scores lie below it. */
    private void raise(float[] a, int scores, int m, int tops, int factors) {
        FloatVector before = FloatVector.fromArray(S, a, tops);
        FloatVector top = before;
        for (int j = 0; j < m; j++) {
            top = top.max(FloatVector.fromArray(S, a, scores + j * SLAB));
        }
        top.intoArray(a, tops);
        // Queries without any key yet have the maximum −∞, and −∞ − −∞ would be NaN.
        FloatVector shift = top.blend(0f, top.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY));
        before.sub(shift).intoArray(a, factors);
        for (int j = 0; j < m; j++) {
            int at = scores + j * SLAB;
            FloatVector.fromArray(S, a, at).sub(shift).intoArray(a, at);
        }
    }

    /** Scales what was summed under the old maximum, and adds the new weights to their total. */
    private void rescale(float[] a, int weights, int m, int factors, int totals, int sums) {
        FloatVector factor = FloatVector.fromArray(S, a, factors);
        FloatVector block = FloatVector.zero(S);
        for (int j = 0; j < m; j++) {
            block = block.add(FloatVector.fromArray(S, a, weights + j * SLAB));
        }
        FloatVector.fromArray(S, a, totals).fma(factor, block).intoArray(a, totals);
        for (int d = 0; d < plan.width; d++) {
            FloatVector.fromArray(S, a, sums + d * SLAB).mul(factor).intoArray(a, sums + d * SLAB);
        }
    }

    private void finish(float[] room, int sums, int totals, int q0, int n, int yi) {
        float[] to = y.floats();
        for (int i = 0; i < n; i++) {
            float total = room[totals + i];
            float factor = total == 0f ? 0f : 1f / total;
            int slab = sums + i / SLAB * SLAB * plan.sumRows() + i % SLAB;
            int row = yi + yAt.row(q0 + i);
            for (int d = 0; d < plan.width; d++) {
                to[row + d] = room[slab + d * SLAB] * factor;
            }
        }
    }
}
