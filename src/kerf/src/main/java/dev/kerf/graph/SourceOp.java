package dev.kerf.graph;

import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ops without operands: where values come from. */
public sealed interface SourceOp extends Op {
    /** The type of the value. */
    TensorType type();

    @Override
    default List<TensorType> infer(List<TensorType> inputs) {
        Op.require(inputs.isEmpty(), this, inputs, "takes no operands");
        return List.of(type());
    }

    /**
     * A slot that the caller fills before each run.
     *
     * @param slot unique name
     * @param type dtype and extents
     */
    record Input(String slot, TensorType type) implements SourceOp {}

    /**
     * A weight, float32 in the graph whatever the file stores.
     *
     * @param expr where its numbers come from
     * @param type dtype and extents
     */
    record Weight(WeightExpr expr, TensorType type) implements SourceOp {}

    /**
     * A tensor known when the graph is recorded.
     *
     * @param value its numbers; not to be changed afterwards
     */
    record Constant(HostTensor value) implements SourceOp {
        private static final long HASHED = 64;

        @Override
        public TensorType type() {
            return new TensorType(value.dtype(), value.shape());
        }

        /** Whether the other's numbers are the same, bit for bit. */
        @Override
        public boolean equals(@Nullable Object o) {
            return o instanceof Constant c && type().equals(c.type()) && value.data().mismatch(c.value.data()) < 0;
        }

        @Override
        public int hashCode() {
            int hash = type().hashCode();
            for (long i = 0; i < Math.min(HASHED, value.elements()); i++) {
                hash = 31 * hash + Double.hashCode(value.getDouble(i));
            }
            return hash;
        }
    }

    /**
     * Memory that outlives a run; {@link StateOp}s update it in place.
     *
     * @param name unique name
     * @param type dtype and extents
     */
    record State(String name, TensorType type) implements SourceOp {}

    /**
     * Where a weight's numbers come from: a tensor of the weight file, or one computed from several of them when weights are
     * loaded (in float64, rounded once). Folding batch norm into a convolution makes such a one.
     */
    sealed interface WeightExpr {
        /** Extents of the result. */
        Shape shape();

        /** Names of the file's tensors that it reads. */
        List<String> tensors();

        /**
         * A tensor of the weight file, under its upstream name.
         *
         * @param name  full name, such as {@code inc.double_conv.0.weight}
         * @param shape the extents that the model expects
         */
        record Tensor(String name, Shape shape) implements WeightExpr {
            @Override
            public List<String> tensors() {
                return List.of(name);
            }
        }

        /**
         * The affine form of a batch norm in inference: scale = weight / sqrt(var + eps), shift = bias − mean · scale
         * (Ioffe and Szegedy 2015, algorithm 2).
         *
         * @param weight gamma (C)
         * @param bias   beta (C)
         * @param mean   running mean (C)
         * @param var    running variance (C)
         * @param eps    added to the variance
         */
        record BatchStats(WeightExpr weight, WeightExpr bias, WeightExpr mean, WeightExpr var, double eps) {
            /** Names of the file's tensors that it reads. */
            public List<String> tensors() {
                return java.util.stream.Stream.of(weight, bias, mean, var).flatMap(e -> e.tensors().stream()).toList();
            }
        }

        /**
         * A convolution weight with each output channel times the batch norm's scale.
         *
         * @param weight the convolution's weight
         * @param axis   the axis of its output channels: 0 for a convolution, 1 for a transposed one
         * @param groups groups of a transposed convolution (its output channel is group · shape[1] + index); 1 otherwise
         * @param norm   the batch norm that follows
         */
        record ScaledWeight(WeightExpr weight, int axis, int groups, BatchStats norm) implements WeightExpr {
            @Override
            public Shape shape() {
                return weight.shape();
            }

            @Override
            public List<String> tensors() {
                return java.util.stream.Stream.concat(weight.tensors().stream(), norm.tensors().stream()).toList();
            }
        }

        /**
         * The bias of a convolution with a batch norm folded in: shift + bias · scale.
         *
         * @param bias the convolution's own bias (C), if it has one
         * @param norm the batch norm that follows
         */
        record ShiftedBias(@Nullable WeightExpr bias, BatchStats norm) implements WeightExpr {
            @Override
            public Shape shape() {
                return norm.bias().shape();
            }

            @Override
            public List<String> tensors() {
                return bias == null
                        ? norm.tensors()
                        : java.util.stream.Stream.concat(bias.tensors().stream(), norm.tensors().stream()).toList();
            }
        }

        /**
         * What an op makes of weights and constants; fusion folds such ops. A {@link Constant} has no operands.
         *
         * @param op       its result is float32, or int32 where that picks rows
         * @param operands in the op's order
         * @param shape    of the result
         */
        record Computed(Op op, List<WeightExpr> operands, Shape shape) implements WeightExpr {
            /** Copies the list. */
            public Computed {
                operands = List.copyOf(operands);
            }

            @Override
            public List<String> tensors() {
                return operands.stream().flatMap(e -> e.tensors().stream()).distinct().toList();
            }
        }

        /**
         * Random Fourier features (Tancik et al. 2020) of every cell of a grid, row by row: sines, then cosines, of
         * 2π · (2p − 1) · M, p being the middle of the cell as column and row in 0 … 1. Shape (rows · columns, 2F).
         *
         * @param matrix  M (2, F)
         * @param rows    of the grid
         * @param columns of the grid
         */
        record FourierGrid(WeightExpr matrix, int rows, int columns) implements WeightExpr {
            @Override
            public Shape shape() {
                return Shape.of((long) rows * columns, 2 * matrix.shape().dim(1));
            }

            @Override
            public List<String> tensors() {
                return matrix.tensors();
            }
        }
    }
}
