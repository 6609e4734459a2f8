package dev.kerf.backend.gpu;

import dev.kerf.graph.Node;
import dev.kerf.graph.PointwiseOp;
import java.util.List;

/** Kernels for {@link PointwiseOp}s. */
final class PointwiseRules {
    private PointwiseRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(PointwiseOp op, Node node, Target target) {
        throw target.unsupported(node, "it has no kernel");
    }
}
