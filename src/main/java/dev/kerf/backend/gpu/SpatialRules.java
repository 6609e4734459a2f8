package dev.kerf.backend.gpu;

import dev.kerf.graph.Node;
import dev.kerf.graph.SpatialOp;
import java.util.List;

/** Kernels for {@link SpatialOp}s. */
final class SpatialRules {
    private SpatialRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(SpatialOp op, Node node, Target target) {
        throw target.unsupported(node, "it has no kernel");
    }
}
