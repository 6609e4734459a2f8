package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.NormOp;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Kernels for {@link NormOp}s. */
final class NormRules {
    private NormRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(NormOp op, Node node, Target target) {
        return List.of(switch (op) {
            case NormOp.Softmax s -> softmax(s, node, target);
            case NormOp.LayerNorm n ->
                affine(target.call("layer_norm", rows(node, n.axis())).real("eps", n.eps()), node)
                        .reads(node.input(0).type().dtype());
            case NormOp.GroupNorm n ->
                affine(target.call("group_norm", planes(node).set("groups", n.groups()))
                        .real("eps", n.eps()), node);
            case NormOp.BatchNorm n -> batchNorm(n, node, target);
        });
    }

    private static KernelCall softmax(NormOp.Softmax op, Node node, Target target) {
        Value x = node.input(0);
        boolean counted = x.countAxis() == op.axis();
        KernelCall call = target.call("softmax", rows(node, op.axis()))
                .attribute("HAS_COUNT", counted ? 1 : 0)
                .tensor("x", x)
                .tensor("y", node.output());
        return counted ? call.tensor("count", x.count()) : call.absent("count");
    }

    private static KernelCall batchNorm(NormOp.BatchNorm op, Node node, Target target) {
        return affine(target.call("batch_norm", planes(node)).real("eps", op.eps()), node)
                .tensor("mean", node.input(3))
                .tensor("var", node.input(4));
    }

    private static KernelCall affine(KernelCall call, Node node) {
        return call.tensor("x", node.input(0))
                .tensor("w", node.input(1))
                .tensor("b", node.input(2))
                .tensor("y", node.output());
    }

    private static Sizes rows(Node node, int axis) {
        Shape x = node.output().type().shape();
        return Sizes.of()
                .set("outer", x.product(0, axis))
                .set("n", x.dim(axis))
                .set("inner", x.product(axis + 1, x.rank()));
    }

    private static Sizes planes(Node node) {
        Shape x = node.output().type().shape();
        return Sizes.of().set("N", x.dim(0)).set("C", x.dim(1)).set("inner", x.product(2, x.rank()));
    }
}
