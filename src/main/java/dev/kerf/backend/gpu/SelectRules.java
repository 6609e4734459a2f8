package dev.kerf.backend.gpu;

import dev.kerf.graph.Node;
import dev.kerf.graph.SelectOp;
import java.util.List;

/** Kernels for {@link SelectOp}s. */
final class SelectRules {
    private SelectRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(SelectOp op, Node node, Target target) {
        throw target.unsupported(node, "it has no kernel");
    }
}
