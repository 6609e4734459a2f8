package dev.kerf.graph.plan;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where each value of a graph lies in a few shared buffers: planned once, by liveness, greedily by size (Pisarchyk and Lee
 * 2020, "Efficient Memory Management for Deep Neural Net Inference", section 5.2). Views cost no copy: a reshape is its
 * operand, a slice is part of it, and the parts of a concat are computed where the concat wants them.
 *
 * <p>Inputs, weights, constants and states are not in the buffers: each has memory of its own. A value that is only a view of
 * one has buffer −1, and {@link #source} tells of which.
 */
public final class MemoryPlan {
    /** What a back end wants. */
    public interface Rules {
        /** Bytes of one element as stored. */
        long elementBytes(Value v);

        /** Working memory of a node while it runs, in bytes. */
        long scratchBytes(Node n);

        /**
         * Whether the node's kernel can read (an operand) or write (a result) this value with a distance between the items of
         * axis 0 that is larger than an item.
         */
        boolean strided(Node n, Value v);

        /**
         * The node whose kernel computes a node's results: the node itself, or the only one that reads them, which makes them
         * while it runs. They then lie nowhere, and {@link MemoryPlan#place} doesn't know them.
         */
        default Node runner(Node n) {
            return n;
        }

        /** Offsets are multiples of this many bytes. */
        long alignment();

        /** No buffer is larger, in bytes. */
        long maxAllocation();

        /** Values of different pools never share a buffer. */
        default int pool(Value v) {
            return 0;
        }

        /** The pool of scratch memory. */
        default int scratchPool(Node n) {
            return 0;
        }
    }

    /**
     * Where a value lies.
     *
     * @param buffer      index in {@link #buffers}; −1 for memory of its own
     * @param offsetBytes from the start of the buffer, or of the source
     * @param batchStride elements from one item of axis 0 to the next; axes 1 … are dense
     */
    public record Place(int buffer, long offsetBytes, long batchStride) {}

    /**
     * A buffer to allocate.
     *
     * @param bytes its size
     * @param pool  the pool of its values
     */
    public record Buffer(long bytes, int pool) {}

    /** Memory that is allocated as one: a value with all its views, or a node's scratch. */
    private record Block(int id, long bytes, int pool, int first, int last) {}

    private final Graph graph;
    private final Views views;
    private final int[] blockBuffer;
    private final long[] blockOffset;
    private final int scratchBase;
    private final List<Buffer> buffers = new ArrayList<>();
    private final long unshared;

    private MemoryPlan(Graph graph, Collection<Value> kept, Rules rules) {
        this.graph = graph;
        this.views = new Views(graph, kept, rules);
        this.scratchBase = graph.values();
        this.blockBuffer = new int[scratchBase + graph.nodes().size()];
        this.blockOffset = new long[blockBuffer.length];
        List<Block> blocks = blocks(graph, kept, rules);
        this.unshared = blocks.stream().mapToLong(Block::bytes).sum();
        place(blocks, rules);
    }

    /**
     * Plans a graph.
     *
     * @param kept values that must hold their contents after the run: outputs and kept stages
     * @throws BadInputException if a value is larger than the largest single allocation
     */
    public static MemoryPlan of(Graph graph, Collection<Value> kept, Rules rules) {
        return new MemoryPlan(graph, kept, rules);
    }

    /** Where a value lies. */
    public Place place(Value v) {
        int root = views.root(v);
        if (views.isSource(root)) {
            return new Place(-1, views.offsetBytes(v), views.batchStride(v));
        }
        return new Place(blockBuffer[root], blockOffset[root] + views.offsetBytes(v), views.batchStride(v));
    }

    /** The input, weight, constant or state that a value is or is a view of; none if it lies in a buffer. */
    public @Nullable Value source(Value v) {
        return views.source(v);
    }

    /** A node's working memory, if it needs any. */
    public @Nullable Place scratch(Node n) {
        int i = scratchBase + graph.position(n.id());
        return blockBuffer[i] < 0 ? null : new Place(blockBuffer[i], blockOffset[i], 0);
    }

    /** The buffers to allocate. */
    public List<Buffer> buffers() {
        return List.copyOf(buffers);
    }

    /** Whether a node is nothing but a view: no kernel runs. */
    public boolean elided(Node n) {
        return views.elided(n);
    }

    /** Whether operand {@code i} of a concat is computed in place, so that it isn't copied. */
    public boolean inPlace(Node concat, int i) {
        return views.inPlace(concat, i);
    }

    /** Bytes of all buffers. */
    public long totalBytes() {
        return buffers.stream().mapToLong(Buffer::bytes).sum();
    }

    /** Bytes if nothing were shared. */
    public long unsharedBytes() {
        return unshared;
    }

    private List<Block> blocks(Graph graph, Collection<Value> kept, Rules rules) {
        int[] first = new int[scratchBase];
        int[] last = new int[scratchBase];
        java.util.Arrays.fill(first, Integer.MAX_VALUE);
        java.util.Arrays.fill(last, -1);
        for (Node n : graph.nodes()) {
            int at = graph.position(rules.runner(n).id());
            n.outputs().forEach(v -> touch(first, last, v, at));
            n.inputs().forEach(v -> touch(first, last, v, at));
        }
        Set<Integer> whole = new HashSet<>();
        for (Value v : kept) {
            whole.add(views.root(v));
            if (v.count() != null) {
                whole.add(views.root(v.count()));
            }
        }
        List<Block> blocks = new ArrayList<>();
        int end = graph.nodes().size();
        for (Node n : graph.nodes()) {
            for (Value v : n.outputs()) {
                if (views.root(v) == v.id() && !views.isSource(v.id()) && rules.runner(n).id() == n.id()) {
                    long bytes = Math.multiplyExact(v.type().shape().elements(), rules.elementBytes(v));
                    checkSize(v.toString(), n, bytes, rules);
                    blocks.add(new Block(v.id(), align(Math.max(bytes, 1), rules), rules.pool(v), first[v.id()],
                            whole.contains(v.id()) ? end : last[v.id()]));
                }
            }
            long scratch = rules.scratchBytes(n);
            int at = graph.position(n.id());
            blockBuffer[scratchBase + at] = -1;
            if (scratch > 0) {
                checkSize("scratch", n, scratch, rules);
                blocks.add(new Block(scratchBase + at, align(scratch, rules), rules.scratchPool(n), at, at));
            }
        }
        return blocks;
    }

    private void touch(int[] first, int[] last, Value v, int at) {
        int r = views.root(v);
        first[r] = Math.min(first[r], at);
        last[r] = Math.max(last[r], at);
        if (v.count() != null) {
            touch(first, last, v.count(), at);
        }
    }

    private static void checkSize(String what, Node n, long bytes, Rules rules) {
        if (bytes > rules.maxAllocation()) {
            throw new BadInputException(what + " of node " + n.name() + " takes " + bytes
                    + " bytes, the device's largest allocation is " + rules.maxAllocation()
                    + ": use a smaller image, batch or tile");
        }
    }

    private static long align(long bytes, Rules rules) {
        return Math.multiplyExact(Math.ceilDiv(bytes, rules.alignment()), rules.alignment());
    }

    /** Largest first; each at the lowest offset of the first buffer where nothing that lives at the same time lies. */
    private void place(List<Block> blocks, Rules rules) {
        List<Block> bySize = new ArrayList<>(blocks);
        bySize.sort(Comparator.comparingLong(Block::bytes).reversed().thenComparingInt(Block::id));
        List<List<Block>> placed = new ArrayList<>();
        for (Block b : bySize) {
            int buffer = 0;
            long offset = -1;
            for (; buffer < placed.size() && offset < 0; buffer++) {
                if (buffers.get(buffer).pool() == b.pool) {
                    long o = gap(placed.get(buffer), b);
                    offset = o + b.bytes <= Math.max(rules.maxAllocation(), buffers.get(buffer).bytes()) ? o : -1;
                }
            }
            if (offset < 0) {
                placed.add(new ArrayList<>());
                buffers.add(new Buffer(0, b.pool));
                buffer = placed.size();
                offset = 0;
            }
            buffer--;
            placed.get(buffer).add(b);
            buffers.set(buffer, new Buffer(Math.max(buffers.get(buffer).bytes(), offset + b.bytes), b.pool));
            blockBuffer[b.id] = buffer;
            blockOffset[b.id] = offset;
        }
    }

    private long gap(List<Block> others, Block b) {
        List<Block> alive = new ArrayList<>();
        for (Block o : others) {
            if (o.first <= b.last && b.first <= o.last) {
                alive.add(o);
            }
        }
        alive.sort(Comparator.comparingLong(o -> blockOffset[o.id]));
        long at = 0;
        for (Block o : alive) {
            if (at + b.bytes <= blockOffset[o.id]) {
                break;
            }
            at = Math.max(at, blockOffset[o.id] + o.bytes);
        }
        return at;
    }
}
