package dev.kerf.backend.cpu;

import dev.kerf.error.BadInputException;
import dev.kerf.error.CapacityExceededException;
import dev.kerf.graph.Node;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.StateOp;
import java.util.List;

/** Ops with a count, and updates of states. */
final class ScalarSelect {
    private ScalarSelect() {}

    static void compact(SelectOp.Compact op, Node n, Wide scores, Wide indices, Wide count) {
        int found = 0;
        for (int i = 0; i < scores.valid(0, 0); i++) {
            if (scores.v()[i] > op.threshold()) {
                if (found < op.capacity()) {
                    indices.v()[found] = i;
                }
                found++;
            }
        }
        if (found > op.capacity()) {
            throw new CapacityExceededException(
                    "node " + n.name() + ": " + found + " elements pass, its capacity is " + op.capacity());
        }
        count.v()[0] = found;
    }

    static void update(StateOp op, Node n, List<Wide> in) {
        double[] state = in.getFirst().v();
        double[] value = in.get(1).v();
        switch (op) {
            case StateOp.Assign a -> System.arraycopy(value, 0, state, 0, state.length);
            case StateOp.WriteSlot w -> {
                int slot = (int) in.get(2).v()[0];
                int slots = in.getFirst().dim(0);
                if (slot < 0 || slot >= slots) {
                    throw new BadInputException(
                            "node " + n.name() + ": slot " + slot + " is outside 0 … " + (slots - 1));
                }
                System.arraycopy(value, 0, state, slot * value.length, value.length);
            }
        }
    }
}
