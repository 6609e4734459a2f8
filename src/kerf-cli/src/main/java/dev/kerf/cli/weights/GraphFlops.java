package dev.kerf.cli.weights;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.tensor.Shape;

/** Arithmetic of a graph's convolutions, matrix products and attentions: two operations for each product that is summed. */
final class GraphFlops {
    private GraphFlops() {}

    static double of(Graph graph) {
        return graph.nodes().stream().mapToDouble(GraphFlops::of).sum();
    }

    private static double of(Node n) {
        return switch (n.op()) {
            case SpatialOp.Conv2d _ -> 2.0 * elements(n) * shape(n, 1).product(1, 4);
            // Each element of the operand meets the kernels of all channels of its group.
            case SpatialOp.ConvTranspose2d _ -> 2.0 * shape(n, 0).elements() * shape(n, 1).product(1, 4);
            case MatrixOp.MatMul m -> 2.0 * elements(n) * shape(n, 0).dim(m.transposeA() ? -2 : -1);
            case MatrixOp.Attention _ -> {
                Shape q = shape(n, 0);
                Shape v = shape(n, 2);
                yield 2.0 * q.product(0, 3) * v.dim(2) * (q.dim(3) + v.dim(3));
            }
            default -> 0;
        };
    }

    private static long elements(Node n) {
        return n.output().type().shape().elements();
    }

    private static Shape shape(Node n, int i) {
        return n.input(i).type().shape();
    }
}
