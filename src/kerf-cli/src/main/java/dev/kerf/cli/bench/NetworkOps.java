package dev.kerf.cli.bench;

import dev.kerf.check.SampleInputs;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp.Attention;
import dev.kerf.graph.Op;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The ops that a network consists of once they are fused, each by itself: every op and shape once. */
final class NetworkOps {
    /** What weights are drawn from: small, so that sums stay in range. */
    private static final double RANGE = 0.1;

    private NetworkOps() {}

    /**
     * One op alone.
     *
     * @param node    of the network, the first of its kind and shape
     * @param count   how often the network has it
     * @param graph   of the op; operands that aren't weights or constants are inputs, of full capacity where they are counted
     * @param weights numbers by formula; null if it has none
     */
    record One(Node node, int count, Graph graph, Weights weights) {
        private One more() {
            return new One(node, count + 1, graph, weights);
        }
    }

    /** By name: kind and operands' shapes, with the record's attributes where two differ in nothing else. */
    static Map<String, One> of(Graph network) {
        Map<String, One> all = new LinkedHashMap<>();
        Map<String, String> names = new LinkedHashMap<>();
        Graph fused = Fusion.fuse(network, Set.of());
        for (Node n : fused.nodes()) {
            if (n.op() instanceof SourceOp || n.op() instanceof StateOp) {
                continue;
            }
            Op op = n.op() instanceof Attention a ? new Attention(a.scale(), a.bias()) : n.op();
            String shapes = types(n).stream().map(t -> t.shape() + (t.dtype() == DType.F32 ? "" : " " + t.dtype()))
                    .collect(Collectors.joining(" · "));
            String known = names.get(op + " " + shapes);
            if (known != null) {
                all.computeIfPresent(known, (_, o) -> o.more());
                continue;
            }
            String name = op.kind() + " " + shapes;
            for (int i = 2; all.containsKey(name); i++) {
                name = op.kind() + " " + shapes + " #" + i;
            }
            names.put(op + " " + shapes, name);
            all.put(name, alone(fused, n, op));
        }
        return all;
    }

    /** Types of a node's operands; an attention's as rows that lie one after the other, whatever fusion made of them. */
    private static List<TensorType> types(Node n) {
        List<TensorType> types = new ArrayList<>(n.inputs().stream().map(Value::type).toList());
        if (n.op() instanceof Attention a) {
            for (int i = 0; i < 3; i++) {
                types.set(i, types.get(i).as(a.shape(i, n)));
            }
        }
        return types;
    }

    private static One alone(Graph network, Node n, Op op) {
        GraphBuilder g = new GraphBuilder();
        Map<Integer, Value> made = new LinkedHashMap<>();
        Map<String, HostTensor> weights = new LinkedHashMap<>();
        List<Value> operands = new ArrayList<>();
        for (int i = 0; i < n.inputs().size(); i++) {
            Value v = n.input(i);
            TensorType type = types(n).get(i);
            operands.add(made.computeIfAbsent(v.id(), _ -> switch (network.producer(v).op()) {
                case SourceOp.Weight w when type.equals(v.type()) -> {
                    String name = "w" + weights.size();
                    weights.put(name, SampleInputs.random(name, new TensorType(DType.F32, w.type().shape()), RANGE));
                    yield g.weight(name, w.type().shape());
                }
                case SourceOp.Constant c when type.equals(v.type()) -> g.constant(c.value());
                default -> g.input(op instanceof SelectOp ? "scores" : "x" + made.size(), type);
            }));
        }
        List<Value> results = g.add(op, operands.toArray(Value[]::new));
        for (int i = 0; i < results.size(); i++) {
            g.output(i == 0 ? "y" : "y" + i, results.get(i));
        }
        return new One(n, 1, g.build(), weights.isEmpty() ? null : Weights.of(weights));
    }
}
