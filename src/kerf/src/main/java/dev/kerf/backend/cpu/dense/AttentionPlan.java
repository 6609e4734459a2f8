package dev.kerf.backend.cpu.dense;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import dev.kerf.tensor.Shape;

/**
 * How {@link AttentionKernel} cuts an attention.
 *
 * @param batch    items of the batch
 * @param heads    of each
 * @param queries  of each head
 * @param keyItems items that have keys of their own: all, or one for all
 * @param keys     of each head
 * @param depth    numbers of a query and of a key
 * @param width    numbers of a value
 * @param block    queries that are computed together, a multiple of {@link #SLAB}
 */
record AttentionPlan(int batch, int heads, int queries, int keyItems, int keys, int depth, int width, int block) {
    /** Queries of a slab. */
    static final int SLAB = 2 * Tiles.LANES;
    /** Keys of a chunk at most: a slab's scores are then 32 KiB in AVX-512. */
    private static final int MOST_KEYS = 256;
    private static final int MAX_QUERIES = 512;
    private static final double FLOPS_WORTH_A_UNIT = 2e6;
    /** Floats of all packed keys and values at most: 64 MiB. */
    private static final long MOST_PACKED = 1 << 24;

    static AttentionPlan of(MatrixOp.Attention op, Node node, int workers) {
        Shape q = op.shape(0, node);
        Shape v = op.shape(2, node);
        int n = q.size(2);
        int block = even(n, MAX_QUERIES / SLAB * SLAB);
        AttentionPlan p = new AttentionPlan(q.size(0), q.size(1), n, v.size(0), v.size(2), q.size(3), v.size(3), block);
        while (p.units() < 3L * workers && p.flops() / p.units() > FLOPS_WORTH_A_UNIT && p.block > SLAB) {
            p = new AttentionPlan(p.batch, p.heads, n, p.keyItems, p.keys, p.depth, p.width, even(n, p.block / 2));
        }
        return p;
    }

    private static int even(int n, int most) {
        return Blocking.ceil(Blocking.ceil(n, Blocking.ceil(n, Math.max(SLAB, most))), SLAB) * SLAB;
    }

    /** Blocks of queries. */
    int blocks() {
        return Blocking.ceil(queries, block);
    }

    int units() {
        return Math.max(1, batch * heads * blocks());
    }

    double flops() {
        return 2.0 * batch * heads * queries * keys * (depth + width);
    }

    /** Keys of a chunk. */
    int chunk() {
        return Blocking.even(Math.max(1, keys), MOST_KEYS);
    }

    /** Chunks of a head's keys. */
    int chunks() {
        return Blocking.ceil(keys, chunk());
    }

    /** Rows of sums with those that fill the last panel. */
    int sumRows() {
        return width + Tiles.MAX_ROWS;
    }

    /** Rows of a chunk with those that fill its last panel. */
    int keyRows() {
        return chunk() + Tiles.MAX_ROWS;
    }

    /** Floats of a packed chunk: keys, then values. */
    int packedFloats() {
        return keyRows() * (depth + sumRows());
    }

    /** Whether all keys are packed before any query meets them: each block of queries would pack them again. */
    boolean packsFirst() {
        return blocks() > 1 && (long) keyItems * heads * chunks() * packedFloats() <= MOST_PACKED;
    }

    /** Floats of scratch that all threads share: packed chunks, if they are packed first. */
    int sharedFloats() {
        return packsFirst() ? keyItems * heads * chunks() * packedFloats() : 0;
    }

    /** Floats of scratch of each thread: queries, sums, their maxima and totals, a slab's scores, a packed chunk, squares. */
    int floats() {
        return block * (depth + sumRows() + 2) + SLAB * (keyRows() + 2) + (packsFirst() ? 0 : packedFloats())
                + 2 * Transposes.ROOM;
    }
}
