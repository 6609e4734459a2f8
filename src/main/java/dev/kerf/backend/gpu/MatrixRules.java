package dev.kerf.backend.gpu;

import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.Node;
import java.util.List;

/** Kernels for {@link MatrixOp}s. */
final class MatrixRules {
    private MatrixRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(MatrixOp op, Node node, Target target) {
        throw target.unsupported(node, "it has no kernel");
    }
}
