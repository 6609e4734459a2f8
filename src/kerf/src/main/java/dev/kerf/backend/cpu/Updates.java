package dev.kerf.backend.cpu;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.StateOp;

/** Updates of states: what reads a state, or a view of one, can't be moved past them. */
final class Updates {
    private Updates() {}

    /** Whether one stands from a node on, before another that comes later. */
    static boolean between(Graph graph, Node from, Node to) {
        return graph.nodes().subList(graph.position(from.id()), graph.position(to.id())).stream()
                .anyMatch(n -> n.op() instanceof StateOp);
    }
}
