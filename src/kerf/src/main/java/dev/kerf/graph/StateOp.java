package dev.kerf.graph;

import dev.kerf.tensor.DType;
import java.util.List;

/**
 * Ops that update a state in place. Their result is the state after the update, in the same memory; nodes recorded earlier
 * see it as it was before, nodes that read the result see it afterwards. A state may be updated several times in a graph.
 */
public sealed interface StateOp extends Op {
    /** The whole state replaced. Operands: the state (a {@link SourceOp.State} or an update's result), a value of its type. */
    record Assign() implements StateOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 2 && in.get(0).equals(in.get(1)), this, in,
                    "takes a state and a value of its type");
            return List.of(in.getFirst());
        }
    }

    /**
     * One slot of a ring replaced: state[index] = value. Operands: the state (S, …), value (…), index int32 (). An index
     * outside 0 … S − 1 changes nothing and raises an error at the end of the run.
     */
    record WriteSlot() implements StateOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 3 && in.get(0).shape().rank() >= 1, this, in, "takes state, value, index");
            var slot = dev.kerf.tensor.Shape.of(
                    java.util.Arrays.copyOfRange(in.get(0).shape().dims(), 1, in.get(0).shape().rank()));
            Op.require(in.get(1).equals(in.get(0).as(slot)), this, in, "value must be " + in.get(0).as(slot));
            Op.require(in.get(2).equals(TensorType.of(DType.I32)), this, in, "index must be an int32 scalar");
            return List.of(in.getFirst());
        }
    }
}
