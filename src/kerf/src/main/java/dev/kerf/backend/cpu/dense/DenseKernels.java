package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Compound;
import dev.kerf.backend.cpu.kernel.Intake;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.KernelFamily;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.backend.cpu.kernel.Tail;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.SpatialOp;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The kernels of this package as the CPU back end asks for them. */
public final class DenseKernels implements KernelFamily {
    /** Kernels for this JVM; their inner loops are compiled by a thread beside, from now on. */
    public DenseKernels() {
        WarmTiles.start();
    }

    @Override
    public boolean takes(Node node) {
        return switch (node.op()) {
            case SpatialOp.Conv2d op -> true;
            case SpatialOp.ConvTranspose2d op -> true;
            case MatrixOp.MatMul op -> !sumsOverCount(op, node);
            case MatrixOp.Attention op -> true;
            default -> false;
        };
    }

    /** Whether the inner extent is a capacity: its packed panels would hold what lies past the count. */
    private static boolean sumsOverCount(MatrixOp.MatMul op, Node node) {
        Value a = node.input(0);
        Value b = node.input(1);
        return a.count() != null && a.countAxis() == a.type().shape().rank() - (op.transposeA() ? 2 : 1)
                || b.count() != null && b.countAxis() == b.type().shape().rank() - (op.transposeB() ? 1 : 2);
    }

    @Override
    public boolean takes(Node node, Tail tail) {
        return tail.equals(Tail.NONE) || switch (node.op()) {
            case SpatialOp.Conv2d op -> Convolutions.takes(op, node, tail);
            case SpatialOp.ConvTranspose2d op -> TransposedConvolutions.takes(op, node, tail);
            default -> false;
        };
    }

    @Override
    public @Nullable Compound compound(Node last, Graph graph, Predicate<Value> free, int workers) {
        Compound mlp = Mlp.of(last, graph, free, workers);
        Compound product = mlp != null ? mlp : NormedProduct.of(last, graph, free, workers);
        return product != null ? product : PooledProduct.of(last, graph, free);
    }

    @Override
    public boolean takes(Node node, Intake intake) {
        return intake.equals(Intake.NONE) || switch (node.op()) {
            case MatrixOp.MatMul op -> MatMulKernel.takes(op, node, intake);
            case SpatialOp.ConvTranspose2d op -> TransposedConvolutions.takes(op, node, intake);
            default -> false;
        };
    }

    @Override
    public long scratchFloats(Node node, int workers) {
        return scratchFloats(node, Tail.NONE, workers);
    }

    @Override
    public long scratchFloats(Node node, Tail tail, int workers) {
        return switch (node.op()) {
            case SpatialOp.Conv2d op -> Convolutions.scratchFloats(op, node, tail, workers);
            case SpatialOp.ConvTranspose2d op ->
                Convolutions.scratchFloats(TransposedConvolutions.plan(op, node, tail), workers);
            case MatrixOp.MatMul op -> MatMulKernel.scratchFloats(op, node, workers);
            case MatrixOp.Attention op -> Attentions.scratchFloats(op, node, workers);
            default -> 0;
        };
    }

    @Override
    public boolean strided(Node node, Value value) {
        int rank = value.type().shape().rank();
        return switch (node.op()) {
            case MatrixOp.MatMul op -> rank > 1;
            case MatrixOp.Attention op -> rank == 4 && op.places().isEmpty();
            default -> rank == 4 && !value.equals(node.input(1));
        };
    }

    @Override
    public String algorithm(Node node) {
        return switch (node.op()) {
            case SpatialOp.Conv2d op -> Convolutions.algorithm(op, node);
            case SpatialOp.ConvTranspose2d op -> "by output phase";
            case MatrixOp.Attention op -> Attentions.algorithm(op, node);
            default -> "packed";
        };
    }

    @Override
    public List<Kernel> build(Site site) {
        return switch (site.node().op()) {
            case SpatialOp.Conv2d op -> Convolutions.build(op, site);
            case SpatialOp.ConvTranspose2d op -> TransposedConvolutions.build(op, site);
            case MatrixOp.MatMul op -> List.of(new MatMulKernel(op, site));
            case MatrixOp.Attention op -> Attentions.build(op, site);
            default -> throw new IllegalArgumentException("no dense kernel for " + site.node());
        };
    }
}
