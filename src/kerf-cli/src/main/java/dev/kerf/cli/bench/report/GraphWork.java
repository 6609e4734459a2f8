package dev.kerf.cli.bench.report;

import dev.kerf.backend.Precision.Storage;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.plan.Work;

/** What a graph can't do without: inputs and weights read once, outputs written once. */
public final class GraphWork {
    private GraphWork() {}

    /**
     * Counts a graph.
     *
     * @param storage of weights and constants of float32; inputs, states and outputs are as the graph says, whatever lies between
     */
    public static Work of(Graph graph, Storage storage) {
        long flops = 0;
        long bytes = graph.outputs().values().stream().mapToLong(v -> v.type().bytes()).sum();
        for (Node n : graph.nodes()) {
            if (n.op() instanceof SourceOp.Weight || n.op() instanceof SourceOp.Constant) {
                TensorType type = n.output().type();
                bytes += type.as(storage.of(type.dtype())).bytes();
            } else if (n.op() instanceof SourceOp) {
                bytes += n.output().type().bytes();
            } else {
                flops += Work.flops(n);
            }
        }
        return new Work(flops, bytes);
    }
}
