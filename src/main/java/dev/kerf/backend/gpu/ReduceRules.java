package dev.kerf.backend.gpu;

import dev.kerf.graph.Node;
import dev.kerf.graph.ReduceOp;
import java.util.List;

/** Kernels for {@link ReduceOp}s. */
final class ReduceRules {
    private ReduceRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(ReduceOp op, Node node, Target target) {
        throw target.unsupported(node, "it has no kernel");
    }
}
