package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import java.util.List;

/** Which kernel does an attention. */
final class Attentions {
    private Attentions() {}

    static String algorithm(MatrixOp.Attention op, Node node) {
        return FewKeysKernel.suits(op, node)
                ? "few keys"
                : FewQueriesKernel.suits(op, node)
                        ? "few queries"
                        : WindowAttentionKernel.suits(op, node) ? "windows" : "blockwise";
    }

    static long scratchFloats(MatrixOp.Attention op, Node node, int workers) {
        return switch (algorithm(op, node)) {
            case "few keys" -> FewKeysKernel.scratchFloats(op, node, workers);
            case "few queries" -> FewQueriesKernel.scratchFloats(op, node, workers);
            case "windows" -> WindowAttentionKernel.scratchFloats(op, node, workers);
            default -> AttentionKernel.scratchFloats(op, node, workers);
        };
    }

    static List<Kernel> build(MatrixOp.Attention op, Site site) {
        return switch (algorithm(op, site.node())) {
            case "few keys" -> List.of(new FewKeysKernel(op, site));
            case "few queries" -> FewQueriesKernel.build(op, site);
            case "windows" -> List.of(new WindowAttentionKernel(op, site));
            default -> AttentionKernel.build(op, site);
        };
    }
}
