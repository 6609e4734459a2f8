package dev.kerf.graph;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Ops that copy elements or only look at them differently; any dtype. Where a view serves, nothing is copied. */
public sealed interface MoveOp extends Op {
    /**
     * Operands one after the other along an axis; all other extents equal.
     *
     * @param axis from 0
     */
    record Concat(int axis) implements MoveOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(!in.isEmpty() && axis >= 0 && axis < in.getFirst().shape().rank(), this, in, "no such axis");
            TensorType first = in.getFirst();
            long n = 0;
            for (TensorType t : in) {
                Op.require(t.dtype() == first.dtype() && t.shape().rank() == first.shape().rank()
                        && t.shape().with(axis, 0).equals(first.shape().with(axis, 0)), this, in,
                        "dtypes and extents along the other axes must be equal");
                n += t.shape().dim(axis);
            }
            return List.of(first.as(first.shape().with(axis, n)));
        }
    }

    /**
     * Elements start, start + step, … below end along one axis.
     *
     * @param axis  from 0
     * @param start first index
     * @param end   exclusive
     * @param step  at least 1
     */
    record Slice(int axis, long start, long end, long step) implements MoveOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && axis >= 0 && axis < in.getFirst().shape().rank(), this, in, "no such axis");
            TensorType x = in.getFirst();
            Op.require(0 <= start && start <= end && end <= x.shape().dim(axis) && step >= 1, this, in,
                    "the range is not within the axis");
            return List.of(x.as(x.shape().with(axis, (end - start + step - 1) / step)));
        }
    }

    /** What {@link Pad} adds. */
    enum PadMode {
        /** A constant. */
        CONSTANT(0),
        /** The image mirrored without repeating its edge; the padding must be smaller than the extent. */
        REFLECT(1),
        /** The edge repeated. */
        REPLICATE(2);

        private final int code;

        PadMode(int code) {
            this.code = code;
        }

        /** The number by which kernels know it; never another for the same constant. */
        public int code() {
            return code;
        }
    }

    /**
     * Elements added around the operand: float32 or U8.
     *
     * @param before how many before each axis
     * @param after  how many after each axis
     * @param mode   what is added
     * @param value  the constant of CONSTANT
     */
    record Pad(List<Long> before, List<Long> after, PadMode mode, double value) implements MoveOp {
        /** Copies the lists. */
        public Pad {
            before = List.copyOf(before);
            after = List.copyOf(after);
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1, this, in, "takes one operand");
            TensorType x = in.getFirst();
            int rank = x.shape().rank();
            Op.require(before.size() == rank && after.size() == rank, this, in,
                    "takes a padding for each of the operand's axes");
            long[] d = x.shape().dims();
            for (int i = 0; i < rank; i++) {
                long most = Math.max(before.get(i), after.get(i));
                Op.require(before.get(i) >= 0 && after.get(i) >= 0
                        && (mode == PadMode.CONSTANT || most == 0 || d[i] > 0)
                        && (mode != PadMode.REFLECT || most < Math.max(1, d[i])), this, in,
                        "padding of axis " + i + " is out of range");
                d[i] += before.get(i) + after.get(i);
            }
            return List.of(x.as(Shape.of(d)));
        }
    }

    /**
     * Axes in another order: axis i of the result is axis {@code order[i]} of the operand.
     *
     * @param order a permutation of 0 … rank − 1
     */
    record Permute(List<Integer> order) implements MoveOp {
        /** Copies the list. */
        public Permute {
            order = List.copyOf(order);
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1, this, in, "takes one operand");
            TensorType x = in.getFirst();
            Op.require(order.stream().sorted().toList()
                    .equals(java.util.stream.IntStream.range(0, x.shape().rank()).boxed().toList()), this, in,
                    "order must be a permutation of the axes");
            return List.of(x.as(Shape.of(order.stream().mapToLong(a -> x.shape().dim(a)).toArray())));
        }
    }

    /**
     * The same elements in row-major order under other extents.
     *
     * @param shape as many elements
     */
    record Reshape(Shape shape) implements MoveOp {
        @Override
        public boolean keepsCount(int operand, TensorType type, int axis) {
            return true;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().shape().elements() == shape.elements(), this, in,
                    "the number of elements differs");
            return List.of(in.getFirst().as(shape));
        }
    }

    /**
     * The operand repeated along axes of extent 1, as NumPy's broadcast_to.
     *
     * @param shape what the operand's shape broadcasts to
     */
    record Expand(Shape shape) implements MoveOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && Broadcast.shape(this, in, in.getFirst().shape(), shape).equals(shape), this,
                    in, "doesn't broadcast to " + shape);
            return List.of(in.getFirst().as(shape));
        }
    }

    /**
     * Rows of axis 0 picked by index. Operands: x (R, …), as many as there are, then indices int32 (any shape I); for each x a
     * result I + (…). An index out of range raises an error at the end of the run.
     *
     * @param tensors how many x there are
     */
    record Gather(int tensors) implements MoveOp {
        /** From one tensor. */
        public Gather() {
            this(1);
        }

        @Override
        public boolean keepsCount(int operand, TensorType type, int axis) {
            return operand == tensors;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(tensors >= 1 && in.size() == tensors + 1 && in.getLast().dtype() == DType.I32
                    && in.stream().limit(tensors).allMatch(t -> t.shape().rank() >= 1), this, in,
                    "takes " + tensors + " tensors and int32 indices");
            long[] i = in.getLast().shape().dims();
            return in.stream().limit(tensors).map(t -> {
                long[] x = t.shape().dims();
                long[] y = java.util.Arrays.copyOf(i, i.length + x.length - 1);
                System.arraycopy(x, 1, y, i.length, x.length - 1);
                return t.as(Shape.of(y));
            }).toList();
        }
    }
}
