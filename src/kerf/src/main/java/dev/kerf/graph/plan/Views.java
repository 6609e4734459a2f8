package dev.kerf.graph.plan;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.StateOp;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which values are parts of which others, so that moving them costs nothing. */
final class Views {
    /**
     * A value as part of another.
     *
     * @param parent  the value that it lies in
     * @param offset  elements of the parent, when the parent is dense
     * @param items   items of axis 0 of the parent to skip, when the parent has a batch stride
     * @param strided whether items lie as far apart as the parent's
     */
    private record Part(Value parent, long offset, long items, boolean strided) {}

    private final Graph graph;
    private final MemoryPlan.Rules rules;
    private final Set<Integer> kept = new HashSet<>();
    private final Set<Integer> updatedStates = new HashSet<>();
    private final Part[] parts;
    private final Value[] sources;
    private final Set<Integer> elided = new HashSet<>();
    private final Map<Integer, Set<Integer>> placedOperands = new HashMap<>();

    Views(Graph graph, Collection<Value> keptValues, MemoryPlan.Rules rules) {
        this.graph = graph;
        this.rules = rules;
        this.parts = new Part[graph.values()];
        keptValues.forEach(v -> kept.add(v.id()));
        this.sources = new Value[graph.values()];
        for (Node n : graph.nodes()) {
            if (n.op() instanceof SourceOp) {
                sources[n.output().id()] = n.output();
            } else if (n.op() instanceof StateOp) {
                parts[n.output().id()] = new Part(n.input(0), 0, 0, false);
                updatedStates.add(root(n.output()));
            }
        }
        for (Node n : graph.nodes()) {
            switch (n.op()) {
                case MoveOp.Reshape r -> reshape(n);
                case MoveOp.Slice s when s.step() == 1 -> slice(n, s);
                default -> {}
            }
        }
        // Last, so that a concat sees which of its operands are views already.
        for (Node n : graph.nodes()) {
            if (n.op() instanceof MoveOp.Concat c) {
                concat(n, c);
            }
        }
    }

    int root(Value v) {
        Value at = v;
        while (parts[at.id()] != null) {
            at = parts[at.id()].parent;
        }
        return at.id();
    }

    boolean isSource(int value) {
        return sources[value] != null;
    }

    @Nullable
    Value source(Value v) {
        return sources[root(v)];
    }

    long batchStride(Value v) {
        Part p = parts[v.id()];
        return p != null && p.strided ? batchStride(p.parent) : item(v);
    }

    long offsetBytes(Value v) {
        Part p = parts[v.id()];
        if (p == null) {
            return 0;
        }
        long elements = p.offset + (p.items == 0 ? 0 : p.items * batchStride(p.parent));
        return offsetBytes(p.parent) + elements * rules.elementBytes(v);
    }

    boolean elided(Node n) {
        return elided.contains(n.id());
    }

    boolean inPlace(Node concat, int operand) {
        return placedOperands.getOrDefault(concat.id(), Set.of()).contains(operand);
    }

    private void reshape(Node n) {
        if (viewable(n) && dense(n.input(0))) {
            parts[n.output().id()] = new Part(n.input(0), 0, 0, false);
            elided.add(n.id());
        }
    }

    private void slice(Node n, MoveOp.Slice s) {
        Value x = n.input(0);
        Value y = n.output();
        if (!viewable(n)) {
            return;
        }
        long[] strides = x.type().shape().strides();
        boolean leading = x.type().shape().product(0, s.axis()) == 1;
        if (leading && s.axis() > 0 || leading && dense(x)) {
            parts[y.id()] = new Part(x, s.start() * strides[s.axis()], 0, false);
        } else if (s.axis() == 0 && readersTakeStrides(y, null)) {
            parts[y.id()] = new Part(x, 0, s.start(), true);
        } else if (s.axis() == 1 && readersTakeStrides(y, null)) {
            parts[y.id()] = new Part(x, s.start() * strides[1], 0, true);
        } else {
            return;
        }
        elided.add(n.id());
    }

    private void concat(Node n, MoveOp.Concat c) {
        Value y = n.output();
        boolean leading = y.type().shape().product(0, c.axis()) == 1;
        long at = 0;
        int placed = 0;
        for (int i = 0; i < n.inputs().size(); i++) {
            Value x = n.input(i);
            boolean once = n.inputs().stream().filter(v -> v.id() == x.id()).count() == 1;
            boolean own = parts[x.id()] == null && !isSource(x.id()) && x.count() == null && y.count() == null;
            boolean same = rules.elementBytes(x) == rules.elementBytes(y) && rules.pool(x) == rules.pool(y);
            long offset = at * y.type().shape().strides()[c.axis()];
            if (once && own && same && leading) {
                parts[x.id()] = new Part(y, offset, 0, false);
            } else if (once && own && same && c.axis() == 1 && takesStrides(x, n)) {
                parts[x.id()] = new Part(y, offset, 0, true);
            }
            if (parts[x.id()] != null && parts[x.id()].parent.id() == y.id()) {
                placedOperands.computeIfAbsent(n.id(), k -> new HashSet<>()).add(i);
                placed++;
            }
            at += x.type().shape().dim(c.axis());
        }
        if (placed == n.inputs().size()) {
            elided.add(n.id());
        }
    }

    /** A view of a state that the graph updates would change under its readers, so that one is copied. */
    private boolean viewable(Node n) {
        Value x = n.input(0);
        return !updatedStates.contains(root(x)) && rules.elementBytes(x) == rules.elementBytes(n.output())
                && rules.pool(x) == rules.pool(n.output());
    }

    private boolean dense(Value v) {
        return v.type().shape().rank() == 0 || v.type().shape().dim(0) <= 1 || batchStride(v) == item(v);
    }

    /** Callers read kept values densely, and what is a view of the value already was laid out for a dense one. */
    private boolean takesStrides(Value v, Node concat) {
        return !kept.contains(v.id())
                && rules.strided(graph.producer(v), v)
                && readersTakeStrides(v, concat);
    }

    private boolean readersTakeStrides(Value v, Node but) {
        return !kept.contains(v.id())
                && graph.consumers(v).stream().allMatch(n -> n == but || !elided(n) && rules.strided(n, v));
    }

    private static long item(Value v) {
        return v.type().shape().rank() == 0 ? 1 : v.type().shape().product(1, v.type().shape().rank());
    }
}
