package dev.kerf.backend.cpu;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MatrixOp.Attention;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.MatrixOp.Rows;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Binary;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Attention of few queries to many keys that linear layers make: the layers go over the queries and the results instead. A score
 * q · (W x + b) is (Wᵀ q) · x and a number that all keys of a query share, which softmax doesn't see; a weighted sum of W x + b is
 * W times that of x, plus b. All heads then read the same rows, as queries of one head.
 *
 * <p>What all x have in common is no longer taken off by W before sums over the keys are rounded: an error is up to √keys times as large
 * as that of sums of W x + b, relative to |W| |x|, where W sees little of x. After a layer norm, as in SAM, both are alike.
 */
final class Absorption {
    /** Numbers of an operand's rows: (B, L, heads · D), the heads of a row side by side. */
    private record Layer(Value x, WeightExpr weight, WeightExpr bias, Node node) {}

    private final Graph graph;
    private final Set<Integer> kept;
    private final List<Node> nodes = new ArrayList<>();
    private int values;
    private int lastId;
    private final Map<Integer, Integer> parts;
    private Node attention;

    private Absorption(Graph graph, Collection<Value> kept, Map<Integer, Integer> parts) {
        this.parts = parts;
        this.graph = graph;
        this.kept = kept.stream().map(Value::id).collect(Collectors.toSet());
        this.values = graph.values();
        this.lastId = graph.nodes().stream().mapToInt(Node::id).max().orElse(-1);
    }

    /**
     * The graph with layers absorbed.
     *
     * @param kept  values that stay
     * @param parts gets the id of the recorded node that a node which is made is part of
     */
    static Graph of(Graph graph, Collection<Value> kept, Map<Integer, Integer> parts) {
        Absorption t = new Absorption(graph, kept, parts);
        List<Node> gone = new ArrayList<>();
        for (Node n : graph.nodes()) {
            if (!(n.op() instanceof Attention a) || !t.absorb(n, a, gone)) {
                t.nodes.add(n);
            }
        }
        return gone.isEmpty()
                ? graph
                : graph.with(t.nodes.stream().filter(n -> !gone.contains(n)).toList(), t.values);
    }

    private boolean absorb(Node n, Attention a, List<Node> gone) {
        if (a.bias() || a.places().isEmpty() || n.inputs().stream().anyMatch(v -> v.count() != null)
                || !a.places().stream().allMatch(Absorption::sideBySide)) {
            return false;
        }
        Shape q = a.shape(0, n);
        Shape v = a.shape(2, n);
        Layer keys = layer(n.input(1));
        Layer values = layer(n.input(2));
        // For each number of a key's x the layers multiply D + Dv times in a head, queries and results twice L times.
        boolean less = keys != null && values != null && v.dim(0) == q.dim(0) && 3 * q.dim(2) <= q.dim(3) + v.dim(3)
                && v.dim(2) >= 16 * q.dim(2);
        if (!less || Updates.between(graph, keys.node, n) || Updates.between(graph, values.node, n)) {
            return false;
        }
        attention = n;
        long b = q.dim(0);
        long h = q.dim(1);
        long l = q.dim(2);
        long c = keys.x.type().shape().dim(-1);
        long e = values.x.type().shape().dim(-1);
        Value own = add(new MoveOp.Permute(List.of(0, 2, 1, 3)), reshape(n.input(0), b, l, h, q.dim(3)));
        Value turned = add(product(false), own, weight(keys.weight, h, q.dim(3), c)); // (B, heads, L, C)
        Value seen = add(new Attention(a.scale(), false), reshape(turned, b, 1, h * l, c), reshape(keys.x, b, 1, v.dim(2), c),
                reshape(values.x, b, 1, v.dim(2), e));
        Value made = add(product(true), reshape(seen, b, h, l, e), weight(values.weight, h, v.dim(3), e)); // (B, heads, L, D)
        Value rows = reshape(add(new MoveOp.Permute(List.of(0, 2, 1, 3)), made), n.output().type().shape().dims());
        Value bias = values.bias == null ? null : weight(values.bias, values.bias.shape().dims());
        nodes.add(bias == null
                ? new Node(n.id(), n.name(), new MoveOp.Reshape(rows.type().shape()), List.of(rows), n.outputs())
                : new Node(n.id(), n.name(), new Binary(Arithmetic.ADD, Activation.NONE), List.of(rows, bias), n.outputs()));
        gone.add(keys.node);
        gone.add(values.node);
        return true;
    }

    private static MatMul product(boolean transposed) {
        return new MatMul(false, transposed, 1, Activation.NONE, false, false);
    }

    /** Whether rows are those of (B, L, heads · D). */
    private static boolean sideBySide(Rows r) {
        Shape s = r.shape();
        long wide = s.dim(1) * s.dim(3);
        boolean all = r.whole().equals(Shape.of(s.dim(0), s.dim(2), wide));
        for (long i = 0; all && i < s.dim(0) * s.dim(1); i++) {
            all = r.item(i) == i / s.dim(1) * s.dim(2) * wide + i % s.dim(1) * s.dim(3);
        }
        for (long i = 0; all && i < s.dim(2); i++) {
            all = r.row(i) == i * wide;
        }
        return all;
    }

    /** The linear layer that makes a value, if nothing else reads it; null if it isn't one. */
    private Layer layer(Value v) {
        Node n = graph.producer(v);
        if (kept.contains(v.id()) || graph.consumers(v).size() != 1
                || graph.consumers(v).getFirst().inputs().stream().filter(i -> i.id() == v.id()).count() != 1
                || !(n.op() instanceof MatMul m) || !m.equals(new MatMul(false, true, 1, Activation.NONE, m.bias(), false))
                || n.input(0).count() != null || n.input(0).type().shape().rank() != 3
                || n.input(1).type().shape().rank() != 2 || expr(n.input(1)) == null || m.bias() && expr(n.input(2)) == null) {
            return null;
        }
        return new Layer(n.input(0), expr(n.input(1)), m.bias() ? expr(n.input(2)) : null, n);
    }

    private WeightExpr expr(Value v) {
        return graph.producer(v).op() instanceof SourceOp.Weight w ? w.expr() : null;
    }

    private Value reshape(Value v, long... dims) {
        return add(new MoveOp.Reshape(Shape.of(dims)), v);
    }

    /** A weight whose numbers have other extents. */
    private Value weight(WeightExpr expr, long... dims) {
        Shape shape = Shape.of(dims);
        WeightExpr made = expr.shape().equals(shape)
                ? expr
                : new WeightExpr.Computed(new MoveOp.Reshape(shape), List.of(expr), shape);
        return add(new SourceOp.Weight(made, TensorType.f32(dims)));
    }

    private Value add(Op op, Value... in) {
        TensorType type = op instanceof SourceOp.Weight w
                ? w.type()
                : op.infer(List.of(in).stream().map(Value::type).toList()).getFirst();
        int id = ++lastId;
        parts.put(id, attention.id());
        Value y = new Value(values++, type, null, graph.nodes().getFirst().outputs().getFirst().recording());
        nodes.add(new Node(id, attention.name() + "/" + op.kind() + id, op, List.of(in), List.of(y)));
        return y;
    }
}
