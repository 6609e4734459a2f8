package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Kernels for {@link BoxOp}s. */
final class BoxRules {
    private static final int LEVELS = 5;

    /** Samples along an axis for which the pooling kernel is made; any others it counts. */
    private static final int UNROLLED_SAMPLES = 2;

    private BoxRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(BoxOp op, Node node, Target target) {
        return switch (op) {
            case BoxOp.DecodeBoxes d -> List.of(decode(d, node, target));
            case BoxOp.Nms n -> suppress(n, node, target);
            case BoxOp.RoiAlign r -> List.of(align(r, node, target));
            case BoxOp.PasteMasks p -> List.of(paste(p, node, target));
        };
    }

    private static KernelCall decode(BoxOp.DecodeBoxes op, Node node, Target target) {
        Count count = Count.of(node.output());
        KernelCall call = target.call("decode_boxes", Sizes.of()
                .set("total", node.output().type().shape().elements() / 4)
                .set("extent", count.extent())
                .set("per", Math.max(1, count.spread() / 4))
                .set("R", node.input(0).type().shape().dim(0)).set("D", node.input(1).type().shape().dim(0))
                .set("columns", node.input(1).type().shape().dim(-1)))
                .attribute("PICKED", op.picked() ? 1 : 0)
                .errors(node)
                .real("wx", op.wx()).real("wy", op.wy()).real("ww", op.ww()).real("wh", op.wh())
                .real("most", op.most()).real("height", op.height()).real("width", op.width())
                .tensor("boxes", node.input(0))
                .tensor("deltas", node.input(1))
                .tensor("y", node.output());
        if (op.picked()) {
            call.tensor("box", node.input(2)).tensor("delta", node.input(3));
        } else {
            call.absent("box").absent("delta");
        }
        return count.bind(call);
    }

    /** Where the kernel chosen goes over bits of boxes that suppress others, these are made first. */
    private static List<KernelCall> suppress(BoxOp.Nms op, Node node, Target target) {
        Shape boxes = node.input(0).type().shape();
        boolean shared = node.input(1).type().shape().rank() == 1;
        Sizes sizes = Sizes.of().set("B", boxes.dim(0)).set("M", boxes.dim(1)).set("most", op.most())
                .set("groups_step", shared ? 0 : boxes.dim(1));
        KernelCall nms = compared(op, node, target.call("nms", sizes))
                .tensor("kept", node.outputs().get(0))
                .tensor("found", node.outputs().get(1));
        if (nms.kernel().index("bits") < 0) {
            return List.of(nms);
        }
        long bytes = boxes.dim(0) * boxes.dim(1) * Math.ceilDiv(boxes.dim(1), 32L) * 4;
        nms.scratch("bits", 0, bytes);
        return List.of(compared(op, node, target.call("suppressions", sizes)).scratch("bits", 0, bytes), nms);
    }

    private static KernelCall compared(BoxOp.Nms op, Node node, KernelCall call) {
        call.real("threshold", op.threshold())
                .real("min_side", op.minSide())
                .tensor("boxes", node.input(0))
                .tensor("groups", node.input(1));
        return Count.of(node.input(0)).bind(call);
    }

    private static KernelCall align(BoxOp.RoiAlign op, Node node, Target target) {
        int levels = op.scales().size();
        if (levels > LEVELS) {
            throw target.unsupported(node, "more than " + LEVELS + " levels");
        }
        Shape y = node.output().type().shape();
        int[] sizes = new int[2 * levels];
        float[] scales = new float[levels];
        KernelCall call = target.call("roi_align", Sizes.of()
                .set("B", y.dim(0)).set("R", y.dim(1)).set("C", y.dim(2))
                .set("rows", op.rows()).set("columns", op.columns())
                .set("first_level", op.firstLevel()))
                .number("levels", levels)
                .number("aligned", op.aligned() ? 1 : 0)
                .number("samples", op.samples())
                .attribute("SAMPLES", op.samples() == UNROLLED_SAMPLES ? UNROLLED_SAMPLES : 0)
                .real("side", op.rule().side()).real("canonical", op.rule().level())
                .real("inner", op.rule().inner()).real("outer", op.rule().outer())
                .tensor("boxes", node.input(0))
                .tensor("y", node.output());
        for (int i = 0; i < LEVELS; i++) {
            if (i < levels) {
                Value map = node.input(1 + i);
                sizes[2 * i] = map.type().shape().size(2);
                sizes[2 * i + 1] = map.type().shape().size(3);
                scales[i] = op.scales().get(i).floatValue();
                call.tensor("x" + i, map);
            } else {
                call.absent("x" + i);
            }
        }
        call.table("sizes", HostTensor.of(Shape.of(sizes.length), sizes))
                .table("scales", HostTensor.of(Shape.of(levels), scales));
        return Count.of(node.input(0)).bind(call);
    }

    private static KernelCall paste(BoxOp.PasteMasks op, Node node, Target target) {
        Shape m = node.input(0).type().shape();
        KernelCall call = target.call("paste_masks", Sizes.of()
                .set("B", m.dim(0)).set("D", m.dim(1)).set("P", m.dim(2))
                .set("H", op.height()).set("W", op.width())
                .set("row_bytes", node.output().type().shape().dim(2)))
                .attribute("EXACT", op.how() == BoxOp.Paste.EXACT ? 1 : 0)
                .real("threshold", op.threshold())
                .tensor("masks", node.input(0))
                .tensor("boxes", node.input(1))
                .tensor("y", node.output());
        return Count.of(node.input(1)).bind(call);
    }
}
