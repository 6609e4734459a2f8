package dev.kerf.backend.gpu;

import dev.kerf.graph.Node;
import dev.kerf.graph.SelectOp;
import java.util.List;

/** Kernels for {@link SelectOp}s. */
final class SelectRules {
    private SelectRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(SelectOp op, Node node, Target target) {
        return List.of(switch (op) {
            case SelectOp.Compact c -> {
                KernelCall call = target.call("compact", Sizes.of()
                                .set("R", node.input(0).type().shape().dim(0))
                                .set("capacity", c.capacity()))
                        .real("threshold", c.threshold())
                        .tensor("scores", node.input(0))
                        .tensor("indices", node.outputs().get(0))
                        .tensor("found", node.outputs().get(1))
                        .errors(node);
                yield Count.of(node.input(0)).bind(call);
            }
        });
    }
}
