package dev.kerf.graph.plan;

import dev.kerf.graph.BoxOp;
import dev.kerf.graph.BoxOp.RoiAlign;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.LayoutOp.InLayout;
import dev.kerf.graph.LayoutOp.Reorder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.PointwiseOp.Binary;
import dev.kerf.graph.PointwiseOp.Cast;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.PointwiseOp.Unary;
import dev.kerf.graph.ReduceOp.Reduce;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp.AvgPool2d;
import dev.kerf.graph.SpatialOp.Conv2d;
import dev.kerf.graph.SpatialOp.ConvTranspose2d;
import dev.kerf.graph.SpatialOp.MaxPool2d;
import dev.kerf.graph.SpatialOp.Resize;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Says for each float32 value of a fused graph whether it is stored in 16 bits, by its dtype, and puts {@link Cast}s where that
 * changes. What users bind and read stays float32, and so does every value that neither goes into nor comes out of a product:
 *
 * <ul>
 *   <li>convolutions, matrix products and attentions take 16 bits; what they make has 16 bits, but float32 where float32 ops
 *       alone read it and the kernel can write it (heads' logits), and where a matrix product has a residual operand: such sums
 *       are the stream that transformers add their branches to, and what they add to is read as float32, too;
 *   <li>where the kernel can't add to or write float32, such sums and what no product comes after are computed in float32, and of
 *       all else a cast makes float32: streams and logits are exact in any case;
 *   <li>moves follow what they move; what is moved for products alone is made short before;
 *   <li>norms, resizing and activations stay short between products; statistics are float32 inside of kernels anyway. What they
 *       read of a float32 value they compute in float32; a layer norm's result is written short for products where the kernel can;
 *   <li>products of fewer rows than a tile of tensor cores has are float32, and so are angles, whose error grows with them;
 *   <li>all others (sums, softmax, reductions, coordinates, selections, masks, states) are float32.
 * </ul>
 *
 * A value keeps its id as float32; its short form is a value of its own, made once, so that no conversion is undone by another.
 * Weights stay float32 here: a kernel's packing makes of them what it reads.
 */
public final class Storages {
    /** What an op does with operands of 16 bits. */
    private enum Role {
        /** Multiplies and adds up. */
        PRODUCT,
        /** Computes each element in float32; short operands are worth while only between products. */
        POINT,
        /** Moves elements unchanged. */
        MOVE,
        /** Takes float32 alone. */
        FLOAT;

        static Role of(Node n) {
            return switch (n.op()) {
                case MatMul m when rows(m, n) < TILE -> FLOAT;
                case MatrixOp.Attention a when a.shape(0, n).dim(2) < TILE && a.shape(1, n).dim(2) < TILE -> FLOAT;
                case Reduce r when r.reduction() == Reduction.MAX || r.reduction() == Reduction.MIN -> MOVE;
                case Conv2d _ -> PRODUCT;
                case ConvTranspose2d _ -> PRODUCT;
                case MatMul _ -> PRODUCT;
                case MatrixOp.Attention _ -> PRODUCT;
                case MatrixOp.Rotary _ -> POINT;
                case NormOp.LayerNorm _ -> POINT;
                case NormOp.GroupNorm _ -> POINT;
                case NormOp.BatchNorm _ -> POINT;
                case AvgPool2d _ -> POINT;
                case Resize _ -> POINT;
                case Unary _ -> POINT;
                case RoiAlign _ -> POINT;
                case MaxPool2d _ -> MOVE;
                case InLayout o -> of(new Node(n.id(), n.name(), o.op(), n.inputs(), n.outputs()));
                case Reorder _ -> MOVE;
                case MoveOp _ -> MOVE;
                default -> FLOAT;
            };
        }

        /** Rows of A that meet one matrix B. */
        private static long rows(MatMul m, Node n) {
            Shape b = n.input(1).type().shape();
            Shape y = n.output().type().shape();
            return b.product(0, b.rank() - 2) == 1 ? y.product(0, y.rank() - 1) : y.dim(-2);
        }

        /** Whether operand {@code i} may be short: norms' weights, angles and boxes are float32. */
        static boolean shortens(Op op, int i) {
            return switch (op) {
                case RoiAlign _ -> i > 0;
                case NormOp _ -> i == 0;
                case MatrixOp.Rotary _ -> i == 0;
                default -> true;
            };
        }
    }

    /** What kernels can do with operands and results of different dtypes. */
    public interface Kernels {
        /** Whether what does a product of short operands can add to float32 and write it. */
        boolean widens(Node n);

        /** Whether what normalises float32 can write short numbers. */
        boolean narrows(Node n);
    }

    /** Rows of a tile of tensor cores: products of fewer gain nothing by short operands. */
    private static final int TILE = 16;

    private final Graph graph;
    private final DType half;
    private final boolean everywhere;
    private final Kernels kernels;
    private final Set<Integer> kept = new HashSet<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Set<Integer> whole = new HashSet<>();
    private final Map<Integer, Value> shortened = new HashMap<>();
    private final Set<Integer> natively = new HashSet<>();
    /** Of values, whether products alone read them, once they are moved. */
    private final boolean[] forProducts;
    /** Likewise, or ops that may stay short between products. */
    private final boolean[] amongProducts;
    /** Whether any reader comes to a product in this way. */
    private final boolean[] anyProduct;
    /** Whether a product comes later at all. */
    private final boolean[] beforeProducts;
    /** Whether they become angles. */
    private final boolean[] angles;
    private int values;
    private int ids;

    private Storages(Graph graph, DType half, boolean everywhere, Collection<Value> kept, Kernels kernels) {
        this.graph = graph;
        this.half = half;
        this.everywhere = everywhere;
        this.kernels = kernels;
        this.values = graph.values();
        this.ids = graph.nodes().stream().mapToInt(Node::id).max().orElse(0) + 1;
        this.forProducts = new boolean[graph.values()];
        this.amongProducts = new boolean[graph.values()];
        this.angles = new boolean[graph.values()];
        this.anyProduct = new boolean[graph.values()];
        this.beforeProducts = new boolean[graph.values()];
        Arrays.fill(forProducts, true);
        Arrays.fill(amongProducts, true);
        kept.forEach(v -> this.kept.add(v.id()));
    }

    /**
     * The graph with explicit storage.
     *
     * @param graph      fused or not, all floating-point values float32
     * @param half       F16 or BF16
     * @param everywhere whether every op that can computes in 16 bits, for tests of its kernels
     * @param kept       values that the caller reads: they stay float32
     * @param kernels    what the kernels for its nodes can do
     */
    public static Graph of(Graph graph, DType half, boolean everywhere, Collection<Value> kept, Kernels kernels) {
        Storages s = new Storages(graph, half, everywhere, kept, kernels);
        s.look();
        graph.nodes().forEach(s::place);
        return graph.with(s.nodes, s.values);
    }

    /** How many conversions between float32 and 16 bits a graph has. */
    public static long casts(Graph graph) {
        return graph.nodes().stream().filter(n -> n.op() instanceof Cast
                && n.input(0).type().dtype().floating() && n.output().type().dtype().floating()).count();
    }

    private Role role(Node n) {
        boolean small = n.op() instanceof MatMul || n.op() instanceof MatrixOp.Attention;
        return small && everywhere ? Role.PRODUCT : Role.of(n);
    }

    private void look() {
        for (Node n : graph.nodes().reversed()) {
            Role role = role(n);
            boolean read = n.outputs().stream().allMatch(y -> !graph.consumers(y).isEmpty());
            boolean forAll = read && n.outputs().stream().allMatch(y -> forProducts[y.id()]);
            boolean among = read && n.outputs().stream().allMatch(y -> amongProducts[y.id()]);
            n.outputs().forEach(y -> {
                forProducts[y.id()] = forAll;
                amongProducts[y.id()] = among;
            });
            for (int i = 0; i < n.inputs().size(); i++) {
                Value v = n.input(i);
                boolean product = role == Role.PRODUCT && !residual(n, i);
                boolean point = role == Role.POINT && Role.shortens(n.op(), i);
                forProducts[v.id()] &= product || role == Role.MOVE && forAll;
                amongProducts[v.id()] &= product || (role == Role.MOVE || point) && among;
                anyProduct[v.id()] |= product || (role == Role.MOVE || point) && any(anyProduct, n);
                beforeProducts[v.id()] |= role == Role.PRODUCT || !decides(n) && any(beforeProducts, n);
                angles[v.id()] |= n.op() instanceof Unary u && (u.function() == Function.SIN || u.function() == Function.COS)
                        || (n.op() instanceof Binary || role == Role.MOVE) && any(angles, n);
            }
        }
    }

    private static boolean any(boolean[] of, Node n) {
        return n.outputs().stream().anyMatch(y -> of[y.id()]);
    }

    /** Whether an op tells apart rather than computes: what comes after it doesn't depend on its operands' last digits. */
    private static boolean decides(Node n) {
        return n.outputs().stream().noneMatch(v -> v.type().dtype().floating())
                || n.op() instanceof SelectOp
                || n.op() instanceof BoxOp && !(n.op() instanceof RoiAlign);
    }

    /** The operand that a matrix product's sums are added to. */
    private static boolean residual(Node n, int i) {
        return n.op() instanceof MatMul m && m.residual() && i == n.inputs().size() - 1;
    }

    private static boolean floating(Value v) {
        return v.type().dtype() == DType.F32;
    }

    private void place(Node n) {
        Role role = n.op() instanceof SourceOp || n.outputs().stream().noneMatch(Storages::floating)
                ? Role.FLOAT
                : role(n);
        switch (role) {
            case PRODUCT -> product(n);
            case MOVE -> {
                // What is joined of several float32 values is one to convert afterwards.
                boolean one = n.inputs().stream().filter(Storages::floating).count() == 1;
                boolean narrow = everywhere || anyNative(n) || one && forProducts[n.outputs().getFirst().id()];
                emit(n, narrow, narrow);
            }
            case POINT -> point(n);
            case FLOAT -> emit(n, false, false);
        }
    }

    private void point(Node n) {
        boolean narrow = everywhere || anyNative(n) && amongProducts[n.output().id()];
        boolean narrows = !narrow && n.op() instanceof NormOp.LayerNorm && !anyNative(n) && forProducts[n.output().id()]
                && kernels.narrows(n);
        emit(n, narrow, narrow || narrows);
    }

    private boolean anyNative(Node n) {
        return n.inputs().stream().anyMatch(v -> natively.contains(v.id()));
    }

    private void product(Node n) {
        Value y = n.output();
        boolean stream = n.op() instanceof MatMul m && m.residual();
        if (!everywhere && angles[y.id()]) {
            emit(n, false, false);
        } else if (everywhere || !stream && anyProduct[y.id()]) {
            emit(n, true, true);
        } else if (kernels.widens(n)) {
            emit(n, true, false);
        } else if (stream || !beforeProducts[y.id()] && natively.contains(n.input(0).id())) {
            emit(n, false, false);
        } else {
            emit(n, true, true);
        }
    }

    private void emit(Node n, boolean shortIn, boolean shortOut) {
        List<Value> in = new ArrayList<>();
        for (int i = 0; i < n.inputs().size(); i++) {
            Value v = n.input(i);
            boolean shorten = shortIn && floating(v) && Role.shortens(n.op(), i) && (shortOut || !residualOf(n, i));
            in.add(!floating(v) ? v : shorten ? shortened(v, n) : whole(v));
        }
        List<Value> out = new ArrayList<>();
        for (Value v : n.outputs()) {
            if (shortOut && floating(v)) {
                Value made = new Value(values++, v.type().as(half), v.count(), v.recording());
                shortened.put(v.id(), made);
                natively.add(v.id());
                out.add(made);
            } else {
                whole.add(v.id());
                out.add(v);
            }
        }
        nodes.add(new Node(n.id(), n.name(), n.op(), in, out));
        n.outputs().stream().filter(v -> kept.contains(v.id())).forEach(this::whole);
    }

    /** The operand that any product's sums are added to. */
    private static boolean residualOf(Node n, int i) {
        Op op = n.op() instanceof InLayout o ? o.op() : n.op();
        return residual(n, i) || op instanceof Conv2d c && c.residual() && i == n.inputs().size() - 1;
    }

    /** The short form of a value; kernels of products pack weights as they read them. */
    private Value shortened(Value v, Node reader) {
        if (role(reader) == Role.PRODUCT && graph.producer(v).op() instanceof SourceOp source
                && !(source instanceof SourceOp.Input) && !(source instanceof SourceOp.State)) {
            return v;
        }
        return shortened.computeIfAbsent(v.id(), id -> {
            Value made = new Value(values++, v.type().as(half), v.count(), v.recording());
            nodes.add(new Node(ids++, graph.producer(v).name() + ":" + half, new Cast(half), List.of(v), List.of(made)));
            return made;
        });
    }

    private Value whole(Value v) {
        if (whole.add(v.id())) {
            nodes.add(new Node(ids++, graph.producer(v).name() + ":" + DType.F32, new Cast(DType.F32),
                    List.of(shortened.get(v.id())), List.of(v)));
        }
        return v;
    }
}
