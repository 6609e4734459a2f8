package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.ImageLayout;
import dev.kerf.graph.LayoutOp;
import dev.kerf.graph.LayoutOp.InLayout;
import dev.kerf.graph.LayoutOp.Moved;
import dev.kerf.graph.LayoutOp.Reorder;
import dev.kerf.graph.LayoutOp.Turned;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Conv2d;
import dev.kerf.graph.SpatialOp.ConvTranspose2d;
import dev.kerf.graph.SpatialOp.MaxPool2d;
import dev.kerf.graph.SpatialOp.Resize;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.plan.Layouts;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Kernels for {@link LayoutOp}s: those whose manifest says {@code "images": "channels_last"}. Which ops work in that layout is
 * what the manifests' {@code when} say.
 */
public final class LayoutRules {
    private LayoutRules() {}

    /**
     * A graph with the layouts that this device's kernels want.
     *
     * @param target of the fused graph
     * @param kept   values that the caller reads
     */
    public static Graph assign(Target target, Collection<Value> kept) {
        return Layouts.assign(target.graph(), kept, ImageLayout.CHANNELS_LAST, n -> runs(n, target));
    }

    /** Whether the kernel that would be chosen takes images in the node's layout. */
    private static boolean runs(Node node, Target target) {
        InLayout op = (InLayout) node.op();
        boolean weighted = op.op() instanceof Conv2d || op.op() instanceof ConvTranspose2d;
        boolean fixed = !weighted || target.fixed(node.input(op.channels().size()));
        Sizes sizes = fixed ? sizes(op, node) : null;
        KernelCall call = sizes == null ? null : target.at(node).call(kernel(op.op()), sizes);
        return call != null && call.kernel().images() == op.in()
                && (node.input(0).type().dtype() == node.output().type().dtype() || call.widens());
    }

    /**
     * Whether a convolution's kernel in another layout can write its result as float32.
     *
     * @param node of a graph whose values are all float32
     */
    static boolean widens(Node node, Target target) {
        if (!(node.op() instanceof Conv2d) && !(node.op() instanceof ConvTranspose2d)) {
            return false;
        }
        Value x = node.input(0);
        List<Value> in = new ArrayList<>(node.inputs());
        in.set(0, new Value(x.id(), x.type().as(ImageLayout.CHANNELS_LAST.stored(x.type().shape())), x.count(), x.recording()));
        InLayout op = new InLayout((SpatialOp) node.op(), ImageLayout.CHANNELS_LAST, ImageLayout.CHANNELS_FIRST,
                List.of(x.type().shape().size(1)));
        Sizes sizes = target.fixed(node.input(1))
                ? sizes(op, new Node(node.id(), node.name(), op, in, node.outputs()))
                : null;
        KernelCall call = sizes == null ? null : target.call("conv2d", sizes);
        return call != null && call.kernel().images() == op.in() && call.widens();
    }

    /** The launches of a node. */
    static List<KernelCall> lower(LayoutOp op, Node node, Target target) {
        return switch (op) {
            case Reorder r -> List.of(reorder(r, node, target));
            case InLayout o -> List.of(lower(o, node, target));
            case Turned t -> MatrixRules.lower(t, node, target);
            case Moved m -> MatrixRules.lower(m, node, target);
        };
    }

    private static KernelCall reorder(Reorder op, Node node, Target target) {
        Shape image = op.from().image(node.input(0).type().shape(), op.channels());
        return target.call(op.to() == ImageLayout.CHANNELS_LAST ? "channels_last" : "channels_first", Sizes.of()
                .set("N", image.dim(0)).set("C", image.dim(1)).set("pixels", image.dim(2) * image.dim(3)))
                .tensor("x", node.input(0))
                .tensor("y", node.output());
    }

    private static KernelCall lower(InLayout op, Node node, Target target) {
        KernelCall call = target.call(kernel(op.op()), sizes(op, node)).tensor("x", node.input(0)).tensor("y", node.output())
                .writes(node.output().type().dtype());
        if (call.kernel().images() != op.in()) {
            throw target.unsupported(node, "no kernel for images in " + op.in());
        }
        return switch (op.op()) {
            case Conv2d c -> {
                if (c.residual()) {
                    call.tensor("r", node.inputs().getLast());
                }
                yield convolution(call, c.activation().code(), c.bias(), c.residual(),
                        ConvWeight.all(c.groups(), weight(op, node)), op, node);
            }
            case ConvTranspose2d c -> convolution(call, c.activation().code(), c.bias(), false,
                    ConvWeight.phases(c.groups(), weight(op, node)), op, node);
            case Resize r ->
                SpatialRules.tables(call, r, node.input(0).type().shape().size(1), node.input(0).type().shape().size(2));
            default -> call;
        };
    }

    private static KernelCall convolution(
            KernelCall call, int activation, boolean bias, boolean residual, ConvWeight weight, InLayout op, Node node) {
        int sources = op.channels().size();
        // Pixels are counted through all images.
        call.dense("x").dense("x2").tensor("w", node.input(sources), weight.packing(ConvWeight.Blocks.of(call)))
                .choice("ACT", activation)
                .choice("HAS_BIAS", bias ? 1 : 0)
                .choice("HAS_RESIDUAL", residual ? 1 : 0);
        call = bias ? call.tensor("b", node.input(sources + 1)) : call.absent("b");
        call = sources > 1 ? call.tensor("x2", node.input(1)) : call.absent("x2");
        return residual ? call : call.absent("r");
    }

    private static String kernel(SpatialOp op) {
        return switch (op) {
            case MaxPool2d p -> "max_pool2d";
            case Resize r -> "resize";
            default -> "conv2d";
        };
    }

    /** The sizes of an op's kernel; null if no kernel does it in one launch. */
    private static Sizes sizes(InLayout op, Node node) {
        List<TensorType> in = op.recorded(node.inputs().stream().map(Value::type).toList());
        Shape x = in.getFirst().shape();
        Shape y = op.out().image(node.output().type().shape(), op.op().infer(in).getFirst().shape().dim(1));
        Sizes sizes = switch (op.op()) {
            case Conv2d c -> SpatialRules.sizes(c, x, in.get(1).shape(), y);
            case ConvTranspose2d c -> SpatialRules.phasesAtOnce(c, x, in.get(1).shape(), y);
            case MaxPool2d p -> SpatialRules.sizes(p.kernelH(), p.kernelW(), p.window(), x, y);
            case Resize r -> SpatialRules.images(x, y);
            default -> null;
        };
        if (sizes == null) {
            return null;
        }
        // Channels of the first source, or of a group's part of the only one.
        long first = Math.min(op.channels().getFirst(), sizes.map().get("C"));
        return sizes.set("channels_last", 1).set("C1", first)
                .set("y_channels_first", op.out() == ImageLayout.CHANNELS_FIRST ? 1 : 0);
    }

    private static Shape weight(InLayout op, Node node) {
        return node.input(op.channels().size()).type().shape();
    }
}
