package dev.kerf.check.oracle;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.LayoutOp;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.plan.WeightValues;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What every op means: plain loops in float64, node by node, as the op records state it. The reference that the kernels of
 * all back ends are tested against; far too slow for anything else.
 *
 * <pre>{@code
 * Oracle.Result r = Oracle.run(graph, weights, Map.of("image", image), Map.of(), Oracle.Rounding.NONE);
 * HostTensor logits = r.outputs().get("logits");   // F64
 * HostTensor inside = r.value(graph.stages().get("down1"));
 * }</pre>
 */
public final class Oracle {
    /** What becomes of the float64 result of a node that makes float32. */
    public enum Rounding {
        /** Rounded to float32, as an ideal float32 implementation would; results are F32. */
        EACH_NODE,
        /** Kept, so that errors of an implementation can be measured against it; results are F64. */
        NONE
    }

    /**
     * What a graph computed.
     *
     * @param outputs by name
     * @param states  after the run, by name
     * @param values  every value, by id
     */
    public record Result(Map<String, HostTensor> outputs, Map<String, HostTensor> states, List<HostTensor> values) {
        /** One value: an output, a stage, anything. */
        public HostTensor value(Value v) {
            return values.get(v.id());
        }
    }

    private final Graph graph;
    private final Weights weights;
    private final Rounding rounding;
    private final Wide[] values;

    private Oracle(Graph graph, Weights weights, Rounding rounding) {
        this.graph = graph;
        this.weights = weights;
        this.rounding = rounding;
        this.values = new Wide[graph.values()];
    }

    /** Computes a graph, rounding each node's result to float32; see the other form. */
    public static Result run(
            Graph graph, Weights weights, Map<String, HostTensor> inputs, Map<String, HostTensor> states) {
        return run(graph, weights, inputs, states, Rounding.EACH_NODE);
    }

    /**
     * Computes a graph.
     *
     * @param weights numbers for its weights; null if it has none
     * @param inputs  a tensor for each input slot
     * @param states  states before the run, unchanged by it; one that isn't there is 0
     * @throws BadInputException                            if an input is missing or of another type, or an index is out of
     *                                                      range
     * @throws dev.kerf.error.CapacityExceededException if a count outgrows its capacity
     */
    public static Result run(Graph graph, Weights weights, Map<String, HostTensor> inputs,
            Map<String, HostTensor> states, Rounding rounding) {
        Oracle o = new Oracle(graph, weights, rounding);
        Map<String, Wide> memory = new LinkedHashMap<>();
        for (Node n : graph.nodes()) {
            o.compute(n, inputs, states, memory);
        }
        DType floats = rounding == Rounding.NONE ? DType.F64 : DType.F32;
        List<HostTensor> all = new ArrayList<>();
        for (Wide w : o.values) {
            all.add(w == null ? null : w.toHost(floats)); // a fused graph doesn't make all that was recorded
        }
        Map<String, HostTensor> outputs = new LinkedHashMap<>();
        graph.outputs().forEach((name, v) -> outputs.put(name, all.get(v.id())));
        Map<String, HostTensor> after = new LinkedHashMap<>();
        memory.forEach((name, w) -> after.put(name, w.toHost(floats)));
        return new Result(Collections.unmodifiableMap(outputs), Collections.unmodifiableMap(after), all);
    }

    private void compute(
            Node n, Map<String, HostTensor> inputs, Map<String, HostTensor> states, Map<String, Wide> memory) {
        List<Wide> in = n.inputs().stream().map(v -> values[v.id()]).toList();
        switch (n.op()) {
            case SourceOp.Input s -> source(n, given(inputs, s.slot(), s.type()));
            case SourceOp.Weight w -> source(n, WeightValues.evaluate(w.expr(), weights));
            case SourceOp.Constant c -> source(n, c.value());
            case SourceOp.State s -> {
                HostTensor before = states.get(s.name());
                source(n, before == null
                        ? HostTensor.zeros(s.type().dtype(), s.type().shape())
                        : given(states, s.name(), s.type()));
                memory.put(s.name(), values[n.output().id()]);
            }
            case StateOp s -> {
                values[n.output().id()] = in.getFirst();
                ScalarSelect.update(s, n, in);
            }
            case SelectOp op -> ScalarSelect.run(op, n, in.getFirst(), result(n, 0), result(n, 1));
            case LayoutOp op -> ScalarLayout.run(op, in, result(n, 0));
            case SpatialOp op -> spatial(op, in, result(n, 0));
            case MatrixOp.MatMul m -> ScalarMatrix.matMul(m, in, result(n, 0));
            case MatrixOp.Attention a -> ScalarMatrix.attention(a, in, result(n, 0));
            case MatrixOp.Rotary r -> ScalarMatrix.rotary(in, result(n, 0));
            case NormOp op -> ScalarNorm.run(op, in, result(n, 0));
            case PointwiseOp op -> ScalarPointwise.run(op, in, result(n, 0));
            case MoveOp.Gather g -> {
                for (int i = 0; i < g.tensors(); i++) {
                    ScalarMove.gather(n, in.get(i), in.getLast(), result(n, i));
                }
            }
            case MoveOp op -> ScalarMove.run(op, in, result(n, 0));
            case ReduceOp op -> ScalarReduce.run(op, in.getFirst(), result(n, 0));
            case MeasureOp op -> ScalarMeasure.run(op, in, result(n, 0), second(n));
            case FrameOp op -> ScalarFrame.run(op, in, result(n, 0));
            case BoxOp op -> ScalarBoxes.run(op, n, in, result(n, 0), second(n));
        }
        if (rounding == Rounding.EACH_NODE) {
            n.outputs().forEach(v -> round(values[v.id()]));
        }
    }

    private static HostTensor given(Map<String, HostTensor> tensors, String name, TensorType type) {
        HostTensor t = tensors.get(name);
        boolean wide = type.dtype() == DType.F32 && t != null && t.dtype() == DType.F64;
        if (t == null || !t.shape().equals(type.shape()) || t.dtype() != type.dtype() && !wide) {
            throw new BadInputException("'" + name + "': expected " + type + ", given " + t);
        }
        return t;
    }

    private void source(Node n, HostTensor t) {
        Wide w = Wide.of(t, counts(n.output()));
        values[n.output().id()] = new Wide(n.output().type(), w.count(), w.v());
    }

    private Wide counts(Value v) {
        return v.count() == null ? null : values[v.count().id()];
    }

    private Wide result(Node n, int i) {
        Value v = n.outputs().get(i);
        if (v.count() != null && values[v.count().id()] == null) {
            values[v.count().id()] = Wide.zeros(v.count().type(), null);
        }
        if (values[v.id()] == null) {
            values[v.id()] = Wide.zeros(v.type(), counts(v));
        }
        return values[v.id()];
    }

    private Wide second(Node n) {
        return n.outputs().size() > 1 ? result(n, 1) : null;
    }

    private static void round(Wide w) {
        if (w.type().dtype() == DType.F32) {
            for (int i = 0; i < w.v().length; i++) {
                w.v()[i] = (float) w.v()[i];
            }
        }
    }

    /** An op of images (N, C, H, W). */
    static void spatial(SpatialOp op, List<Wide> in, Wide y) {
        switch (op) {
            case SpatialOp.Conv2d c -> ScalarConvolution.conv2d(c, in, y);
            case SpatialOp.ConvTranspose2d c -> ScalarConvolution.convTranspose2d(c, in, y);
            case SpatialOp.MaxPool2d p -> ScalarPool.max(p, in.getFirst(), y);
            case SpatialOp.AvgPool2d p -> ScalarPool.average(p, in.getFirst(), y);
            case SpatialOp.Resize r -> ScalarResize.resize(r, in.getFirst(), y);
        }
    }
}
