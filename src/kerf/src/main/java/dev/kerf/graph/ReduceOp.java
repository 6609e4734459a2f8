package dev.kerf.graph;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Many elements to one. A count along a reduced axis limits the reduction to the valid rows. */
public sealed interface ReduceOp extends Op {
    /** What is made of the elements. */
    enum Reduction {
        /** Their sum; 0 of none. */
        SUM(0),
        /** Their mean; NaN of none. */
        MEAN(1),
        /** The largest; NaN if one is; −∞ of none. */
        MAX(2),
        /** The smallest; NaN if one is; +∞ of none. */
        MIN(3);

        private final int code;

        Reduction(int code) {
            this.code = code;
        }

        /** The number by which kernels know it; never another for the same constant. */
        public int code() {
            return code;
        }
    }

    /**
     * A reduction of a float32 operand over some axes.
     *
     * @param reduction what is made of the elements
     * @param axes      from 0, ascending, at least one
     * @param keepDims  whether the axes stay with extent 1
     */
    record Reduce(Reduction reduction, List<Integer> axes, boolean keepDims) implements ReduceOp {
        /** Copies the list. */
        public Reduce {
            axes = List.copyOf(axes);
        }

        @Override
        public boolean keepsCount(int operand, TensorType type, int axis) {
            return !axes.isEmpty() && axis < axes.getFirst();
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().dtype() == DType.F32, this, in, "takes one float32 operand");
            Shape x = in.getFirst().shape();
            Op.require(!axes.isEmpty() && axes.stream().allMatch(a -> a >= 0 && a < x.rank())
                    && axes.stream().distinct().sorted().toList().equals(axes), this, in,
                    "axes must be ascending and within the rank");
            long[] y = java.util.stream.IntStream.range(0, x.rank())
                    .filter(a -> keepDims || !axes.contains(a))
                    .mapToLong(a -> axes.contains(a) ? 1 : x.dim(a))
                    .toArray();
            return List.of(in.getFirst().as(Shape.of(y)));
        }
    }

    /**
     * Index of the largest element along an axis, the first of equals; a NaN is larger than any number (torch). The axis goes.
     *
     * @param axis  from 0
     * @param dtype of the result: U8 (at most 256 entries), or I32
     */
    record ArgMax(int axis, DType dtype) implements ReduceOp {
        @Override
        public boolean keepsCount(int operand, TensorType type, int axis) {
            return axis < this.axis;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().dtype() == DType.F32, this, in, "takes one float32 operand");
            Shape x = in.getFirst().shape();
            Op.require(axis >= 0 && axis < x.rank() && x.dim(axis) > 0, this, in, "no such axis, or it is empty");
            Op.require(dtype == DType.I32 || dtype == DType.U8 && x.dim(axis) <= 256, this, in,
                    "the index must be I32, or U8 for at most 256 entries");
            long[] y = java.util.stream.IntStream.range(0, x.rank()).filter(a -> a != axis).mapToLong(x::dim).toArray();
            return List.of(new TensorType(dtype, Shape.of(y)));
        }
    }
}
