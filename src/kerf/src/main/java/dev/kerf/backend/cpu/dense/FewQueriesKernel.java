package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.RowPlaces;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Attention of a few queries to many keys: scores (queries, keys) are Q times Kᵀ, a key to a lane, and sums (queries, Dv) are the
 * weights times V, read where it lies. Keys are cut into pieces, each done for all heads while its rows are in the cache; what
 * pieces found, with the largest score of each query and its total, is put together at the end in the pieces' order.
 */
final class FewQueriesKernel implements Kernel {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = Tiles.LANES;
    /** Keys of a piece; results are rounded by it, so it is always the same. */
    private static final int KEYS = 256;
    /** Floats from a row of scores or transposed keys to the next: rows a power of two apart would fall on each other in the cache. */
    private static final int PITCH = KEYS + 2 * L;
    private static final int[] STARTS = {0, L};
    private static final int MOST_QUERIES = 16;
    /** Numbers that are taken together where that shows: as many as the widest vectors have, whatever the machine's. */
    static final int WIDE = 16;
    /** The same of a single head, which blocks of queries would be too few of for every thread. */
    private static final int MOST_QUERIES_OF_ONE = 96;

    /** Extents. */
    private record Plan(int batch, int heads, int queries, int keys, int depth, int width) {
        static Plan of(MatrixOp.Attention op, Node node) {
            Shape q = op.shape(0, node);
            Shape v = op.shape(2, node);
            return new Plan(q.size(0), q.size(1), q.size(2), v.size(2), q.size(3), v.size(3));
        }

        Panels panels() {
            return Panels.of(Math.max(2, queries));
        }

        int rows() {
            Panels cut = panels();
            return cut.first[cut.count];
        }

        int pieces() {
            return Blocking.ceil(keys, KEYS);
        }

        /** Floats of what a piece found for a query: sums, the largest score, the total. */
        int found() {
            return width + 2;
        }

        int allFound() {
            return Math.multiplyExact(Math.multiplyExact(batch * heads, rows() * found()), pieces());
        }

        /** Floats of scratch for each thread: packed queries, transposed keys, scores, weights, sums of whole tiles. */
        int floats() {
            return rows() * (depth + PITCH + KEYS + width + 2 * L) + depth * PITCH + Transposes.ROOM + L + WIDE + 2 * L * KEYS
                    + pieces();
        }
    }

    private final MatrixOp.Attention op;
    private final Plan plan;
    private final Panels panels;
    private final Operand q;
    private final Operand k;
    private final Operand v;
    private final Operand scratch;
    private final RowPlaces qAt;
    private final RowPlaces kAt;
    private final RowPlaces vAt;
    private final int keyBatch;
    private final int[] keyStarts;
    private final Offsets keyOffsets;
    private final Offsets valueOffsets = Offsets.pairs(KEYS);
    private final int[][] rows;

    private FewQueriesKernel(MatrixOp.Attention op, Site site) {
        this.op = op;
        Node node = site.node();
        plan = Plan.of(op, node);
        panels = plan.panels();
        q = site.operand(0);
        k = site.operand(1);
        v = site.operand(2);
        scratch = site.scratch();
        qAt = RowPlaces.of(op, 0, q);
        kAt = RowPlaces.of(op, 1, k);
        vAt = RowPlaces.of(op, 2, v);
        keyBatch = op.shape(1, node).size(0);
        keyStarts = new int[KEYS / L + 2];
        Arrays.setAll(keyStarts, i -> i * L);
        keyOffsets = Offsets.of(IntStream.range(0, plan.depth).map(i -> i * PITCH).toArray());
        rows = new int[site.workers()][KEYS + L];
    }

    /** Whether it is quicker than {@link AttentionKernel}, and can do the node. */
    static boolean suits(MatrixOp.Attention op, Node node) {
        Plan p = Plan.of(op, node);
        return !op.bias() && p.queries <= (p.batch * p.heads == 1 ? MOST_QUERIES_OF_ONE : MOST_QUERIES) && p.queries > 0
                && p.keys >= KEYS / 2 && p.width % WIDE == 0 && p.width > 0
                && node.output().count() == null && node.input(0).count() == null;
    }

    static long scratchFloats(MatrixOp.Attention op, Node node, int workers) {
        Plan p = Plan.of(op, node);
        return (long) workers * p.floats() + p.allFound();
    }

    static List<Kernel> build(MatrixOp.Attention op, Site site) {
        FewQueriesKernel k = new FewQueriesKernel(op, site);
        Operand y = site.result(0);
        return List.of(k, new Union(k.plan, k.scratch, site.workers() * k.plan.floats(), y, RowPlaces.of(op, 3, y)));
    }

    @Override
    public int tasks() {
        return plan.batch * plan.pieces();
    }

    @Override
    public void run(int task, int worker) {
        int b = task / plan.pieces();
        int piece = task % plan.pieces();
        for (int h = 0; h < plan.heads; h++) {
            int keys = AttentionPacks.keys(k, plan.keys, keyBatch == 1 ? 0 : b, plan.heads, h);
            int m = Math.clamp(keys - piece * KEYS, 0, KEYS);
            head(b, h, piece, m, worker);
        }
    }

    private void head(int b, int h, int piece, int m, int worker) {
        float[] room = scratch.floats();
        int[] start = rows[worker];
        int high = plan.rows();
        int queries = scratch.offset() + worker * plan.floats();
        int keys = queries + high * plan.depth;
        int scores = keys + plan.depth * PITCH;
        int weights = scores + high * PITCH;
        int sums = weights + high * KEYS;
        int squares = sums + high * (plan.width + L);
        int shift = squares + Transposes.ROOM;
        int total = shift + L;
        int values = total + WIDE;
        qAt.starts(start, qAt.start(q, b, h), 0, plan.queries);
        AttentionPacks.rows(panels, q.floats(), start, plan.queries, plan.depth, op.scale() * VectorMath.LOG2_E, room, queries);
        int item = keyBatch == 1 ? 0 : b;
        kAt.starts(start, kAt.start(k, item, h), piece * KEYS, m);
        score(room, start, m, queries, keys, scores, squares);
        int found = found(b, h, piece);
        for (int r = 0; r < plan.queries; r++) {
            weigh(room, scores + r * PITCH, m, shift, total, found + r * plan.found() + plan.width);
        }
        for (int r = 0; r < high; r++) {
            start[r] = scores + r * PITCH;
        }
        AttentionPacks.rows(panels, room, start, high, m, 1f, room, weights);
        vAt.starts(start, 0, piece * KEYS, m);
        int from = vAt.start(v, item, h);
        for (int d = 0; d < plan.width; d += 2 * L) {
            sum(from + d, Math.min(L, plan.width - L - d), start, m, room, values, weights, sums + d);
        }
        for (int r = 0; r < plan.queries; r++) {
            System.arraycopy(room, sums + r * (plan.width + L), room, found + r * plan.found(), plan.width);
        }
    }

    // Each of these is a method of its own, so that the JIT compiler has it soon: all in one were compiled four times.

    private void score(float[] room, int[] start, int m, int queries, int keys, int scores, int squares) {
        for (int j = 0; j < m; j += L) {
            Transposes.rows(k.floats(), start, j, Math.min(L, m - j), plan.depth, 1f, room, keys + j, PITCH, room, squares);
        }
        for (int i = 0; i < Blocking.ceil(m, L); i += 2) {
            for (int p = 0; p < panels.count; p++) {
                Tiles.sweep(panels.height[p], room, queries + panels.index(p, plan.depth, 0), panels.step(p, plan.depth), room,
                        keys, keyStarts, i, i + 2, keyOffsets, plan.depth, room, scores + panels.first[p] * PITCH, PITCH,
                        false);
            }
        }
    }

    /** A query's scores to weights; the largest score and the total to where they are found. */
    private static void weigh(float[] room, int row, int m, int shift, int total, int found) {
        int whole = Blocking.ceil(m, WIDE) * WIDE;
        Arrays.fill(room, row + m, row + whole, Float.NEGATIVE_INFINITY);
        float top = largest(room, row, whole, shift);
        Arrays.fill(room, shift, total, top == Float.NEGATIVE_INFINITY ? 0f : top);
        Arrays.fill(room, total, total + WIDE, 0f);
        for (int i = 0; i < WIDE; i += L) {
            VectorMath.weights(room, row + i, WIDE, whole / WIDE, shift, total + i);
        }
        room[found] = top;
        room[found + 1] = sum(room, total);
    }

    /** Two vectors of all queries' sums; an odd vector is done twice, not one that lies behind the last. */
    private void sum(int first, int second, int[] start, int m, float[] room, int values, int weights, int sums) {
        strip(v.floats(), first, first + second, start, m, room, values);
        for (int p = 0; p < panels.count; p++) {
            Tiles.sweep(panels.height[p], room, weights + panels.index(p, m, 0), panels.step(p, m), room, values, STARTS, 0, 2,
                    valueOffsets, m, room, sums + panels.first[p] * (plan.width + L), plan.width + L, false);
        }
    }

    /** Two vectors of each of some rows, side by side: a power of two apart, they would push each other out of the cache. */
    static void strip(float[] x, int first, int second, int[] start, int m, float[] to, int at) {
        for (int j = 0, o = at; j < m; j++, o += 2 * L) {
            FloatVector.fromArray(S, x, first + start[j]).intoArray(to, o);
            FloatVector.fromArray(S, x, second + start[j]).intoArray(to, o + L);
        }
    }

    /** Where a piece's finds of a head begin: query by query. */
    private int found(int b, int h, int piece) {
        return scratch.offset() + rows.length * plan.floats()
                + ((b * plan.heads + h) * plan.pieces() + piece) * plan.rows() * plan.found();
    }

    /** The largest of whole vectors of numbers; NaN is none. */
    private static float largest(float[] a, int at, int n, int lanes) {
        FloatVector top = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < n; i += L) {
            FloatVector x = FloatVector.fromArray(S, a, at + i);
            top = top.blend(x, x.compare(VectorOperators.GT, top));
        }
        top.intoArray(a, lanes);
        float largest = a[lanes];
        for (int i = 1; i < L; i++) {
            largest = Math.max(largest, a[lanes + i]);
        }
        return largest;
    }

    private static float sum(float[] a, int at) {
        float sum = 0;
        for (int i = 0; i < WIDE; i++) {
            sum += a[at + i];
        }
        return sum;
    }

    /** What all pieces found to the results, each piece's weighed by how far its largest score lies below the largest of all. */
    private record Union(Plan plan, Operand scratch, int at, Operand y, RowPlaces yAt) implements Kernel {
        @Override
        public int tasks() {
            return plan.batch * plan.heads;
        }

        @Override
        public void run(int item, int worker) {
            float[] room = scratch.floats();
            int from = scratch.offset() + at + item * plan.pieces() * plan.rows() * plan.found();
            int factors = scratch.offset() + worker * plan.floats();
            int to = yAt.start(y, item / plan.heads, item % plan.heads);
            for (int r = 0; r < plan.queries; r++) {
                query(room, from + r * plan.found(), factors, y.floats(), to + yAt.row(r));
            }
        }

        private void query(float[] room, int from, int factors, float[] to, int yi) {
            int step = plan.rows() * plan.found();
            float top = Float.NEGATIVE_INFINITY;
            for (int p = 0; p < plan.pieces(); p++) {
                top = Math.max(top, room[from + p * step + plan.width]);
            }
            for (int p = 0; p < plan.pieces(); p++) {
                // A query without any score above −∞: −∞ − −∞ would be NaN.
                float below = room[from + p * step + plan.width] - (top == Float.NEGATIVE_INFINITY ? 0f : top);
                room[factors + p] = below * RunningSoftmax.LN_2;
            }
            Curves.apply(Curves.Curve.EXP, room, factors, room, factors, plan.pieces());
            float total = 0;
            Arrays.fill(to, yi, yi + plan.width, 0f);
            for (int p = 0; p < plan.pieces(); p++) {
                int found = from + p * step;
                total = Math.fma(room[found + plan.width + 1], room[factors + p], total);
                for (int d = 0; d < plan.width; d++) {
                    to[yi + d] = Math.fma(room[found + d], room[factors + p], to[yi + d]);
                }
            }
            for (int d = 0; d < plan.width; d++) {
                to[yi + d] *= AttentionKernel.factor(total);
            }
        }
    }
}
