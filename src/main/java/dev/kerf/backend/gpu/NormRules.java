package dev.kerf.backend.gpu;

import dev.kerf.graph.Node;
import dev.kerf.graph.NormOp;
import java.util.List;

/** Kernels for {@link NormOp}s. */
final class NormRules {
    private NormRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(NormOp op, Node node, Target target) {
        throw target.unsupported(node, "it has no kernel");
    }
}
