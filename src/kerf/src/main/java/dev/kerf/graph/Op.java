package dev.kerf.graph;

import dev.kerf.error.GraphException;
import java.util.List;
import java.util.Locale;

/**
 * What a node computes: one family of records, sealed, that back ends switch over. Attributes are fixed when the graph is
 * recorded; operands are the node's inputs in the order that each record states.
 *
 * <p>Where upstream libraries disagree, the record says which meaning it has (sampling positions, GELU's form, epsilon).
 */
public sealed interface Op
        permits SourceOp, SpatialOp, LayoutOp, MatrixOp, NormOp, PointwiseOp, MoveOp, ReduceOp, SelectOp, StateOp, MeasureOp,
        FrameOp, BoxOp {

    /**
     * The types of the outputs for operands of the given types.
     *
     * @throws GraphException if the operands don't fit the op; names the op and their shapes
     */
    List<TensorType> infer(List<TensorType> inputs);

    /**
     * Whether an operand's count counts the result too: the op keeps the counted axis where it is, row for row. Ops that
     * don't see only the valid rows (reductions, attention), and their result has no count.
     *
     * @param operand its position
     * @param type    its type
     * @param axis    the axis that is counted
     */
    default boolean keepsCount(int operand, TensorType type, int axis) {
        return false;
    }

    /** Whether the op finds how many rows of its first output are valid, which is then its second output. */
    default boolean countsItself() {
        return false;
    }

    /** The op's name in node names, messages and manifests: the record's name in snake case, such as {@code conv2d}. */
    default String kind() {
        String name = getClass().getSimpleName();
        return name.replaceAll("([a-z])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    }

    /** Throws unless {@code ok}, naming the op and its operands. */
    static void require(boolean ok, Op op, List<TensorType> inputs, String rule) {
        if (!ok) {
            throw new GraphException(op + " of " + inputs + ": " + rule);
        }
    }

    /** A function of one number that is fused into the op that makes the number. */
    enum Activation {
        /** x. */
        NONE(0),
        /** max(x, 0). */
        RELU(1),
        /** x · Φ(x) by the error function: {@code torch.nn.GELU()}. */
        GELU_ERF(2),
        /** GELU by the tanh approximation: {@code torch.nn.GELU(approximate="tanh")}. */
        GELU_TANH(3),
        /** 1 / (1 + e^−x). */
        SIGMOID(4),
        /** x / (1 + e^−x). */
        SILU(5),
        /** tanh x. */
        TANH(6),
        /** 0 up to −3, x from 3 on, x · (x + 3) / 6 between: {@code torch.nn.Hardswish()}. */
        HARD_SWISH(7),
        /** min(max(x, 0), 6): {@code torch.nn.ReLU6()}. */
        RELU6(8);

        private final int code;

        Activation(int code) {
            this.code = code;
        }

        /** The number by which kernels know it; never another for the same constant. */
        public int code() {
            return code;
        }
    }
}
