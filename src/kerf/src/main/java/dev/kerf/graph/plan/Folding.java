package dev.kerf.graph.plan;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Ops on weights and constants alone become weights and constants: computed when weights are loaded, not in each run. */
final class Folding {
    private Folding() {}

    /** The graph with such nodes folded; they keep their ids, and what only they read is left for pruning. */
    static Graph fold(Graph graph) {
        Map<Integer, WeightExpr> known = new HashMap<>();
        List<Node> nodes = new ArrayList<>();
        for (Node n : graph.nodes()) {
            Node made = n;
            switch (n.op()) {
                case SourceOp.Weight w -> known.put(n.output().id(), w.expr());
                case SourceOp.Constant c ->
                    known.put(n.output().id(), new WeightExpr.Computed(c, List.of(), c.value().shape()));
                default -> {
                    SourceOp folded = folded(n, known);
                    if (folded != null) {
                        made = new Node(n.id(), n.name(), folded, List.of(), n.outputs());
                        known.put(n.output().id(), folded instanceof SourceOp.Weight w
                                ? w.expr()
                                : new WeightExpr.Computed(folded, List.of(), folded.type().shape()));
                    }
                }
            }
            nodes.add(made);
        }
        return graph.with(nodes, graph.values());
    }

    private static @Nullable SourceOp folded(Node n, Map<Integer, WeightExpr> known) {
        List<WeightExpr> operands = n.inputs().stream().map(v -> known.get(v.id())).filter(Objects::nonNull).toList();
        if (operands.size() < n.inputs().size() || operands.isEmpty() || n.outputs().size() > 1
                || !KnownValues.knows(n) || n.output().count() != null || !within(n, operands)) {
            return null;
        }
        Value y = n.output();
        if (operands.stream().anyMatch(e -> !e.tensors().isEmpty())) {
            return y.type().dtype() == DType.F32
                    ? new SourceOp.Weight(new WeightExpr.Computed(n.op(), operands, y.type().shape()), y.type())
                    : null;
        }
        // A double holds every number of four bytes.
        if (y.type().dtype() != DType.F32 && !(n.op() instanceof MoveOp && y.type().dtype().bytes() <= 4)) {
            return null;
        }
        List<HostTensor> values = operands.stream()
                .map(e -> ((SourceOp.Constant) ((WeightExpr.Computed) e).op()).value()).toList();
        double[] made = KnownValues.of(n.op(), y.type().shape(), values.stream().map(HostTensor::shape).toList(),
                values.stream().map(Folding::wide).toList());
        HostTensor out = HostTensor.zeros(y.type().dtype(), y.type().shape());
        for (int i = 0; i < made.length; i++) {
            out.setDouble(i, made[i]);
        }
        return new SourceOp.Constant(out);
    }

    /** What picks rows out of range raises its error in the run, as it does where the rows are computed. */
    private static boolean within(Node n, List<WeightExpr> operands) {
        if (!(n.op() instanceof MoveOp.Gather)) {
            return true;
        }
        double[] index = operands.get(1) instanceof WeightExpr.Computed c && c.op() instanceof SourceOp.Constant k
                ? wide(k.value())
                : new double[] {-1};
        return Arrays.stream(index).allMatch(i -> i >= 0 && i < operands.getFirst().shape().dim(0));
    }

    private static double[] wide(HostTensor t) {
        double[] out = new double[Math.toIntExact(t.elements())];
        Arrays.setAll(out, t::getDouble);
        return out;
    }
}
