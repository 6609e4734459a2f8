package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.RowPlaces;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import dev.kerf.tensor.Shape;
import java.util.Arrays;

/**
 * Attention to a few keys: all are there at once, so that a slab of queries, one to a lane, has its softmax at once and its results
 * done before the next is read. A slab goes through all heads: its rows, which the heads share, are read once.
 */
final class FewKeysKernel implements Kernel {
    private static final int L = Tiles.LANES;
    /** Queries of a slab: two vectors, as wide as a tile. */
    private static final int SLAB = 2 * L;
    private static final int MOST_KEYS = 16;
    /** Fewer queries, as small windows have them, are done by one thread with all of a head's keys: blockwise takes two thirds of the time. */
    private static final int LEAST_QUERIES = 256;
    private static final int SLABS_OF_A_TASK = 16;
    private static final int[] STARTS = {0, L};

    /** Extents. */
    private record Plan(int batch, int heads, int queries, int keys, int depth, int width) {
        static Plan of(MatrixOp.Attention op, Node node) {
            Shape q = op.shape(0, node);
            Shape v = op.shape(2, node);
            return new Plan(q.size(0), q.size(1), q.size(2), v.size(2), q.size(3), v.size(3));
        }

        Panels keyPanels() {
            return Panels.of(Math.max(2, keys));
        }

        Panels valuePanels() {
            return Panels.of(Math.max(2, width));
        }

        int keyRows() {
            Panels cut = keyPanels();
            return cut.first[cut.count];
        }

        int valueRows() {
            Panels cut = valuePanels();
            return cut.first[cut.count];
        }

        /** Floats of a head's packed keys and values. */
        int packed() {
            return keyRows() * depth + valueRows() * keys;
        }

        int slabs() {
            return Blocking.ceil(queries, SLAB);
        }

        int floats() {
            return heads * packed() + SLAB * (depth + keyRows() + valueRows()) + 2 * Transposes.ROOM + MOST_KEYS;
        }
    }

    private final MatrixOp.Attention op;
    private final Plan plan;
    private final Panels keyPanels;
    private final Panels valuePanels;
    private final Operand q;
    private final Operand k;
    private final Operand v;
    private final Operand bias;
    private final Matrices biases;
    private final int biasKeyStep;
    private final Operand y;
    private final Operand scratch;
    private final RowPlaces qAt;
    private final RowPlaces kAt;
    private final RowPlaces vAt;
    private final RowPlaces yAt;
    private final int keyBatch;
    private final Offsets offsets;
    private final int[][] rows;
    private final int parts;
    private final int qStep;
    private final int yStep;

    /** A kernel of a node. */
    FewKeysKernel(MatrixOp.Attention op, Site site) {
        this.op = op;
        Node node = site.node();
        plan = Plan.of(op, node);
        keyPanels = plan.keyPanels();
        valuePanels = plan.valuePanels();
        q = site.operand(0);
        k = site.operand(1);
        v = site.operand(2);
        bias = op.bias() ? site.operand(3) : null;
        y = site.result(0);
        scratch = site.scratch();
        qAt = RowPlaces.of(op, 0, q);
        kAt = RowPlaces.of(op, 1, k);
        vAt = RowPlaces.of(op, 2, v);
        yAt = RowPlaces.of(op, 3, y);
        keyBatch = op.shape(1, node).size(0);
        Shape shape = op.bias() ? AttentionBias.padded(node.input(3).type().shape()) : null;
        biases = op.bias() ? Matrices.of(shape, Shape.of(plan.batch, plan.heads, plan.queries, plan.keys), false) : null;
        biasKeyStep = op.bias() && shape.dim(3) > 1 ? 1 : 0;
        offsets = Offsets.pairs(Math.max(plan.depth, MOST_KEYS));
        rows = new int[site.workers()][Math.max(SLAB, MOST_KEYS)];
        qStep = qAt.step();
        yStep = yAt.step();
        parts = Blocking.ceil(plan.slabs(), SLABS_OF_A_TASK);
    }

    /** Whether it is quicker than {@link AttentionKernel}, and can do the node. */
    static boolean suits(MatrixOp.Attention op, Node node) {
        Plan p = Plan.of(op, node);
        return p.keys <= MOST_KEYS && p.keys > 0 && p.queries >= LEAST_QUERIES && p.width % FewQueriesKernel.WIDE == 0
                && p.width > 0
                && (!op.bias() || AttentionBias.padded(node.input(3).type().shape()).dim(2) == 1)
                && node.output().count() == null && node.input(0).count() == null;
    }

    static long scratchFloats(MatrixOp.Attention op, Node node, int workers) {
        return (long) workers * Plan.of(op, node).floats();
    }

    @Override
    public int tasks() {
        return plan.batch * parts;
    }

    @Override
    public void run(int task, int worker) {
        int b = task / parts;
        float[] room = scratch.floats();
        int packed = scratch.offset() + worker * plan.floats();
        int item = keyBatch == 1 ? 0 : b;
        int[] start = rows[worker];
        for (int h = 0; h < plan.heads; h++) {
            int at = packed + h * plan.packed();
            int m = AttentionPacks.keys(k, plan.keys, item, plan.heads, h);
            kAt.starts(start, kAt.start(k, item, h), 0, m);
            AttentionPacks.rows(keyPanels, k.floats(), start, m, plan.depth, op.scale() * VectorMath.LOG2_E, room, at);
            vAt.starts(start, 0, 0, m);
            AttentionPacks.columns(valuePanels, v.floats(), vAt.start(v, item, h), start, plan.width, m, room,
                    at + plan.keyRows() * plan.depth);
        }
        int end = (int) ((long) (task % parts + 1) * plan.slabs() / parts);
        for (int slab = (int) ((long) (task % parts) * plan.slabs() / parts); slab < end; slab++) {
            for (int h = 0; h < plan.heads; h++) {
                slab(b, h, slab * SLAB, worker, packed);
            }
        }
    }

    private void slab(int b, int h, int q0, int worker, int packed) {
        float[] room = scratch.floats();
        int queries = packed + plan.heads * plan.packed();
        int scores = queries + SLAB * plan.depth;
        int sums = scores + SLAB * plan.keyRows();
        int squares = sums + SLAB * plan.valueRows();
        int biasAt = squares + 2 * Transposes.ROOM;
        int keys = packed + h * plan.packed();
        int values = keys + plan.keyRows() * plan.depth;
        int n = Math.min(SLAB, plan.queries - q0);
        int m = AttentionPacks.keys(k, plan.keys, keyBatch == 1 ? 0 : b, plan.heads, h);
        int[] start = rows[worker];
        qAt.starts(start, qAt.start(q, b, h), q0, n);
        boolean square = qStep >= 0 && n == SLAB && plan.depth == L;
        for (int i = 0; i < SLAB; i += L) {
            if (square) {
                Transposes.square(q.floats(), start[i], qStep, room, queries + i, SLAB, room, squares);
                continue;
            }
            Transposes.rows(q.floats(), start, i, Math.clamp(n - i, 0, L), plan.depth, 1f, room, queries + i, SLAB, room,
                    squares);
        }
        for (int p = 0; p < keyPanels.count; p++) {
            Tiles.sweep(keyPanels.height[p], room, keys + keyPanels.index(p, plan.depth, 0), keyPanels.step(p, plan.depth),
                    room, queries, STARTS, 0, 2, offsets, plan.depth, room, scores + keyPanels.first[p] * SLAB, SLAB, false);
        }
        for (int j = 0; j < m; j++) {
            room[biasAt + j] = bias == null
                    ? 0f
                    : RunningSoftmax.power(bias.floats()[biases.start(bias, b * plan.heads + h) + j * biasKeyStep]);
        }
        for (int i = 0; i < SLAB; i += L) {
            RunningSoftmax.whole(room, scores + i, m, biasAt, squares);
        }
        for (int p = 0; p < valuePanels.count; p++) {
            Tiles.sweep(valuePanels.height[p], room, values + valuePanels.index(p, m, 0),
                    valuePanels.step(p, m), room, scores, STARTS, 0, 2, offsets, m, room,
                    sums + valuePanels.first[p] * SLAB, SLAB, false);
        }
        finish(room, sums, n, q0, yAt.start(y, b, h), squares);
    }

    private void finish(float[] room, int sums, int n, int q0, int yi, int squares) {
        for (int i = 0; i < n; i += L) {
            for (int d = 0; d < plan.width; d += L) {
                if (yStep >= 0 && n - i >= L) {
                    Transposes.square(room, sums + i + d * SLAB, SLAB, y.floats(), yi + yAt.row(q0 + i) + d, yStep, room,
                            squares);
                    continue;
                }
                Transposes.square(room, sums + i + d * SLAB, SLAB, room, squares + Transposes.ROOM, L, room, squares);
                for (int r = 0; r < Math.min(L, n - i); r++) {
                    System.arraycopy(room, squares + Transposes.ROOM + r * L, y.floats(), yi + yAt.row(q0 + i + r) + d, L);
                }
            }
        }
    }
}
