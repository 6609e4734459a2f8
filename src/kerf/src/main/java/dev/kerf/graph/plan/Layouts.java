package dev.kerf.graph.plan;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.ImageLayout;
import dev.kerf.graph.LayoutOp.InLayout;
import dev.kerf.graph.LayoutOp.Reorder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Conv2d;
import dev.kerf.graph.SpatialOp.ConvTranspose2d;
import dev.kerf.graph.StateOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Gives each image of a graph a layout: another one than it was recorded in where a back end has kernels for that, and copies
 * at the borders alone.
 *
 * <ul>
 *   <li>A convolution with enough output channels reads the other layout; what isn't in it is reordered, once for all readers.
 *   <li>Its result lies so, too, if somebody reads it so; otherwise the convolution itself stores the recorded layout.
 *   <li>A convolution with few output channels, a pooling or resampling, a norm over channels, and arithmetic of images of one size follow: they work in the other
 *       layout if their operands are in it already.
 *   <li>Two images whose concat only such convolutions read are read where they are.
 *   <li>A permutation that does to channels what the other layout does is none.
 * </ul>
 *
 * Values keep their ids in the recorded layout; in the other one they are values of their own.
 *
 * <pre>{@code
 * Graph g = Layouts.assign(fused, kept, ImageLayout.CHANNELS_LAST, candidate -> true);
 * }</pre>
 */
public final class Layouts {
    /** Output channels from which on a convolution is worth reordering what it reads: a tile of tensor cores has as many. */
    private static final int WORTH = 16;
    /** Where the other layout has the channels. */
    private static final int CHANNELS = 3;
    private static final List<Integer> TO_LAST = List.of(0, 2, 3, 1);
    private static final List<Integer> TO_FIRST = List.of(0, 3, 1, 2);

    private final Graph graph;
    /** Whether values can change: nothing is then read later than it was recorded. */
    private final boolean stateful;
    private final ImageLayout other;
    private final Predicate<Node> runs;
    private final Set<Integer> wanted = new HashSet<>();
    /** By the id of a value in the recorded layout: the same in the other one. */
    private final Map<Integer, Value> others = new HashMap<>();
    private final Set<Integer> made = new HashSet<>();
    /** Nodes that are left out unless somebody needs their result in the recorded layout. */
    private final Map<Integer, Node> waiting = new HashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private int values;
    private int ids;

    private Layouts(Graph graph, ImageLayout other, Predicate<Node> runs) {
        this.graph = graph;
        this.stateful = graph.nodes().stream().anyMatch(n -> n.op() instanceof StateOp);
        this.other = other;
        this.runs = runs;
        this.values = graph.values();
        this.ids = graph.nodes().stream().mapToInt(Node::id).max().orElse(-1) + 1;
    }

    /**
     * The graph with layouts assigned; the same graph if none of its nodes runs in the other one.
     *
     * @param graph fused
     * @param kept  values that the caller reads
     * @param other the layout besides {@link ImageLayout#CHANNELS_FIRST}
     * @param runs  whether the back end has a kernel for a node whose op is an {@link InLayout}
     */
    public static Graph assign(Graph graph, Collection<Value> kept, ImageLayout other, Predicate<Node> runs) {
        if (graph.nodes().stream().noneMatch(n -> n.op() instanceof Conv2d || n.op() instanceof ConvTranspose2d)) {
            return graph;
        }
        Layouts pass = new Layouts(graph, other, runs);
        pass.want();
        graph.nodes().forEach(pass::emit);
        kept.forEach(pass::recorded);
        return pass.others.isEmpty() ? graph : graph.with(pass.nodes, pass.values);
    }

    /** From the last node to the first: which values somebody reads in the other layout. */
    private void want() {
        for (Node n : graph.nodes().reversed()) {
            if (n.op() instanceof Conv2d || n.op() instanceof ConvTranspose2d) {
                InLayout op = inLayout(n, other);
                if (runs.test(stored(n, op))) {
                    sources(n).forEach(v -> wanted.add(v.id()));
                    if (residual(n) != null && wanted.contains(n.output().id())) {
                        wanted.add(residual(n).id());
                    }
                }
            } else if (permutes(n, TO_LAST) || follows(n) && wanted.contains(n.output().id())) {
                images(n).forEach(v -> wanted.add(v.id()));
            }
        }
    }

    private void emit(Node n) {
        boolean convolution = n.op() instanceof Conv2d || n.op() instanceof ConvTranspose2d;
        if (convolution) {
            boolean here = sources(n).stream().allMatch(v -> others.containsKey(v.id()));
            // What no other kernel can do in one launch is worth it, too: to store float32 of shorter operands.
            boolean worth = n.output().type().shape().dim(1) >= WORTH
                    || n.output().type().dtype() != n.input(0).type().dtype();
            InLayout op = inLayout(n,
                    wanted.contains(n.output().id()) && lies(residual(n)) ? other : ImageLayout.CHANNELS_FIRST);
            if ((here || worth) && sources(n).stream().allMatch(this::lies) && runs.test(stored(n, op))) {
                place(n, op);
                return;
            }
        } else if (follows(n) && wanted.contains(n.output().id())
                && images(n).stream().anyMatch(v -> others.containsKey(v.id()))) {
            place(n, inLayout(n, other));
            return;
        } else if (n.op() instanceof MoveOp.Concat && graph.consumers(n.output()).stream()
                .anyMatch(c -> sources(c).size() > 1)) {
            waiting.put(n.output().id(), n);
            return;
        } else if (permutes(n, TO_LAST) && others.containsKey(n.input(0).id())) {
            made.add(n.output().id());
            nodes.add(new Node(n.id(), n.name(), new MoveOp.Reshape(n.output().type().shape()),
                    List.of(others.get(n.input(0).id())),
                    List.of(n.output())));
            return;
        } else if (permutes(n, TO_FIRST) && wanted.contains(n.output().id())) {
            others.put(n.output().id(), recorded(n.input(0)));
            waiting.put(n.output().id(), n);
            return;
        }
        n.inputs().forEach(this::recorded);
        nodes.add(n);
        n.outputs().forEach(v -> made.add(v.id()));
    }

    /** Adds a node in the other layout. Arithmetic is the same in any, its operands and result alone differ. */
    private void place(Node n, InLayout op) {
        boolean pointwise = n.op() instanceof PointwiseOp;
        List<Value> in = new ArrayList<>();
        List<Value> images = images(n);
        images.forEach(v -> in.add(lying(v, op.in())));
        if (!pointwise) {
            n.inputs().stream().skip(1).limit(n.inputs().size() - 1L - (residual(n) == null ? 0 : 1)).forEach(v -> {
                recorded(v);
                in.add(v);
            });
        }
        if (residual(n) != null) {
            in.add(lying(residual(n), op.out()));
        }
        Value y = n.output();
        if (op.out() == other) {
            y = new Value(values++, y.type().as(other.stored(y.type().shape())), y.count(), y.recording());
            others.put(n.output().id(), y);
        } else {
            made.add(y.id());
        }
        Op made = switch (n.op()) {
            case PointwiseOp p -> p;
            case NormOp.LayerNorm norm -> new NormOp.LayerNorm(CHANNELS, norm.eps());
            default -> op;
        };
        nodes.add(new Node(n.id(), n.name(), made, in, List.of(y)));
    }

    /** Whether a node moves the channels of images as the other layout does, and nothing fills these up. */
    private boolean permutes(Node n, List<Integer> order) {
        if (stateful || !(n.op() instanceof MoveOp.Permute p) || !p.order().equals(order) || n.output().count() != null) {
            return false;
        }
        Shape image = (order.equals(TO_LAST) ? n.input(0) : n.output()).type().shape();
        return other.stored(image).elements() == image.elements() && n.input(0).type().dtype().floating();
    }

    private Value lying(Value v, ImageLayout layout) {
        if (layout == ImageLayout.CHANNELS_FIRST) {
            return recorded(v);
        }
        Value known = others.get(v.id());
        if (known != null) {
            return known;
        }
        recorded(v);
        Value y = new Value(values++, v.type().as(other.stored(v.type().shape())), v.count(), v.recording());
        others.put(v.id(), y);
        WeightExpr weight = weight(v);
        if (weight == null) {
            reorder(v, v, y, ImageLayout.CHANNELS_FIRST, other);
        } else {
            WeightExpr permuted = new WeightExpr.Computed(new MoveOp.Permute(TO_LAST), List.of(weight), y.type().shape());
            nodes.add(
                    new Node(ids++, graph.producer(v).name() + ":" + other, new SourceOp.Weight(permuted, y.type()), List.of(),
                            List.of(y)));
        }
        return y;
    }

    /** What a value that is loaded is made of; null for others. */
    private @Nullable WeightExpr weight(Value v) {
        return switch (graph.producer(v).op()) {
            case SourceOp.Weight w -> w.expr();
            case SourceOp.Constant c -> new WeightExpr.Computed(c, List.of(), c.value().shape());
            default -> null;
        };
    }

    /** Whether an image can lie so, if there is one: what is loaded is permuted when it is, which fills nothing up. */
    private boolean lies(@Nullable Value image) {
        return image == null || weight(image) == null
                || other.stored(image.type().shape()).elements() == image.type().shape().elements();
    }

    /** Sees that a value is there in the layout that it was recorded in. */
    private Value recorded(Value v) {
        if (made.contains(v.id())) {
            return v;
        }
        Node late = waiting.remove(v.id());
        if (late != null) {
            late.inputs().forEach(this::recorded);
            nodes.add(late);
        } else {
            reorder(v, others.get(v.id()), v, other, ImageLayout.CHANNELS_FIRST);
        }
        made.add(v.id());
        return v;
    }

    private void reorder(Value image, Value x, Value y, ImageLayout from, ImageLayout to) {
        nodes.add(new Node(ids++, graph.producer(image).name() + ":" + to,
                new Reorder(from, to, image.type().shape().size(1)), List.of(x), List.of(y)));
    }

    /** Whether a node can work in whatever layout its images lie in. */
    private boolean follows(Node n) {
        return switch (n.op()) {
            case SpatialOp.MaxPool2d p -> runs.test(stored(n, inLayout(n, other)));
            case SpatialOp.Resize r -> runs.test(stored(n, inLayout(n, other)));
            case NormOp.LayerNorm norm -> norm.axis() == 1 && alike(n);
            case PointwiseOp.Unary u -> alike(n);
            case PointwiseOp.Clamp c -> alike(n);
            case PointwiseOp.Cast c -> alike(n);
            case PointwiseOp.Binary b -> alike(n);
            default -> false;
        };
    }

    /** Images of one size without channels that fill up. */
    private boolean alike(Node n) {
        Shape y = n.output().type().shape();
        return y.rank() == 4 && other.stored(y).elements() == y.elements()
                && images(n).stream().allMatch(v -> v.type().shape().equals(y));
    }

    /** The images that a node reads in one layout. */
    private List<Value> images(Node n) {
        return n.op() instanceof PointwiseOp ? n.inputs() : sources(n);
    }

    /** The image that a node reads first, or the two that it is a concat of, if only such convolutions read that. */
    private List<Value> sources(Node n) {
        Value x = n.input(0);
        Node before = graph.producer(x);
        boolean two = !stateful && n.op() instanceof Conv2d c && c.groups() == 1 && before.op() instanceof MoveOp.Concat concat
                && concat.axis() == 1 && before.inputs().size() == 2 && x.count() == null
                && before.inputs().stream().allMatch(v -> v.count() == null)
                && n.inputs().stream().skip(1).noneMatch(v -> v.id() == x.id());
        return two ? before.inputs() : List.of(x);
    }

    private static @Nullable Value residual(Node n) {
        return n.op() instanceof Conv2d c && c.residual() ? n.inputs().getLast() : null;
    }

    private InLayout inLayout(Node n, ImageLayout out) {
        SpatialOp op = n.op() instanceof SpatialOp s ? s : null;
        return new InLayout(op, other, out, images(n).stream().map(v -> v.type().shape().size(1)).toList());
    }

    /** A node as it would be in other layouts, for the back end to look at. */
    private Node stored(Node n, InLayout op) {
        Stream<Value> images = images(n).stream().map(v -> as(v, op.in()));
        List<Value> in = Stream.concat(images, n.inputs().stream().skip(1)
                .map(v -> residual(n) != null && v == n.inputs().getLast() ? as(v, op.out()) : v)).toList();
        return new Node(n.id(), n.name(), op, in, List.of(as(n.output(), op.out())));
    }

    private static Value as(Value v, ImageLayout layout) {
        return new Value(v.id(), v.type().as(layout.stored(v.type().shape())), v.count(), v.recording());
    }
}
