package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Compound;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.KernelFamily;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.RowMaker;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.backend.cpu.kernel.Tail;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.LayoutOp;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.StateOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A kernel for every op; those for convolutions, matrix products and attention serve where there are no better ones. */
public final class LightKernels implements KernelFamily {
    private final Lanes lanes;

    /** @param vectors whether {@code jdk.incubator.vector} is there */
    public LightKernels(boolean vectors) {
        this.lanes = Lanes.of(vectors);
    }

    /** The machine's vectors, in words; only where the module is. */
    public static String vectorDescription() {
        return VectorLanes.description();
    }

    @Override
    public @Nullable Compound compound(Node last, Graph graph, Predicate<Value> free, int workers) {
        return Thresholding.of(last, graph, free, lanes);
    }

    /** What makes the rows of a layer norm over the last axis; only where the machine's vectors are. */
    public static RowMaker rows(Site site) {
        return RowNorm.of((NormOp.LayerNorm) site.node().op(), site, Lanes.of(true));
    }

    @Override
    public boolean takes(Node node) {
        return !(node.op() instanceof SourceOp);
    }

    @Override
    public boolean takes(Node node, Tail tail) {
        return tail.equals(Tail.NONE) || switch (node.op()) {
            case NormOp.LayerNorm n -> !tail.norm() && !tail.residual() && Norms.columns(n, node.output().type().shape(), lanes,
                    tail.transposed());
            case MoveOp.Permute p -> p.order().equals(List.of(0, 2, 1))
                    && tail.equals(new Tail(false, 0, Activation.NONE, false, true))
                    && node.input(0).type().dtype() == DType.F32 && node.input(0).count() == null
                    && node.input(0).type().shape().dim(1) > 1 && node.input(0).type().shape().dim(2) > 1;
            default -> false;
        };
    }

    @Override
    public long scratchFloats(Node node, int workers) {
        if (node.op() instanceof BoxOp.RoiAlign op) {
            return Alignment.scratchFloats(op, node, workers);
        }
        Shape x = node.inputs().getFirst().type().shape();
        return workers * switch (node.op()) {
            case SpatialOp.MaxPool2d p -> 2L * Pools.padded(
                    x.size(3), node.output().type().shape().size(3), p.kernelW(), p.window());
            case SpatialOp.AvgPool2d p -> 2L * Pools.padded(
                    x.size(3), node.output().type().shape().size(3), p.kernelW(), p.window());
            case SpatialOp.Resize r -> x.dim(3);
            case NormOp.LayerNorm n -> Norms.room(x.size(n.axis()));
            case NormOp n -> 2L * Norms.COLUMNS;
            case ReduceOp r -> (long) Norms.COLUMNS;
            case MatrixOp.Attention a -> Math.max(1, a.shape(1, node).dim(2));
            default -> 0L;
        };
    }

    @Override
    public boolean strided(Node node, Value value) {
        return value.count() == null && switch (node.op()) {
            case SpatialOp s -> value.type().shape().rank() == 4;
            case MatrixOp.Rotary r -> value.type().shape().rank() > 2;
            case NormOp.BatchNorm n -> value.type().shape().rank() >= 2;
            case NormOp.GroupNorm n -> value.type().shape().rank() >= 2;
            case PointwiseOp.Unary u -> true;
            case PointwiseOp.Clamp c -> true;
            case MoveOp.Concat c -> c.axis() > 0;
            default -> false;
        };
    }

    @Override
    public String algorithm(Node node) {
        return node.op().kind() + (lanes instanceof PlainLanes ? " (plain Java)" : "");
    }

    @Override
    public List<Kernel> build(Site site) {
        return switch (site.node().op()) {
            case SpatialOp.Conv2d op -> List.of(PlainConvolution.of(op, site, lanes));
            case SpatialOp.ConvTranspose2d op -> List.of(PlainConvolution.of(op, site, lanes));
            case SpatialOp.MaxPool2d op -> Pools.build(op, site, lanes);
            case SpatialOp.AvgPool2d op -> Pools.build(op, site, lanes);
            case SpatialOp.Resize op -> List.of(new Resizing(op, site, lanes));
            case MatrixOp.MatMul op -> List.of(PlainMatrix.of(op, site, lanes));
            case MatrixOp.Attention op -> List.of(PlainMatrix.of(op, site, lanes));
            case MatrixOp.Rotary op ->
                List.of(new Rotation(site.operand(0), site.operand(1), site.operand(2), site.result(0), lanes));
            case NormOp op -> Norms.build(op, site, lanes);
            case PointwiseOp op -> Pointwise.build(op, site, lanes);
            case MoveOp op -> Moves.build(op, site, lanes);
            case ReduceOp op -> Reductions.build(op, site, lanes);
            case SelectOp.Compact op -> Selections.build(op, site);
            case SelectOp.TopK op -> Ranking.build(op, site);
            case SelectOp.Rank op -> Ranking.build(op, site);
            case StateOp op -> Selections.build(op, site);
            case MeasureOp.Overlap op -> Overlaps.build(op, site);
            case MeasureOp.Confusion op -> Confusions.build(op, site);
            case MeasureOp.Components op -> List.of(new Components(op.connectivity() == 8, site.operand(0),
                    site.result(0), site.result(1)));
            case FrameOp op -> Frames.build(op, site, lanes);
            case BoxOp.DecodeBoxes op -> Boxes.build(op, site);
            case BoxOp.Nms op -> Boxes.build(op, site);
            case BoxOp.RoiAlign op -> Alignment.build(op, site, lanes);
            case BoxOp.PasteMasks op -> List.of(new Pasting(op, site));
            case LayoutOp op -> throw new IllegalArgumentException(op + " has no kernel");
            case SourceOp op -> throw new IllegalArgumentException(op + " has no kernel");
        };
    }
}
