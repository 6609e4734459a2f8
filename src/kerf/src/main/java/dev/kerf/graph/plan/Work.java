package dev.kerf.graph.plan;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.StateOp;
import dev.kerf.tensor.Shape;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What nodes can't do without, in the direct form of each: an algorithm may need fewer operations. With a device's rates it gives the
 * least time: {@code max(flops / flopsPerSecond, bytes / copyBytesPerSecond)}.
 *
 * @param flops multiplications and additions of convolutions and products, one for each element of other ops
 * @param bytes operands read once and results written once, as much of them as is used; what a run counts as it goes as many as there may be
 */
public record Work(long flops, long bytes) {
    /** Nothing. */
    public static final Work NONE = new Work(0, 0);

    /** That of nodes that are computed at once: what one of them makes for another is neither written nor read. */
    public static Work of(List<Node> together) {
        Set<Integer> made = new HashSet<>();
        Set<Integer> read = new HashSet<>();
        long flops = 0;
        long bytes = 0;
        for (Node n : together) {
            flops += flops(n);
            for (int i = 0; i < n.inputs().size(); i++) {
                int operand = n.input(i).id();
                if (!made.contains(operand) && read.add(operand)) {
                    bytes += read(n, i);
                }
            }
            n.outputs().forEach(v -> made.add(v.id()));
        }
        return new Work(flops, bytes + written(together.getLast()));
    }

    /** Of what a node picks rows or a part of, no more than it takes; of a state that it replaces, nothing. */
    private static long read(Node n, int operand) {
        return switch (n.op()) {
            case StateOp s when operand == 0 -> 0;
            case MoveOp.Gather g when operand < g.tensors() -> n.outputs().get(operand).type().bytes();
            case MoveOp.Slice s -> n.output().type().bytes();
            default -> n.input(operand).type().bytes();
        };
    }

    private static long written(Node n) {
        return n.op() instanceof StateOp
                ? n.input(1).type().bytes()
                : n.outputs().stream().mapToLong(v -> v.type().bytes()).sum();
    }

    /** Multiplications and additions of a node's direct form. */
    public static long flops(Node n) {
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
            case MatrixOp.MatMul m -> {
                Shape x = n.input(0).type().shape();
                // By the rows of the operand, where each is one of the result: a back end may leave out some that are zeros.
                yield n.input(1).type().shape().rank() == 2 && !m.transposeA()
                        ? 2 * x.elements() * y.dim(-1)
                        : 2 * y.elements() * x.dim(m.transposeA() ? -2 : -1);
            }
            case MatrixOp.Attention a -> {
                Shape q = a.shape(0, n);
                Shape v = a.shape(2, n);
                yield 2 * q.product(0, 3) * v.dim(2) * (q.dim(3) + v.dim(3));
            }
            case MeasureOp.Overlap o -> y.dim(0) * y.dim(1) * o.pixels();
            case MeasureOp.Confusion c -> n.input(0).type().shape().elements();
            default -> y.elements();
        };
    }
}
