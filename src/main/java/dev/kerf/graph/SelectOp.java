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
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().dtype() == DType.F32 && in.getFirst().shape().rank() == 1, this,
                    in, "takes float32 scores (R)");
            Op.require(capacity >= 1, this, in, "capacity must be at least 1");
            return List.of(new TensorType(DType.I32, Shape.of(capacity)), new TensorType(DType.I32, Shape.of()));
        }
    }
}
