package dev.kerf.backend.gpu;

import dev.kerf.backend.Precision.Storage;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Kernels for {@link PointwiseOp}s. */
public final class PointwiseRules {
    private PointwiseRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(PointwiseOp op, Node node, Target target) {
        return List.of(switch (op) {
            case PointwiseOp.Unary u -> unary(node, target, u.function().code(), 0, 0);
            case PointwiseOp.Clamp c -> unary(node, target, PointwiseOp.Clamp.CODE, c.low(), c.high());
            case PointwiseOp.Cast c -> cast(node, target, node.input(0), node.output());
            case PointwiseOp.Binary b -> broadcast(node, target, "binary", "a", "b")
                    .attribute("FUNCTION", b.arithmetic().code())
                    .attribute("ACT", b.activation().code())
                    .attribute("TYPE", Target.stored(node.output().type().dtype()));
            case PointwiseOp.Compare c -> broadcast(node, target, "compare", "a", "b")
                    .attribute("RELATION", c.relation().code())
                    .attribute("TYPE", Target.stored(node.input(0).type().dtype()));
            case PointwiseOp.Where w -> broadcast(node, target, "where", "c", "a", "b")
                    .attribute("TYPE", Target.bits(node.output().type().dtype()));
        });
    }

    private static KernelCall unary(Node node, Target target, int function, float low, float high) {
        Walk walk = Walk.dense(node, target, node.output().type().shape());
        KernelCall call = target.call("unary", walk.counts())
                .attribute("FUNCTION", function)
                .real("low", low)
                .real("high", high);
        walk.bind(call, "x", node.input(0));
        walk.bind(call, "y", node.output());
        return call;
    }

    private static KernelCall cast(Node node, Target target, Value x, Value y) {
        Walk walk = Walk.dense(node, target, y.type().shape());
        KernelCall call = cast(target, walk, type(x, target), type(y, target));
        walk.bind(call, "x", x);
        walk.bind(call, "y", y);
        return call;
    }

    /** What a value is to a conversion: float32 numbers are float where others of the node are shorter. */
    private static String type(Value v, Target target) {
        boolean single = v.type().dtype() == DType.F32 && target.storage() != Storage.F32;
        return single ? "float" : Target.stored(v.type().dtype());
    }

    /** A conversion between two C types, its tensors still to be bound. */
    public static KernelCall cast(Target target, Walk walk, String from, String to) {
        return target.call("cast", walk.counts())
                .attribute("X_T", from)
                .attribute("Y_T", to);
    }

    private static KernelCall broadcast(Node node, Target target, String kernel, String... names) {
        Shape y = node.output().type().shape();
        long[][] strides = new long[names.length + 1][];
        for (int i = 0; i < names.length; i++) {
            strides[i] = node.input(i).type().shape().stridesTo(y);
        }
        // The result's own strides: axes that aren't dense in it must not be merged.
        strides[names.length] = y.strides();
        Walk walk = Walk.of(node, target, y.dims(), strides);
        KernelCall call = target.call(kernel, walk.sizes(names)).attribute("RANK", walk.rank());
        for (int i = 0; i < names.length; i++) {
            walk.bindBroadcast(call, names[i], node.input(i), y);
        }
        walk.bind(call, "y", node.output());
        return call;
    }
}
