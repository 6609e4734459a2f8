package dev.kerf.graph;

import dev.kerf.error.GraphException;
import java.util.List;

/**
 * One op applied to values. Nodes stand in the order of recording, which is an order of execution.
 *
 * @param id      position in order of recording, from 0; a fused node has its last part's, and weights that fusion folded
 *                have later ones. What timings and errors refer to
 * @param name    scope path and op, unique in the graph, such as {@code down1/conv2d_1}
 * @param op      what is computed
 * @param inputs  operands, in the order that the op's record states
 * @param outputs results
 */
public record Node(int id, String name, Op op, List<Value> inputs, List<Value> outputs) {
    /** Copies the lists. */
    public Node {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    /**
     * The only output of a node that has one.
     *
     * @throws GraphException if it has more
     */
    public Value output() {
        if (outputs.size() != 1) {
            throw new GraphException(name + " has " + outputs.size() + " outputs");
        }
        return outputs.getFirst();
    }

    /**
     * Operand {@code i}.
     *
     * @throws GraphException if there is none
     */
    public Value input(int i) {
        if (i < 0 || i >= inputs.size()) {
            throw new GraphException(name + " has " + inputs.size() + " operands, none of number " + i);
        }
        return inputs.get(i);
    }

    /** Such as {@code 3 down1/conv2d_1 Conv2d[...] (%2, %3) -> (%4)}. */
    @Override
    public String toString() {
        return id + " " + name + " " + op + " " + inputs + " -> " + outputs;
    }
}
