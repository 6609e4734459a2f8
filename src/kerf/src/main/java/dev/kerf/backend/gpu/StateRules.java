package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.StateOp;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Kernels for {@link StateOp}s. */
final class StateRules {
    private StateRules() {}

    /** The launches of a node. The result lies where the state does. */
    static List<KernelCall> lower(StateOp op, Node node, Target target) {
        Value state = node.output();
        Value value = node.input(1);
        return List.of(switch (op) {
            case StateOp.Assign a -> {
                Shape s = state.type().shape();
                yield MoveRules.copy(node, target, value, state, s.dims(), s.strides(), s.strides(), 0, 0, true);
            }
            case StateOp.WriteSlot w -> target.call("write_slot", Sizes.of()
                    .set("slots", state.type().shape().dim(0))
                    .set("slot", value.type().shape().elements()))
                    .attribute("TYPE", Target.bits(state.type().dtype()))
                    .tensor("state", state)
                    .tensor("value", value)
                    .tensor("index", node.input(2))
                    .errors(node);
        });
    }
}
