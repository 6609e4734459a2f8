package dev.kerf.graph.plan;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MatrixOp.Attention;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.MatrixOp.Rows;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Binary;
import dev.kerf.graph.PointwiseOp.Unary;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.SpatialOp.Conv2d;
import dev.kerf.graph.SpatialOp.ConvTranspose2d;
import dev.kerf.graph.SpatialOp.MaxPool2d;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.SourceOp.WeightExpr.BatchStats;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Merges ops where one kernel does the work of several, and drops nodes that nothing needs:
 *
 * <ul>
 *   <li>ops on weights and constants alone are computed when weights are loaded;
 *   <li>a batch norm after a convolution becomes part of its weight and bias;
 *   <li>a convolution of the pixels that a stride takes reads them from all by its own stride and dilation;
 *   <li>an addition after a convolution or a matrix product becomes its residual operand, in whatever order its two
 *       operands were recorded; if both could take it, the first does;
 *   <li>an activation after a convolution, a matrix product or an arithmetic op becomes part of it;
 *   <li>permutations, slices and reshapes around an attention become the places of its rows;
 *   <li>rows of several tensors picked by the same indices are picked at once.
 * </ul>
 *
 * Values keep their ids, and a node has the id of the recorded one that made its results. A value that the caller keeps is
 * never merged away.
 */
public final class Fusion {
    /** Most tensors whose rows are picked at once. */
    private static final int GATHERED = 3;

    private final Graph graph;
    private final Set<Integer> kept = new HashSet<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Set<Integer> absorbed = new HashSet<>();
    /** Values that an attention makes in place of the moves after it: what lies before them is nobody's. */
    private final Set<Integer> moved = new HashSet<>();
    /** Nodes that have to wait for their residual operand, by the addition in whose place they stand. */
    private final Map<Integer, Node> waiting = new HashMap<>();
    private int values;
    /** The largest id of a node. */
    private int lastId;

    private Fusion(Graph graph, Set<String> keepStages) {
        this.graph = graph;
        this.values = graph.values();
        this.lastId = graph.nodes().stream().mapToInt(Node::id).max().orElse(-1);
        graph.kept(keepStages).values().forEach(v -> kept.add(v.id()));
    }

    /**
     * The graph with ops merged.
     *
     * @param graph      as recorded
     * @param keepStages stages that the caller will read
     */
    public static Graph fuse(Graph graph, Set<String> keepStages) {
        // Without what nobody needs: a value has no other readers than those that count.
        Graph folded = prune(Folding.fold(graph), keepStages);
        Fusion f = new Fusion(folded, keepStages);
        for (Node n : folded.nodes()) {
            if (f.waiting.containsKey(n.id())) {
                f.nodes.add(f.waiting.get(n.id()));
            } else if (!f.absorbed.contains(n.id())) {
                f.emit(n);
            }
        }
        return f.finish();
    }

    /** The graph without nodes that neither outputs, nor the stages asked for, nor state updates need. */
    public static Graph prune(Graph graph, Set<String> keepStages) {
        Fusion f = new Fusion(graph, keepStages);
        f.nodes.addAll(graph.nodes());
        return f.finish();
    }

    private void emit(Node n) {
        switch (n.op()) {
            case Conv2d c -> emitConv(n, c);
            case ConvTranspose2d c -> emitConvTranspose(n, c);
            case MatMul m when m.activation() == Activation.NONE -> {
                Tail t = tail(n, n.output());
                place(n, t, new MatMul(m.transposeA(), m.transposeB(), m.alpha(), t.activation, m.bias(),
                        m.residual() || t.residual != null), operands(n.inputs(), t));
            }
            case Binary b when b.activation() == Activation.NONE && n.output().type().dtype() == DType.F32 -> {
                Tail t = tail(n, n.output());
                place(n, t, new Binary(b.arithmetic(), t.activation), n.inputs());
            }
            case Attention a when a.places().isEmpty() -> emitAttention(n, a);
            case MoveOp.Gather a when a.tensors() == 1 -> emitGather(n);
            default -> nodes.add(n);
        }
    }

    /** Whatever is there already and picked by the same indices further on is picked here, too. */
    private void emitGather(Node n) {
        Value index = n.input(1);
        int at = graph.position(n.id());
        List<Node> all = graph.consumers(index).stream()
                .filter(o -> o.op().equals(n.op()) && o.input(1).id() == index.id() && !absorbed.contains(o.id())
                        && graph.position(o.id()) >= at && graph.position(graph.producer(o.input(0)).id()) < at
                        && Objects.equals(o.input(0).count(), n.input(0).count()))
                .limit(GATHERED)
                .toList();
        List<Value> in = Stream.concat(all.stream().map(o -> o.input(0)), Stream.of(index)).toList();
        all.stream().skip(1).forEach(o -> absorbed.add(o.id()));
        nodes.add(new Node(n.id(), n.name(), new MoveOp.Gather(all.size()), in, all.stream().map(Node::output).toList()));
    }

    /** An attention reads its rows from where the moves before it would have taken them, and writes them likewise. */
    private void emitAttention(Node n, Attention a) {
        List<Value> in = new ArrayList<>(n.inputs());
        List<Rows> places = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Placement at = Placement.of(graph, in.get(i), moved);
            Shape shape = in.get(i).type().shape();
            Rows rows = in.get(i).count() == null ? at.rows(shape) : null;
            places.add(rows == null ? Rows.dense(shape) : rows);
            in.set(i, rows == null ? in.get(i) : at.root());
        }
        Value out = n.output();
        Placement at = Placement.dense(out);
        List<Integer> moves = new ArrayList<>();
        for (Node next = soleReader(out); next != null && next.output().count() == null
                && (next.op() instanceof MoveOp.Permute || next.op() instanceof MoveOp.Reshape); next = soleReader(out)) {
            at = at.moved((MoveOp) next.op());
            if (at == null) {
                break;
            }
            moves.add(next.id());
            out = next.output();
        }
        Shape y = n.output().type().shape();
        Rows left = at == null ? null : at.inverse(y, out.type().shape());
        if (left == null) {
            out = n.output();
            moves.clear();
        }
        places.add(left == null ? Rows.dense(y) : left);
        if (places.stream().allMatch(r -> asTheyLie(r)) || n.inputs().stream().anyMatch(v -> v.count() != null)) {
            nodes.add(n);
            return;
        }
        absorbed.addAll(moves);
        moved.add(out.id());
        Node made = graph.producer(out);
        nodes.add(new Node(made.id(), n.name(), new Attention(a.scale(), a.bias(), places), in, List.of(out)));
    }

    private static boolean asTheyLie(Rows r) {
        Rows dense = Rows.dense(r.shape());
        for (long i = 0; i < r.shape().dim(0) * r.shape().dim(1); i++) {
            if (r.item(i) != dense.item(i)) {
                return false;
            }
        }
        for (long l = 0; l < r.shape().dim(2); l++) {
            if (r.row(l) != dense.row(l)) {
                return false;
            }
        }
        return true;
    }

    private void emitConv(Node n, Conv2d c) {
        if (c.activation() != Activation.NONE) {
            nodes.add(n);
            return;
        }
        List<Value> in = new ArrayList<>(n.inputs());
        Window2d window = c.window();
        Node before = graph.producer(in.getFirst());
        if (before.op() instanceof MaxPool2d p && p.equals(new MaxPool2d(1, 1,
                Window2d.of().stride(p.window().strideH(), p.window().strideW()), false))) {
            window = spread(window, p.window().strideH(), p.window().strideW());
            in.set(0, before.input(0));
        }
        Value out = n.output();
        boolean bias = c.bias();
        Node norm = c.residual() ? null : foldableNorm(n, 2, bias);
        if (norm != null) {
            out = norm.output();
            fold(in, norm, 0, 1, bias);
            bias = true;
        }
        Tail t = tail(n, out);
        place(n, t, new Conv2d(window, c.groups(), t.activation, bias, c.residual() || t.residual != null),
                operands(in, t));
    }

    /** A window over every h-th row and v-th column as one over all of them; what lies outside of these did so before. */
    private static Window2d spread(Window2d w, int h, int v) {
        return new Window2d(w.strideH() * h, w.strideW() * v, w.padTop() * h, w.padLeft() * v, w.padBottom() * h,
                w.padRight() * v, w.dilationH() * h, w.dilationW() * v);
    }

    private void emitConvTranspose(Node n, ConvTranspose2d c) {
        if (c.activation() != Activation.NONE) {
            nodes.add(n);
            return;
        }
        List<Value> in = new ArrayList<>(n.inputs());
        Value out = n.output();
        boolean bias = c.bias();
        Node norm = foldableNorm(n, 2, bias);
        if (norm != null) {
            out = norm.output();
            fold(in, norm, 1, c.groups(), bias);
            bias = true;
        }
        Tail t = tail(n, out);
        place(n, t, new ConvTranspose2d(c.window(), c.outPadH(), c.outPadW(), c.groups(), t.activation, bias), in);
    }

    /** The batch norm that alone reads a result of weights' making, if all its numbers are known when weights are loaded. */
    private @Nullable Node foldableNorm(Node conv, int biasAt, boolean bias) {
        Node next = soleReader(conv.output());
        boolean foldable = next != null && next.op() instanceof NormOp.BatchNorm
                && next.input(0).equals(conv.output())
                && next.inputs().stream().skip(1).allMatch(v -> expr(v) != null)
                && graph.producer(conv.input(1)).op() instanceof SourceOp.Weight
                && (!bias || expr(conv.input(biasAt)) != null);
        return foldable ? next : null;
    }

    private void fold(List<Value> in, Node norm, int axis, int groups, boolean bias) {
        absorbed.add(norm.id());
        var stats = new BatchStats(expr(norm.input(1)), expr(norm.input(2)), expr(norm.input(3)), expr(norm.input(4)),
                ((NormOp.BatchNorm) norm.op()).eps());
        WeightExpr weight = new WeightExpr.ScaledWeight(expr(in.get(1)), axis, groups, stats);
        WeightExpr shift = new WeightExpr.ShiftedBias(bias ? expr(in.get(2)) : null, stats);
        in.set(1, weightNode(weight, norm.name() + ":weight", norm.output()));
        if (bias) {
            in.set(2, weightNode(shift, norm.name() + ":bias", norm.output()));
        } else {
            in.add(2, weightNode(shift, norm.name() + ":bias", norm.output()));
        }
    }

    private Value weightNode(WeightExpr expr, String name, Value like) {
        int id = ++lastId;
        Value v = new Value(values++, new TensorType(DType.F32, expr.shape()), null, like.recording());
        nodes.add(new Node(id, name, new SourceOp.Weight(expr, v.type()), List.of(), List.of(v)));
        return v;
    }

    /**
     * What follows a kernel's result and goes into the kernel: an addition, then an activation.
     *
     * @param addition id of the addition; -1 if there is none
     */
    private record Tail(String name, Value output, int addition, Value residual, Activation activation) {}

    private Tail tail(Node head, Value output) {
        Value out = output;
        String name = output.equals(head.output()) ? head.name() : graph.producer(output).name();
        int addition = -1;
        Value residual = null;
        Activation activation = Activation.NONE;
        Node next = soleReader(out);
        if (next != null && !absorbed.contains(next.id()) && takesIn(out, next)
                && (out.id() == next.input(0).id() || !takesIn(next.input(0), next))) {
            absorbed.add(next.id());
            addition = next.id();
            residual = other(next, out);
            activation = ((Binary) next.op()).activation();
            out = next.output();
            name = next.name();
            next = soleReader(out);
        }
        if (activation == Activation.NONE && next != null && next.op() instanceof Unary u
                && activation(u) != Activation.NONE) {
            absorbed.add(next.id());
            activation = activation(u);
            out = next.output();
            name = next.name();
        }
        return new Tail(name, out, addition, residual, activation);
    }

    /**
     * Whether the kernel that makes a value can make its sum with another one too. The sum alone reads the value, so
     * that the other operand can't depend on it, and the kernel can wait for that; but not past an update of a state.
     */
    private boolean takesIn(Value v, Node sum) {
        if (!(sum.op() instanceof Binary b) || b.arithmetic() != Arithmetic.ADD || soleReader(v) != sum) {
            return false;
        }
        Value other = other(sum, v);
        Node head = head(v);
        return head != null && other.type().equals(v.type()) && sum.output().type().equals(v.type())
                && graph.nodes().subList(graph.position(head.id()), graph.position(sum.id())).stream()
                        .noneMatch(n -> n.op() instanceof StateOp);
    }

    /** The convolution (and its norm) or matrix product that makes a value and has no residual yet, if any does. */
    private @Nullable Node head(Value v) {
        Node made = graph.producer(v);
        Node conv = made.op() instanceof NormOp.BatchNorm ? graph.producer(made.input(0)) : made;
        return switch (conv.op()) {
            case Conv2d c when c.activation() == Activation.NONE && !c.residual()
                    && (conv == made || foldableNorm(conv, 2, c.bias()) == made) ->
                conv;
            case MatMul m when m.activation() == Activation.NONE && !m.residual() && conv == made -> conv;
            default -> null;
        };
    }

    private static Value other(Node sum, Value v) {
        return sum.input(0).id() == v.id() ? sum.input(1) : sum.input(0);
    }

    private static Activation activation(Unary u) {
        return Arrays.stream(Activation.values())
                .filter(a -> a.name().equals(u.function().name()))
                .findFirst()
                .orElse(Activation.NONE);
    }

    private static List<Value> operands(List<Value> in, Tail t) {
        if (t.residual == null) {
            return in;
        }
        List<Value> all = new ArrayList<>(in);
        all.add(t.residual);
        return all;
    }

    /** Where the kernel stood; where the sum stands, if the residual operand is made in between. */
    private void place(Node head, Tail t, Op op, List<Value> in) {
        Node n = new Node(graph.producer(t.output).id(), t.name, op, in, List.of(t.output));
        if (t.residual != null && graph.producer(t.residual).id() > head.id()) {
            waiting.put(t.addition, n);
        } else {
            nodes.add(n);
        }
    }

    /** The one node that reads a value, once, if the caller doesn't keep the value. */
    private @Nullable Node soleReader(Value v) {
        List<Node> readers = graph.consumers(v);
        if (kept.contains(v.id()) || readers.size() != 1
                || readers.getFirst().inputs().stream().filter(i -> i.id() == v.id()).count() != 1) {
            return null;
        }
        return readers.getFirst();
    }

    private @Nullable WeightExpr expr(Value v) {
        return switch (graph.producer(v).op()) {
            case SourceOp.Weight w -> w.expr();
            case SourceOp.Constant c when c.value().dtype() == DType.F32 ->
                new WeightExpr.Computed(c, List.of(), c.value().shape());
            default -> null;
        };
    }

    /** Drops what nothing needs. Inputs and states stay: callers fill and bind them by name. */
    private Graph finish() {
        Set<Integer> needed = new HashSet<>(kept);
        List<Node> live = new ArrayList<>();
        for (int i = nodes.size() - 1; i >= 0; i--) {
            Node n = nodes.get(i);
            if (n.op() instanceof StateOp || n.op() instanceof SourceOp.Input || n.op() instanceof SourceOp.State
                    || n.outputs().stream().anyMatch(v -> needed.contains(v.id()))) {
                live.add(n);
                n.inputs().forEach(v -> need(needed, v));
                n.outputs().forEach(v -> need(needed, v));
            }
        }
        return graph.with(live.reversed(), values);
    }

    private static void need(Set<Integer> needed, Value v) {
        needed.add(v.id());
        if (v.count() != null) {
            needed.add(v.count().id());
        }
    }
}
