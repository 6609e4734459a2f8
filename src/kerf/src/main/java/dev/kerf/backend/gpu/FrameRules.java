package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph.Node;
import dev.kerf.image.Nv12;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Kernels for {@link FrameOp}s. */
final class FrameRules {
    /** Fewer pixels than this aren't worth a part of their own. */
    private static final long SMALLEST_PART = 1 << 13;

    private FrameRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(FrameOp op, Node node, Target target) {
        return switch (op) {
            case FrameOp.FromPixels p -> List.of(fromPixels(p, node, target));
            case FrameOp.FromNv12 v -> List.of(fromNv12(v, node, target));
            case FrameOp.ImageStatistics s -> statistics(node, target);
            case FrameOp.Standardise s -> List.of(standardise(node, target));
        };
    }

    private static KernelCall fromPixels(FrameOp.FromPixels op, Node node, Target target) {
        Shape x = node.input(0).type().shape();
        DType dtype = node.input(0).type().dtype();
        int[] channels = op.channels().stream().mapToInt(c -> c).toArray();
        Sizes sizes = Sizes.of().set("N", x.dim(0)).set("pixels", x.dim(1) * x.dim(2)).set("C", x.dim(3))
                .set("planes", node.output().type().shape().dim(1));
        return target.call("from_pixels", sizes)
                .attribute("X_T", Target.stored(dtype))
                .attribute("FULL", dtype == DType.U8 ? 255 : 65535)
                .attribute("LUMA", op.luma() ? 1 : 0)
                .tensor("x", node.input(0))
                .table("channels", HostTensor.of(Shape.of(channels.length), channels))
                .tensor("y", node.output());
    }

    /** The factors follow from the luma weights of red and blue (ITU-R BT.601-7 and BT.709-6, section 3). */
    private static KernelCall fromNv12(FrameOp.FromNv12 op, Node node, Target target) {
        Shape y = node.output().type().shape();
        boolean full = op.matrix() == Nv12.Matrix.BT601_FULL;
        boolean bt709 = op.matrix() == Nv12.Matrix.BT709_LIMITED;
        double red = bt709 ? 0.2126 : 0.299;
        double blue = bt709 ? 0.0722 : 0.114;
        double green = 1 - red - blue;
        return target.call("from_nv12", Sizes.of().set("N", y.dim(0)).set("H", y.dim(2)).set("W", y.dim(3)))
                .tensor("x", node.input(0))
                .tensor("y", node.output())
                .real("luma_zero", full ? 0 : 16)
                .real("luma_scale", full ? 1 / 255.0 : 1 / 219.0)
                .real("chroma_scale", full ? 1 / 255.0 : 1 / 224.0)
                .real("red_cr", 2 * (1 - red))
                .real("green_cb", -2 * (1 - blue) * blue / green)
                .real("green_cr", -2 * (1 - red) * red / green)
                .real("blue_cb", 2 * (1 - blue));
    }

    /** Sums of x, the mean, sums of squares about it, the deviation: two readings of x, and no cancellation. */
    private static List<KernelCall> statistics(Node node, Target target) {
        Shape x = node.input(0).type().shape();
        long planes = x.dim(0) * x.dim(1);
        long pixels = x.dim(2) * x.dim(3);
        long busy = Math.ceilDiv(8L * target.facts().info().computeUnits(), Math.max(1, planes));
        long parts = Math.clamp(busy, 1, Math.max(1, Math.ceilDiv(pixels, SMALLEST_PART)));
        Sizes sizes = Sizes.of().set("N", x.dim(0)).set("C", x.dim(1)).set("pixels", pixels).set("parts", parts)
                .set("chunk", Math.ceilDiv(pixels, parts)).set("planes", planes);
        long meanBytes = Math.ceilDiv(planes * 8, 256L) * 256;
        KernelCall[] calls = new KernelCall[4];
        for (int last = 0; last < 2; last++) {
            KernelCall sum = target.call("image_sum", sizes)
                    .attribute("CENTRED", last)
                    .tensor("x", node.input(0))
                    .scratch("y", meanBytes, planes * parts * 8);
            calls[2 * last] = last == 1 ? sum.scratch("mean", 0, planes * 8) : sum.absent("mean");
            KernelCall total = target.call("image_statistics", sizes)
                    .attribute("LAST", last)
                    .scratch("x", meanBytes, planes * parts * 8)
                    .scratch("mean", 0, planes * 8);
            calls[2 * last + 1] = last == 1 ? total.tensor("y", node.output()) : total.absent("y");
        }
        return List.of(calls);
    }

    private static KernelCall standardise(Node node, Target target) {
        Shape x = node.input(0).type().shape();
        Shape s = node.input(1).type().shape();
        Sizes sizes = Sizes.of().set("N", x.dim(0)).set("C", x.dim(1)).set("inner", x.dim(2) * x.dim(3))
                .set("s_step", s.dim(0) == x.dim(0) ? 2 * s.dim(1) : 0);
        return target.call("standardise", sizes)
                .tensor("x", node.input(0))
                .tensor("s", node.input(1))
                .tensor("y", node.output());
    }
}
