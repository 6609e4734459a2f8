package dev.kerf.graph.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.error.GraphException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {
    private record Rules(long maxAllocation, boolean strides, long scratch) implements MemoryPlan.Rules {
        @Override
        public long elementBytes(Value v) {
            return v.type().dtype().bytes();
        }

        @Override
        public long scratchBytes(Node n) {
            return n.op() instanceof PointwiseOp.Unary ? scratch : 0;
        }

        @Override
        public boolean strided(Node n, Value v) {
            return strides;
        }

        @Override
        public long alignment() {
            return 64;
        }
    }

    private static final Rules PLAIN = new Rules(1 << 20, false, 0);

    @Test
    void aChainOfEqualValuesNeedsTwoOfThem() {
        GraphBuilder g = new GraphBuilder();
        Value v = g.input("x", TensorType.f32(64));
        for (int i = 0; i < 10; i++) {
            v = g.relu(v);
        }
        g.output("y", v);
        Graph graph = g.build();
        MemoryPlan plan = MemoryPlan.of(graph, graph.outputs().values(), PLAIN);
        assertEquals(2 * 256, plan.totalBytes());
        assertEquals(10 * 256, plan.unsharedBytes());
    }

    @Test
    void reshapeSliceAndConcatAreViewsForASingleImage() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.relu(g.input("x", TensorType.f32(1, 2, 4, 4)));
        Value y = g.multiply(x, x);
        Value both = g.concat(1, x, y);
        Value tail = g.slice(both, 1, 3, 4);
        Value flat = g.reshape(tail, 16);
        g.output("y", g.relu(flat));
        Graph graph = g.build();
        MemoryPlan plan = MemoryPlan.of(graph, graph.outputs().values(), PLAIN);
        assertEquals(plan.place(both).buffer(), plan.place(x).buffer());
        assertEquals(plan.place(both).offsetBytes() + 128, plan.place(y).offsetBytes());
        assertEquals(plan.place(both).offsetBytes() + 192, plan.place(flat).offsetBytes());
        for (Value v : List.of(both, tail, flat)) {
            assertTrue(plan.elided(graph.producer(v)));
        }
    }

    @Test
    void aBatchIsConcatenatedInPlaceWhereKernelsTakeStrides() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.relu(g.input("x", TensorType.f32(3, 2, 4, 4)));
        Value y = g.relu(x);
        Value both = g.concat(1, x, y);
        g.output("y", g.relu(both));
        Graph graph = g.build();
        Node concat = graph.producer(both);
        MemoryPlan copied = MemoryPlan.of(graph, graph.outputs().values(), PLAIN);
        assertFalse(copied.elided(concat));
        assertFalse(copied.inPlace(concat, 0));
        MemoryPlan plan = MemoryPlan.of(graph, graph.outputs().values(), new Rules(1 << 20, true, 0));
        assertTrue(plan.elided(concat));
        assertEquals(64, plan.place(y).batchStride());
        assertEquals(plan.place(both).offsetBytes() + 128, plan.place(y).offsetBytes());
    }

    @Test
    void aConcatOfAnInputOrOfOneValueTwiceCopies() {
        GraphBuilder g = new GraphBuilder();
        Value in = g.input("x", TensorType.f32(1, 2, 4, 4));
        Value x = g.relu(in);
        Value c = g.concat(1, in, x, x);
        g.output("y", c);
        Graph graph = g.build();
        MemoryPlan plan = MemoryPlan.of(graph, graph.outputs().values(), PLAIN);
        assertFalse(plan.elided(graph.producer(c)));
        assertEquals(in, plan.source(in));
        assertEquals(-1, plan.place(in).buffer());
    }

    @Test
    void anUpdatedStateIsTheStateAndItsViewsAreCopied() {
        GraphBuilder g = new GraphBuilder();
        Value s = g.state("s", TensorType.f32(4, 8));
        Value before = g.reshape(s, 32);
        Value after = g.apply(new StateOp.WriteSlot(), s, g.input("v", TensorType.f32(8)),
                g.input("i", TensorType.of(DType.I32)));
        g.output("before", g.relu(before));
        g.output("after", after);
        Graph graph = g.build();
        MemoryPlan plan = MemoryPlan.of(graph, graph.outputs().values(), PLAIN);
        assertEquals(s, plan.source(after));
        assertFalse(plan.elided(graph.producer(before)));
        assertThrows(GraphException.class, () -> g.relu(s), "reads the state as it was before the update");
    }

    @Test
    void nothingOutgrowsTheLargestAllocation() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.relu(g.input("x", TensorType.f32(100)));
        g.output("y", g.multiply(x, g.relu(x)));
        Graph graph = g.build();
        Collection<Value> kept = graph.outputs().values();
        assertThrows(BadInputException.class, () -> MemoryPlan.of(graph, kept, new Rules(399, false, 0)));
        MemoryPlan plan = MemoryPlan.of(graph, kept, new Rules(448, false, 0));
        assertEquals(3, plan.buffers().size());
    }

    @Test
    void whatLivesAtTheSameTimeNeverOverlaps() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            Graph graph = randomGraph(random);
            MemoryPlan plan = MemoryPlan.of(graph, graph.outputs().values(), new Rules(1 << 14, seed % 2 == 0, 100));
            checkByRunning(graph, plan, seed);
        }
    }

    private static Graph randomGraph(Random random) {
        GraphBuilder g = new GraphBuilder();
        int batch = 1 + random.nextInt(2);
        List<Value> pool = new ArrayList<>();
        pool.add(g.input("x", TensorType.f32(batch, 4, 3, 3)));
        pool.add(g.relu(pool.getFirst()));
        for (int i = 0; i < 25; i++) {
            Value a = pool.get(random.nextInt(pool.size()));
            Value b = pool.get(random.nextInt(pool.size()));
            int channels = a.type().shape().size(1);
            pool.add(switch (random.nextInt(5)) {
                case 0 -> g.relu(a);
                case 1 -> channels > 12 ? g.relu(a) : g.concat(1, a, b);
                case 2 -> g.slice(a, 1, random.nextInt(channels), channels);
                case 3 -> g.slice(a, random.nextInt(2), 0, 1);
                default -> g.reshape(g.reshape(a, a.type().shape().elements()), a.type().shape().dims());
            });
            if (pool.getLast().type().shape().dim(0) != batch) {
                pool.removeLast();
            }
        }
        for (int i = 0; i < 3; i++) {
            g.output("y" + i, pool.get(1 + random.nextInt(pool.size() - 1)));
        }
        return Fusion.prune(g.build(), java.util.Set.of());
    }

    /** Writes every value's own mark to where the plan says it lies, and looks for it when it is read. */
    private static void checkByRunning(Graph graph, MemoryPlan plan, int seed) {
        List<int[]> memory = new ArrayList<>();
        plan.buffers().forEach(b -> memory.add(new int[(int) (b.bytes() / 4)]));
        int[][] marks = new int[graph.values()][];
        for (Node n : graph.nodes()) {
            if (n.op() instanceof SourceOp) {
                continue;
            }
            for (Value v : n.inputs()) {
                check(v, plan, memory, marks, "seed " + seed + " at " + n);
            }
            Value y = n.output();
            marks[y.id()] = expected(n, marks);
            if (!plan.elided(n)) {
                scratch(n, plan, memory);
                for (int i = 0; i < marks[y.id()].length; i++) {
                    memory.get(plan.place(y).buffer())[position(y, plan, i)] = marks[y.id()][i];
                }
            }
        }
        for (Value v : graph.outputs().values()) {
            assertTrue(dense(v, plan), "an output is dense");
            check(v, plan, memory, marks, "seed " + seed + " output");
        }
    }

    private static boolean dense(Value v, MemoryPlan plan) {
        return v.type().shape().dim(0) == 1 || plan.place(v).batchStride() == v.type().shape().product(1, 4);
    }

    private static void scratch(Node n, MemoryPlan plan, List<int[]> memory) {
        if (n.op() instanceof PointwiseOp.Unary) {
            MemoryPlan.Place p = plan.scratch(n);
            assertNotNull(p);
            java.util.Arrays.fill(memory.get(p.buffer()), (int) p.offsetBytes() / 4, (int) p.offsetBytes() / 4 + 25, -7);
        }
    }

    private static int position(Value v, MemoryPlan plan, int i) {
        int item = (int) (v.type().shape().elements() / Math.max(1, v.type().shape().dim(0)));
        if (v.type().shape().rank() == 1) {
            return (int) (plan.place(v).offsetBytes() / 4) + i;
        }
        return (int) (plan.place(v).offsetBytes() / 4 + i / item * plan.place(v).batchStride() + i % item);
    }

    private static void check(Value v, MemoryPlan plan, List<int[]> memory, int[][] marks, String what) {
        if (plan.source(v) != null) {
            return;
        }
        for (int i = 0; i < marks[v.id()].length; i++) {
            assertEquals(marks[v.id()][i], memory.get(plan.place(v).buffer())[position(v, plan, i)], what + " " + v);
        }
    }

    /** Marks of views follow their operand's; all others are fresh. */
    private static int[] expected(Node n, int[][] marks) {
        Shape s = n.output().type().shape();
        int[] y = new int[(int) s.elements()];
        for (int i = 0; i < y.length; i++) {
            y[i] = n.output().id() * 10_000 + i;
        }
        int[] x = n.inputs().isEmpty() ? null : marks[n.input(0).id()];
        switch (n.op()) {
            case MoveOp.Reshape r when x != null -> System.arraycopy(x, 0, y, 0, y.length);
            case MoveOp.Slice c when x != null -> slice(c, n.input(0).type().shape(), x, s, y, false);
            case MoveOp.Concat c -> {
                long at = 0;
                for (Value v : n.inputs()) {
                    long end = at + v.type().shape().dim(1);
                    if (marks[v.id()] != null) {
                        slice(new MoveOp.Slice(1, at, end, 1), s, y, v.type().shape(), marks[v.id()], true);
                    }
                    at = end;
                }
            }
            default -> {}
        }
        return y;
    }

    private static void slice(MoveOp.Slice c, Shape xs, int[] x, Shape ys, int[] y, boolean back) {
        long[] d = ys.strides();
        long[] e = xs.strides();
        for (int i = 0; i < y.length; i++) {
            long at = 0;
            for (int a = 0; a < ys.rank(); a++) {
                at += (i / d[a] % ys.dim(a) + (a == c.axis() ? c.start() : 0)) * e[a];
            }
            if (back) {
                x[(int) at] = y[i];
            } else {
                y[i] = x[(int) at];
            }
        }
    }
}
