package dev.kerf.backend.gpu;

import dev.kerf.graph.Node;
import dev.kerf.graph.StateOp;
import java.util.List;

/** Kernels for {@link StateOp}s. */
final class StateRules {
    private StateRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(StateOp op, Node node, Target target) {
        throw target.unsupported(node, "it has no kernel");
    }
}
