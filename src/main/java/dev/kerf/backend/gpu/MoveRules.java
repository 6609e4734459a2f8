package dev.kerf.backend.gpu;

import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Node;
import java.util.List;

/** Kernels for {@link MoveOp}s. */
final class MoveRules {
    private MoveRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(MoveOp op, Node node, Target target) {
        throw target.unsupported(node, "it has no kernel");
    }
}
