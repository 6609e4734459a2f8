package dev.kerf.cli.bench.report;

import dev.kerf.backend.Precision.Storage;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.Shape;

/**
 * What a graph can't do without.
 *
 * @param flops multiplications and additions of its direct form; those of convolutions and products, one for each
 *              element of other ops
 * @param bytes inputs and weights read once, outputs written once
 */
public record Work(long flops, long bytes) {
    /**
     * Counts a graph.
     *
     * @param storage of weights and constants of float32; inputs, states and outputs are as the graph says, whatever lies between
     */
    public static Work of(Graph graph, Storage storage) {
        long flops = 0;
        long bytes = graph.outputs().values().stream().mapToLong(v -> v.type().bytes()).sum();
        for (Node n : graph.nodes()) {
            if (n.op() instanceof SourceOp.Weight || n.op() instanceof SourceOp.Constant) {
                TensorType type = n.output().type();
                bytes += type.as(storage.of(type.dtype())).bytes();
            } else if (n.op() instanceof SourceOp) {
                bytes += n.output().type().bytes();
            } else {
                flops += flops(n);
            }
        }
        return new Work(flops, bytes);
    }

    private static long flops(Node n) {
        Shape y = n.outputs().getFirst().type().shape();
        return switch (n.op()) {
            case SpatialOp.Conv2d c -> {
                Shape w = n.input(1).type().shape();
                yield 2 * y.elements() * w.dim(1) * w.dim(2) * w.dim(3);
            }
            case SpatialOp.ConvTranspose2d c -> {
                Shape w = n.input(1).type().shape();
                yield 2 * n.input(0).type().shape().elements() * w.dim(1) * w.dim(2) * w.dim(3);
            }
            case SpatialOp.MaxPool2d p -> y.elements() * p.kernelH() * p.kernelW();
            case SpatialOp.AvgPool2d p -> y.elements() * p.kernelH() * p.kernelW();
            case MatrixOp.MatMul m -> 2 * y.elements()
                    * n.input(0).type().shape().dim(m.transposeA() ? -2 : -1);
            case MatrixOp.Attention a -> 2 * y.elements() / y.dim(3) * n.input(1).type().shape().dim(2)
                    * (y.dim(3) + n.input(1).type().shape().dim(3));
            case MeasureOp.Overlap o -> y.dim(0) * y.dim(1) * o.pixels();
            case MeasureOp.Confusion c -> n.input(0).type().shape().elements();
            default -> y.elements();
        };
    }
}
