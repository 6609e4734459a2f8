package dev.kerf.graph;

import dev.kerf.error.GraphException;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Records a graph op by op and infers shapes as it goes, so that an error names the line of the model that made it.
 *
 * <pre>{@code
 * GraphBuilder g = new GraphBuilder();
 * Value x = g.input("image", TensorType.f32(1, 3, 512, 512));
 * Value w = g.weight("conv.weight", Shape.of(64, 3, 3, 3));
 * Value y = g.relu(g.conv2d(x, w, null, Window2d.of().pad(1)));
 * g.output("features", y);
 * Graph graph = g.build();
 * }</pre>
 *
 * <p>The methods here are the ones that models use most; {@link #add} records any op.
 */
public final class GraphBuilder {
    private final Object recording = new Object();
    private final List<Node> nodes = new ArrayList<>();
    /** The node of each value, by its id. */
    private final List<Node> makers = new ArrayList<>();
    private final Map<String, Value> outputs = new LinkedHashMap<>();
    private final Map<String, Value> stages = new LinkedHashMap<>();
    private final Map<String, Value> weights = new HashMap<>();
    private final Map<String, Integer> names = new HashMap<>();
    private final Set<Integer> stateNow = new HashSet<>();
    private final Set<Integer> stateBefore = new HashSet<>();
    private String scope = "";
    private int values;

    /** An empty graph. */
    public GraphBuilder() {}

    /** A part of the model: names of nodes recorded until it is closed start with its path. */
    public interface Scope extends AutoCloseable {
        @Override
        void close();
    }

    /** Opens a part of the model, for node names only: {@code try (var _ = g.scope("down1")) { … }}. */
    public Scope scope(String name) {
        String outer = scope;
        scope = outer + name + "/";
        return () -> scope = outer;
    }

    /**
     * Records an op and returns its outputs.
     *
     * @throws GraphException if an operand belongs to another graph, or the operands don't fit the op
     */
    public List<Value> add(Op op, Value... operands) {
        List<Value> in = List.of(operands);
        in.forEach(v -> checkOwn(op, v));
        checkStates(op, in);
        List<TensorType> types = op.infer(in.stream().map(Value::type).toList());
        Value count = countOfResult(op, in, types.getFirst());
        List<Value> out = new ArrayList<>();
        if (op.countsItself()) {
            Value n = new Value(values + 1, types.get(1), null, recording);
            out.add(new Value(values, types.get(0), n, recording));
            out.add(n);
        } else {
            for (int i = 0; i < types.size(); i++) {
                out.add(new Value(values + i, types.get(i), count, recording));
            }
        }
        values += out.size();
        if (op instanceof SourceOp.State || op instanceof StateOp) {
            stateNow.add(out.getFirst().id());
        }
        Node made = new Node(nodes.size(), uniqueName(op), op, in, out);
        nodes.add(made);
        out.forEach(_ -> makers.add(made));
        return out;
    }

    /** Records an op with one output. */
    public Value apply(Op op, Value... operands) {
        return add(op, operands).getFirst();
    }

    private void checkOwn(Object user, Value v) {
        if (v.recording() != recording) {
            throw new GraphException(user + " takes " + v + ", which belongs to another graph");
        }
    }

    private void checkStates(Op op, List<Value> in) {
        for (Value v : in) {
            if (stateBefore.contains(v.id())) {
                throw new GraphException(op + " reads " + v + ", a state as it was before an update that stands above: "
                        + "read the update's result, or record the reader first");
            }
        }
        if (op instanceof StateOp) {
            if (in.isEmpty() || !stateNow.remove(in.getFirst().id())) {
                throw new GraphException(op + " takes a state or an update's result first, not " + in);
            }
            stateBefore.add(in.getFirst().id());
        }
    }

    /** The first operand's count that the op keeps. */
    private static Value countOfResult(Op op, List<Value> in, TensorType result) {
        for (int i = 0; i < in.size(); i++) {
            Value v = in.get(i);
            if (v.count() != null && leadingExtentsEqual(v.type().shape(), result.shape(), v.countAxis())
                    && op.keepsCount(i, v.type(), v.countAxis())) {
                return v.count();
            }
        }
        return null;
    }

    private static boolean leadingExtentsEqual(Shape a, Shape b, int axis) {
        for (int i = 0; i <= axis; i++) {
            if (i >= a.rank() || i >= b.rank() || a.dim(i) != b.dim(i)) {
                return false;
            }
        }
        return a.rank() == b.rank() || axis < Math.min(a.rank(), b.rank());
    }

    private String uniqueName(Op op) {
        String name = switch (op) {
            case SourceOp.Input in -> "input:" + in.slot();
            case SourceOp.State s -> "state:" + s.name();
            case SourceOp.Weight w when w.expr() instanceof WeightExpr.Tensor t -> "weight:" + t.name();
            default -> scope + op.kind();
        };
        int n = names.merge(name, 1, Integer::sum);
        return n == 1 ? name : name + "_" + n;
    }

    /** An input slot. */
    public Value input(String slot, TensorType type) {
        if (nodes.stream().anyMatch(n -> n.op() instanceof SourceOp.Input i && i.slot().equals(slot))) {
            throw new GraphException("input '" + slot + "' is declared twice");
        }
        return apply(new SourceOp.Input(slot, type));
    }

    /** An input slot that is a capacity; {@code count} (int32, usually another input) says how many rows are valid. */
    public Value input(String slot, TensorType type, Value count) {
        checkOwn("input '" + slot + "'", count);
        if (count.type().dtype() != DType.I32 || count.type().shape().rank() >= type.shape().rank()) {
            throw new GraphException("input '" + slot + "' " + type + " can't have the count " + count);
        }
        Value v = input(slot, type);
        Value counted = new Value(v.id(), type, count, recording);
        replaceLast(counted);
        return counted;
    }

    /** A weight by its upstream name; the same name gives the same value. */
    public Value weight(String name, Shape shape) {
        Value known = weights.get(name);
        if (known != null) {
            if (!known.type().shape().equals(shape)) {
                throw new GraphException("weight '" + name + "' is used as " + known.type().shape() + " and " + shape);
            }
            return known;
        }
        Value v = weight(new WeightExpr.Tensor(name, shape));
        weights.put(name, v);
        return v;
    }

    /** A computed weight. */
    public Value weight(WeightExpr expr) {
        return apply(new SourceOp.Weight(expr, new TensorType(DType.F32, expr.shape())));
    }

    /** A tensor known now. */
    public Value constant(HostTensor value) {
        return apply(new SourceOp.Constant(value));
    }

    /** A float32 scalar known now. */
    public Value constant(float value) {
        return constant(HostTensor.of(Shape.of(), new float[] {value}));
    }

    /** Memory that outlives a run, under a unique name. */
    public Value state(String name, TensorType type) {
        if (nodes.stream().anyMatch(n -> n.op() instanceof SourceOp.State s && s.name().equals(name))) {
            throw new GraphException("state '" + name + "' is declared twice");
        }
        return apply(new SourceOp.State(name, type));
    }

    /** See {@link SpatialOp.Conv2d}, with a bias or without. */
    public Value conv2d(Value x, Value weight, @Nullable Value bias, Window2d window) {
        var op = new SpatialOp.Conv2d(window, 1, Activation.NONE, bias != null, false);
        return bias == null ? apply(op, x, weight) : apply(op, x, weight, bias);
    }

    /** See {@link SpatialOp.ConvTranspose2d}, with a bias or without. */
    public Value convTranspose2d(Value x, Value weight, @Nullable Value bias, Window2d window) {
        var op = new SpatialOp.ConvTranspose2d(window, 0, 0, 1, Activation.NONE, bias != null);
        return bias == null ? apply(op, x, weight) : apply(op, x, weight, bias);
    }

    /** See {@link NormOp.BatchNorm}. */
    public Value batchNorm(Value x, Value weight, Value bias, Value mean, Value var, double eps) {
        return apply(new NormOp.BatchNorm(eps), x, weight, bias, mean, var);
    }

    /** See {@link NormOp.LayerNorm}; a negative axis counts from the end. */
    public Value layerNorm(Value x, Value weight, Value bias, int axis, double eps) {
        return apply(new NormOp.LayerNorm(x.type().shape().axis(axis), eps), x, weight, bias);
    }

    /** See {@link NormOp.Softmax}; a negative axis counts from the end. */
    public Value softmax(Value x, int axis) {
        return apply(new NormOp.Softmax(x.type().shape().axis(axis)), x);
    }

    /** max(x, 0). */
    public Value relu(Value x) {
        return unary(PointwiseOp.Function.RELU, x);
    }

    /** See {@link PointwiseOp.Unary}. */
    public Value unary(PointwiseOp.Function f, Value x) {
        return apply(new PointwiseOp.Unary(f), x);
    }

    /** a + b. */
    public Value add(Value a, Value b) {
        return binary(PointwiseOp.Arithmetic.ADD, a, b);
    }

    /** a · b. */
    public Value multiply(Value a, Value b) {
        return binary(PointwiseOp.Arithmetic.MULTIPLY, a, b);
    }

    /** See {@link PointwiseOp.Binary}. */
    public Value binary(PointwiseOp.Arithmetic f, Value a, Value b) {
        return apply(new PointwiseOp.Binary(f, Activation.NONE), a, b);
    }

    /** Square windows without padding or overlap. */
    public Value maxPool2d(Value x, int kernel) {
        return apply(new SpatialOp.MaxPool2d(kernel, kernel, Window2d.of().stride(kernel), false), x);
    }

    /** Bilinear resampling without antialias; the scale is derived from the sizes. */
    public Value bilinear(Value x, int outH, int outW, SpatialOp.Sampling sampling) {
        return apply(
                new SpatialOp.Resize(outH, outW, SpatialOp.Interpolation.BILINEAR, sampling, false, 0, 0), x);
    }

    /** A·B. */
    public Value matMul(Value a, Value b) {
        return apply(new MatrixOp.MatMul(false, false, 1, Activation.NONE, false, false), a, b);
    }

    /** x·Wᵀ + bias with W (out, in), as {@code torch.nn.Linear}, or without the bias. */
    public Value linear(Value x, Value weight, @Nullable Value bias) {
        var op = new MatrixOp.MatMul(false, true, 1, Activation.NONE, bias != null, false);
        return bias == null ? apply(op, x, weight) : apply(op, x, weight, bias);
    }

    /** See {@link MoveOp.Concat}; a negative axis counts from the end. */
    public Value concat(int axis, Value... parts) {
        if (parts.length == 0) {
            throw new GraphException("a concatenation of nothing");
        }
        return apply(new MoveOp.Concat(parts[0].type().shape().axis(axis)), parts);
    }

    /** Elements start … end − 1 of an axis; a negative axis counts from the end. */
    public Value slice(Value x, int axis, long start, long end) {
        return apply(new MoveOp.Slice(x.type().shape().axis(axis), start, end, 1), x);
    }

    /** See {@link MoveOp.Permute}. */
    public Value permute(Value x, Integer... order) {
        return apply(new MoveOp.Permute(List.of(order)), x);
    }

    /** See {@link MoveOp.Reshape}. */
    public Value reshape(Value x, long... dims) {
        return apply(new MoveOp.Reshape(Shape.of(dims)), x);
    }

    /**
     * The same elements under other extents, of which {@code count} says how many rows are valid: for results that come in a
     * row for each counted operand although the ops between know no counts.
     */
    public Value counted(Value x, Value count, long... dims) {
        Shape shape = Shape.of(dims);
        checkOwn("the count of " + x, count);
        if (count.type().dtype() != DType.I32 || count.type().shape().rank() >= shape.rank()) {
            throw new GraphException(x + " as " + shape + " can't have the count " + count);
        }
        Value v = reshape(x, dims);
        Value result = new Value(v.id(), v.type(), count, recording);
        replaceLast(result);
        return result;
    }

    /** Makes the last node's result this one, which is the same but for its count. */
    private void replaceLast(Value result) {
        Node n = nodes.removeLast();
        nodes.add(new Node(n.id(), n.name(), n.op(), n.inputs(), List.of(result)));
        makers.set(result.id(), nodes.getLast());
    }

    /**
     * The node that makes a value: for what looks back at what was recorded.
     *
     * @throws GraphException if the value belongs to another graph
     */
    public Node producer(Value v) {
        checkOwn("a look back", v);
        return makers.get(v.id());
    }

    /** Names an intermediate result, so that it can be kept and compared; returns it. */
    public Value stage(String name, Value v) {
        checkOwn("stage '" + name + "'", v);
        if (stages.put(name, v) != null) {
            throw new GraphException("stage '" + name + "' is named twice");
        }
        return v;
    }

    /** Makes a value an output under a name; returns it. */
    public Value output(String name, Value v) {
        checkOwn("output '" + name + "'", v);
        if (outputs.put(name, v) != null) {
            throw new GraphException("output '" + name + "' is named twice");
        }
        return v;
    }

    /**
     * The graph recorded so far.
     *
     * @throws GraphException if it has no output and updates no state
     */
    public Graph build() {
        if (outputs.isEmpty() && nodes.stream().noneMatch(n -> n.op() instanceof StateOp)) {
            throw new GraphException("the graph has no output");
        }
        return new Graph(nodes, values, outputs, stages);
    }
}
