package dev.kerf.graph;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Ops whose number of results is known only on the device: a fixed capacity and a count. */
public sealed interface SelectOp extends Op {
    /**
     * Indices of the elements above a threshold, ascending. Operand: scores (R) float32, with or without a count. Results:
     * indices int32 (capacity) with the count, then the count itself, int32 (). If more than {@code capacity} elements pass,
     * the run ends with {@link dev.kerf.error.CapacityExceededException}; nothing is cut off in silence. NaN doesn't pass.
     *
     * @param threshold an element passes if it is larger
     * @param capacity  most elements that may pass
     */
    record Compact(float threshold, int capacity) implements SelectOp {
        @Override
        public boolean countsItself() {
            return true;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().dtype() == DType.F32 && in.getFirst().shape().rank() == 1, this,
                    in, "takes float32 scores (R)");
            Op.require(capacity >= 1, this, in, "capacity must be at least 1");
            return List.of(new TensorType(DType.I32, Shape.of(capacity)), new TensorType(DType.I32, Shape.of()));
        }
    }

    /**
     * The largest elements of each row, in descending order; of equals, the one of the lower index first. As
     * {@code torch.topk}, a NaN is larger than any number. Operand: scores float32 (B, N), all valid. Results: the elements
     * float32 (B, K), their indices in the row, int32 (B, K); K is k, or what all parts give.
     *
     * @param k     how many; at most N
     * @param parts lengths of the parts of a row, one after the other, each of which gives its k largest, or all where it has
     *              fewer; empty for whole rows
     */
    record TopK(int k, List<Integer> parts) implements SelectOp {
        /** Copies the list. */
        public TopK {
            parts = List.copyOf(parts);
        }

        /** Of whole rows. */
        public TopK(int k) {
            this(k, List.of());
        }

        /** The lengths of the parts of a row of n elements, of which there is at least one. */
        public List<Integer> lengths(int n) {
            return parts.isEmpty() ? List.of(n) : parts;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().dtype() == DType.F32 && in.getFirst().shape().rank() == 2, this,
                    in, "takes float32 scores (B, N)");
            Shape x = in.getFirst().shape();
            Op.require(k >= 1 && (k <= x.dim(1) || !parts.isEmpty()), this, in, "k must be 1 … N");
            Op.require(parts.isEmpty() || parts.stream().allMatch(p -> p >= 1)
                    && parts.stream().mapToLong(p -> p).sum() == x.dim(1), this, in, "the parts must add up to N");
            long all = parts.isEmpty() ? k : parts.stream().mapToLong(p -> Math.min(k, p)).sum();
            return List.of(TensorType.f32(x.dim(0), all), TensorType.of(DType.I32, x.dim(0), all));
        }
    }

    /**
     * Indices of the elements of each item that are above a threshold, in descending order; of equals, the lower index
     * first. NaN doesn't pass. Operand: scores float32 (B, …), with or without a count along axis 1; an index counts the
     * elements of its item in row-major order. Results: indices int32 (B, capacity) with the count, then the count itself,
     * int32 (B). If more than {@code capacity} pass, the run ends with
     * {@link dev.kerf.error.CapacityExceededException}; nothing is cut off in silence.
     *
     * @param threshold an element passes if it is larger
     * @param capacity  most elements of an item that may pass
     */
    record Rank(float threshold, int capacity) implements SelectOp {
        @Override
        public boolean countsItself() {
            return true;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().dtype() == DType.F32 && in.getFirst().shape().rank() >= 2, this,
                    in, "takes float32 scores (B, …)");
            Op.require(capacity >= 1, this, in, "capacity must be at least 1");
            long items = in.getFirst().shape().dim(0);
            return List.of(TensorType.of(DType.I32, items, capacity), TensorType.of(DType.I32, items));
        }
    }
}
