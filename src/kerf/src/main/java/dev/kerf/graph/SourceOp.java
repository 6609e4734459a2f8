package dev.kerf.graph;

import dev.kerf.tensor.HostTensor;
import java.util.List;

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
        @Override
        public TensorType type() {
            return new TensorType(value.dtype(), value.shape());
        }
    }

    /**
     * Memory that outlives a run; {@link StateOp}s update it in place.
     *
     * @param name unique name
     * @param type dtype and extents
     */
    record State(String name, TensorType type) implements SourceOp {}
}
