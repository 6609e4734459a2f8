package dev.kerf.backend.cpu.kernel;

import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import org.jspecify.annotations.Nullable;

/**
 * How a node's kernel reads an operand whose makers were made part of the node.
 *
 * @param operand    which; −1 for none
 * @param sum        whether its numbers are act(a + b), a what the node has for an operand, b the node's last operand
 * @param activation applied to the sum
 * @param rows       whether it lies as (B, pixels, C), whatever its shape says
 * @param padding    the zeros that the node has around it; null for none
 */
public record Intake(int operand, boolean sum, Activation activation, boolean rows, MoveOp.@Nullable Pad padding) {
    /** Operands are read as they are. */
    public static final Intake NONE = new Intake(-1, false, Activation.NONE, false, null);

    /** An operand that is a sum. */
    public static Intake sum(int operand, Activation activation) {
        return new Intake(operand, true, activation, false, null);
    }

    /** An operand that lies in rows. */
    public static Intake rows(int operand) {
        return new Intake(operand, false, Activation.NONE, true, null);
    }

    /** An operand without the zeros around it. */
    public static Intake padded(int operand, MoveOp.Pad padding) {
        return new Intake(operand, false, Activation.NONE, false, padding);
    }
}
