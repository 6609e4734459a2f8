package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Kernels for {@link SpatialOp}s. A transposed convolution is a convolution for each phase of its output, the pixels with
 * the same remainders by the strides (Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?"):
 * each uses only the taps that meet it, so that nothing is multiplied by the zeros between the inputs, and no two add to
 * the same pixel.
 */
final class SpatialRules {
    /** Neighbours along an axis for which the resizing kernel is made; any others it counts. */
    private static final Set<Integer> UNROLLED_TAPS = Set.of(1, 2, 4);

    private SpatialRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(SpatialOp op, Node node, Target target) {
        return switch (op) {
            case SpatialOp.Conv2d c -> conv2d(c, node, target);
            case SpatialOp.ConvTranspose2d c -> convTranspose2d(c, node, target);
            case SpatialOp.MaxPool2d p ->
                List.of(pool("max_pool2d", p.kernelH(), p.kernelW(), p.window(), node, target));
            case SpatialOp.AvgPool2d p -> List.of(pool("avg_pool2d", p.kernelH(), p.kernelW(), p.window(), node, target)
                    .attribute("INCLUDE_PAD", p.countIncludePad() ? 1 : 0));
            case SpatialOp.Resize r -> List.of(resize(r, node, target));
        };
    }

    private static List<KernelCall> conv2d(SpatialOp.Conv2d op, Node node, Target target) {
        Shape w = node.input(1).type().shape();
        Sizes sizes = sizes(op, node.input(0).type().shape(), w, node.output().type().shape());
        KernelCall call = target.call("conv2d", sizes)
                .choice("ACT", op.activation().code())
                .choice("HAS_RESIDUAL", op.residual() ? 1 : 0);
        List<KernelCall> calls = weight(call, ConvWeight.all(op.groups(), w), node, 0, target);
        operands(call, node, op.bias());
        if (op.residual()) {
            call.tensor("r", node.inputs().getLast());
        } else {
            call.absent("r");
        }
        return joined(calls, sizes, node, target);
    }

    /** The sizes of a convolution of an image (N, C, H, W) by a weight (O, C / groups, KH, KW). */
    static Sizes sizes(SpatialOp.Conv2d op, Shape x, Shape w, Shape y) {
        Window2d s = op.window();
        Sizes sizes = Sizes.of()
                .set("N", x.dim(0)).set("groups", op.groups()).set("C", w.dim(1)).set("O", w.dim(0) / op.groups())
                .set("KH", w.dim(2)).set("KW", w.dim(3))
                .set("row_first", -s.padTop()).set("col_first", -s.padLeft())
                .set("row_step", s.strideH()).set("col_step", s.strideW())
                .set("row_tap", s.dilationH()).set("col_tap", s.dilationW())
                .set("y_plane", y.dim(2) * y.dim(3)).set("y_row_first", 0).set("y_col_first", 0)
                .set("y_row_step", 1).set("y_col_step", 1).set("phases", 1);
        // A pointwise convolution has no use for rows: one long row leaves fewer edges.
        boolean flat = w.dim(2) * w.dim(3) == 1 && y.dim(2) == x.dim(2) && y.dim(3) == x.dim(3)
                && s.equals(Window2d.of());
        extents(sizes, x, flat, "H", "W");
        extents(sizes, y, flat, "P", "Q");
        return sizes.set("y_width", flat ? y.dim(2) * y.dim(3) : y.dim(3));
    }

    /** Where groups leave parts of the sums, another launch adds them up. */
    private static List<KernelCall> joined(List<KernelCall> calls, Sizes sizes, Node node, Target target) {
        KernelCall last = calls.getLast();
        if (last.kernel().index("parts") < 0) {
            last.writes(node.output().type().dtype());
            return calls;
        }
        Map<String, Long> s = sizes.map();
        KernelCall join = target.call("join_parts", Sizes.of()
                .set("N", s.get("N")).set("rows", s.get("groups") * s.get("O")).set("columns", s.get("P") * s.get("Q"))
                .set("b_row", 1).set("b_column", 0));
        return Stream.concat(calls.stream(), Stream.of(join.after(last).writes(node.output().type().dtype()))).toList();
    }

    /**
     * The sizes of all phases as one 1×1 convolution with that many times the output channels, where the window is as large as its
     * stride, so that each phase has one tap; null elsewhere.
     */
    static @Nullable Sizes phasesAtOnce(SpatialOp.ConvTranspose2d op, Shape x, Shape w, Shape y) {
        int phases = w.size(2) * w.size(3);
        Window2d s = op.window();
        if (phases == 1 || !s.equals(Window2d.of().stride(w.size(2), w.size(3)))
                || y.dim(2) != x.dim(2) * s.strideH() || y.dim(3) != x.dim(3) * s.strideW()) {
            return null;
        }
        return Sizes.of()
                .set("N", x.dim(0)).set("groups", op.groups()).set("C", x.dim(1) / op.groups())
                .set("O", w.dim(1) * phases).set("H", x.dim(2)).set("W", x.dim(3)).set("P", x.dim(2)).set("Q", x.dim(3))
                .set("KH", 1).set("KW", 1).set("row_first", 0).set("col_first", 0)
                .set("row_step", 1).set("col_step", 1).set("row_tap", 1).set("col_tap", 1)
                .set("y_plane", y.dim(2) * y.dim(3)).set("y_width", y.dim(3)).set("y_row_first", 0).set("y_col_first", 0)
                .set("y_row_step", s.strideH()).set("y_col_step", s.strideW()).set("phases", phases);
    }

    /** All phases in one launch, if the kernel chosen knows where they go; otherwise none. */
    private static List<KernelCall> phasesAtOnce(SpatialOp.ConvTranspose2d op, Node node, Target target) {
        Shape w = node.input(1).type().shape();
        Sizes sizes = phasesAtOnce(op, node.input(0).type().shape(), w, node.output().type().shape());
        KernelCall call = sizes == null ? null : target.call("conv2d", sizes);
        if (call == null || call.kernel().index("phases") < 0) {
            return new ArrayList<>();
        }
        call.choice("ACT", op.activation().code()).choice("HAS_RESIDUAL", 0).absent("r").writes(node.output().type().dtype());
        operands(call, node, op.bias());
        return weight(call, ConvWeight.phases(op.groups(), w), node, 0, target);
    }

    private static List<KernelCall> convTranspose2d(SpatialOp.ConvTranspose2d op, Node node, Target target) {
        Shape x = node.input(0).type().shape();
        Shape w = node.input(1).type().shape();
        Shape y = node.output().type().shape();
        Window2d s = op.window();
        List<KernelCall> calls = phasesAtOnce(op, node, target);
        if (!calls.isEmpty()) {
            return calls;
        }
        long scratch = 0;
        for (int i = 0; i < s.strideH(); i++) {
            ConvWeight.Phase rows = ConvWeight.Phase.of(i, y.size(2), w.size(2), s.strideH(), s.padTop(), s.dilationH());
            for (int j = 0; j < s.strideW(); j++) {
                ConvWeight.Phase cols = ConvWeight.Phase.of(j, y.size(3), w.size(3), s.strideW(), s.padLeft(), s.dilationW());
                if (rows.outputs() == 0 || cols.outputs() == 0) {
                    continue;
                }
                boolean met = rows.taps() > 0 && cols.taps() > 0;
                Sizes sizes = Sizes.of()
                        .set("N", x.dim(0)).set("groups", op.groups()).set("C", x.dim(1) / op.groups())
                        .set("O", w.dim(1)).set("H", x.dim(2)).set("W", x.dim(3))
                        .set("P", rows.outputs()).set("Q", cols.outputs())
                        .set("KH", met ? rows.taps() : 0).set("KW", met ? cols.taps() : 0)
                        .set("row_first", rows.firstIn()).set("col_first", cols.firstIn())
                        .set("row_step", 1).set("col_step", 1)
                        .set("row_tap", rows.inStep()).set("col_tap", cols.inStep())
                        .set("y_plane", y.dim(2) * y.dim(3)).set("y_width", y.dim(3))
                        .set("y_row_first", i).set("y_col_first", j)
                        .set("y_row_step", s.strideH()).set("y_col_step", s.strideW()).set("phases", 1);
                KernelCall call = target.call("conv2d", sizes)
                        .choice("ACT", op.activation().code())
                        .choice("HAS_RESIDUAL", 0);
                operands(call, node, op.bias());
                call.absent("r");
                if (met) {
                    ConvWeight layout = ConvWeight.phase(op.groups(), w, rows, cols);
                    List<KernelCall> both = weight(call, layout, node, scratch, target);
                    scratch = both.stream().mapToLong(KernelCall::scratchBytes).max().orElse(scratch);
                    calls.addAll(joined(both, sizes, node, target));
                } else {
                    calls.add(call.absent("w").writes(node.output().type().dtype()));
                }
            }
        }
        return calls;
    }

    /** Binds the weight: packed when it is loaded, or before each run where it is computed. */
    private static List<KernelCall> weight(
            KernelCall call, ConvWeight layout, Node node, long scratch, Target target) {
        ConvWeight.Panels panels = ConvWeight.Panels.of(call);
        Value w = node.input(1);
        if (target.fixed(w)) {
            call.tensor("w", w, layout.packing(panels));
            return List.of(call);
        }
        long bytes = Math.multiplyExact(layout.elements(panels.tile()), (long) target.storage().bytes());
        long offset = call.nextScratch(scratch);
        call.scratch("w", offset, bytes);
        Sizes sizes = Sizes.of()
                .set("groups", layout.groups()).set("O", layout.o()).set("C", layout.c())
                .set("KH", layout.rows()).set("KW", layout.cols())
                .set("w_group", layout.groupStep()).set("w_o", layout.oStep()).set("w_c", layout.cStep())
                .set("tap_first", layout.first()).set("tap_row", layout.rowStep()).set("tap_col", layout.colStep())
                .set("tile", panels.tile()).set("taps_inner", panels.tapsInner() ? 1 : 0);
        KernelCall pack = target.call("pack_panels", sizes)
                .tensor("w", w)
                .scratch("y", offset, bytes);
        return List.of(pack, call);
    }

    private static void operands(KernelCall call, Node node, boolean bias) {
        call.tensor("x", node.input(0)).tensor("y", node.output()).choice("HAS_BIAS", bias ? 1 : 0);
        if (bias) {
            call.tensor("b", node.input(2));
        } else {
            call.absent("b");
        }
    }

    private static KernelCall pool(
            String kernel, int kernelH, int kernelW, Window2d s, Node node, Target target) {
        Sizes sizes = sizes(kernelH, kernelW, s, node.input(0).type().shape(), node.output().type().shape());
        return target.call(kernel, sizes).tensor("x", node.input(0)).tensor("y", node.output());
    }

    /** The sizes of a pooling of an image (N, C, H, W). */
    static Sizes sizes(int kernelH, int kernelW, Window2d s, Shape x, Shape y) {
        return images(x, y)
                .set("KH", kernelH).set("KW", kernelW)
                .set("row_first", -s.padTop()).set("col_first", -s.padLeft())
                .set("row_step", s.strideH()).set("col_step", s.strideW())
                .set("row_tap", s.dilationH()).set("col_tap", s.dilationW())
                .set("row_pad", s.padBottom()).set("col_pad", s.padRight());
    }

    private static KernelCall resize(SpatialOp.Resize op, Node node, Target target) {
        Shape x = node.input(0).type().shape();
        return tables(target.call("resize", images(x, node.output().type().shape())), op, x.size(2), x.size(3))
                .tensor("x", node.input(0))
                .tensor("y", node.output());
    }

    /** Binds the neighbours that a resizing of images of so many rows and columns takes. */
    static KernelCall tables(KernelCall call, SpatialOp.Resize op, int h, int w) {
        ResizeTable rows = ResizeTable.of(op, h, op.outH(), op.scaleH());
        ResizeTable cols = ResizeTable.of(op, w, op.outW(), op.scaleW());
        return call
                .attribute("TAPS", rows.taps() == cols.taps() && UNROLLED_TAPS.contains(rows.taps()) ? rows.taps() : 0)
                .number("row_taps", rows.taps())
                .number("col_taps", cols.taps())
                .table("row_index", rows.indices())
                .table("row_weight", rows.weights())
                .table("col_index", cols.indices())
                .table("col_weight", cols.weights());
    }

    /** The sizes of a resampling or pooling. */
    static Sizes images(Shape x, Shape y) {
        Sizes sizes = Sizes.of().set("N", x.dim(0)).set("C", x.dim(1));
        extents(sizes, x, false, "H", "W");
        extents(sizes, y, false, "OH", "OW");
        return sizes;
    }

    private static void extents(Sizes sizes, Shape s, boolean flat, String rows, String columns) {
        sizes.set(rows, flat ? 1 : s.dim(2)).set(columns, flat ? s.dim(2) * s.dim(3) : s.dim(3));
    }
}
