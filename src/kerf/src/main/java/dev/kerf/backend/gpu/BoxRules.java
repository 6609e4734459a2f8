package dev.kerf.backend.gpu;

import dev.kerf.backend.Precision.Storage;
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
        if (target.storage() != Storage.F32) {
            throw target.unsupported(node, "coordinates are float32; compile with Precision.FLOAT32");
        }
        return List.of(switch (op) {
            case BoxOp.DecodeBoxes d -> decode(d, node, target);
            case BoxOp.Nms n -> suppress(n, node, target);
            case BoxOp.RoiAlign r -> align(r, node, target);
            case BoxOp.PasteMasks p -> paste(p, node, target);
        });
    }

    private static KernelCall decode(BoxOp.DecodeBoxes op, Node node, Target target) {
        Count count = Count.of(node.output());
        KernelCall call = target.call("decode_boxes", Sizes.of()
                .set("total", node.output().type().shape().elements() / 4)
                .set("extent", count.extent())
                .set("per", Math.max(1, count.spread() / 4)))
                .real("wx", op.wx()).real("wy", op.wy()).real("ww", op.ww()).real("wh", op.wh())
                .real("most", op.most()).real("height", op.height()).real("width", op.width())
                .tensor("boxes", node.input(0))
                .tensor("deltas", node.input(1))
                .tensor("y", node.output());
        return count.bind(call);
    }

    private static KernelCall suppress(BoxOp.Nms op, Node node, Target target) {
        Shape boxes = node.input(0).type().shape();
        boolean shared = node.input(1).type().shape().rank() == 1;
        KernelCall call = target.call("nms", Sizes.of()
                .set("B", boxes.dim(0)).set("M", boxes.dim(1)).set("most", op.most())
                .set("groups_step", shared ? 0 : boxes.dim(1)))
                .real("threshold", op.threshold())
                .real("min_side", op.minSide())
                .tensor("boxes", node.input(0))
                .tensor("groups", node.input(1))
                .tensor("kept", node.outputs().get(0))
                .tensor("found", node.outputs().get(1));
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
