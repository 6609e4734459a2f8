package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.SelectOp;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Kernels for {@link SelectOp}s. */
final class SelectRules {
    private SelectRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(SelectOp op, Node node, Target target) {
        return switch (op) {
            case SelectOp.Compact c -> {
                KernelCall call = target.call("compact", Sizes.of()
                        .set("R", node.input(0).type().shape().dim(0))
                        .set("capacity", c.capacity()))
                        .real("threshold", c.threshold())
                        .tensor("scores", node.input(0))
                        .tensor("indices", node.outputs().get(0))
                        .tensor("found", node.outputs().get(1))
                        .errors(node);
                yield List.of(Count.of(node.input(0)).bind(call));
            }
            case SelectOp.TopK k -> ranked(node, target, k.k(), true, 0);
            case SelectOp.Rank r -> ranked(node, target, r.capacity(), false, r.threshold());
        };
    }

    /** Elements are picked in order of index, their keys kept in scratch memory, and then sorted. */
    private static List<KernelCall> ranked(Node node, Target target, int capacity, boolean best, float threshold) {
        Shape x = node.input(0).type().shape();
        long item = x.product(1, x.rank());
        Sizes sizes = Sizes.of().set("B", x.dim(0)).set("N", item).set("row", item / Math.max(1, x.dim(1)))
                .set("capacity", capacity);
        long bytes = Math.ceilDiv(x.dim(0) * capacity * 4, 256L) * 256;
        KernelCall pick = target.call("pick", sizes)
                .attribute("SELECT", best ? 1 : 0)
                .real("threshold", threshold)
                .tensor("scores", node.input(0))
                .scratch("picked", 0, bytes)
                .scratch("keys", bytes, bytes)
                .errors(node);
        KernelCall order = target.call("order", sizes)
                .attribute("HAS_VALUES", best ? 1 : 0)
                .scratch("picked", 0, bytes)
                .scratch("keys", bytes, bytes)
                .tensor("scores", node.input(0));
        if (best) {
            pick.scratch("found", 2 * bytes, x.dim(0) * 4);
            order.scratch("found", 2 * bytes, x.dim(0) * 4)
                    .tensor("values", node.outputs().get(0))
                    .tensor("indices", node.outputs().get(1));
            return List.of(Count.none().bind(pick), order);
        }
        pick.tensor("found", node.outputs().get(1));
        order.tensor("found", node.outputs().get(1))
                .absent("values")
                .tensor("indices", node.outputs().get(0));
        return List.of(Count.of(node.input(0)).bind(pick), order);
    }
}
