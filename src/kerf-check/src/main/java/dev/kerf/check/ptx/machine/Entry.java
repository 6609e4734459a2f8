package dev.kerf.check.ptx.machine;

import java.util.List;
import java.util.Map;

/**
 * A kernel of a module, taken apart.
 *
 * @param name       its entry
 * @param parameters where each lies in the block of arguments, in order
 * @param variables  variables by name: shared, local, global
 * @param registers  the type of each register
 * @param statements its instructions
 * @param labels     label → index of the statement after it
 */
public record Entry(
        String name, Map<String, Parameter> parameters, Map<String, Variable> variables, Map<String, Type> registers,
        List<Statement> statements, Map<String, Integer> labels) {
    /** A parameter: where it lies and how long it is. */
    public record Parameter(int offset, int bytes) {}

    /**
     * A variable.
     *
     * @param space  {@code shared}, {@code local} or {@code global}
     * @param offset where it lies in what there is of its space; 0 for a variable in global memory
     * @param bytes  its size; 0 if that is told at launch
     * @param values what it starts with; empty if with nothing
     */
    public record Variable(String space, int offset, int bytes, byte[] values) {}

    /** Bytes of arguments. */
    public int parameterBytes() {
        return parameters.values().stream().mapToInt(p -> p.offset() + p.bytes()).max().orElse(0);
    }

    /** Bytes of a space's variables. */
    int bytes(String space) {
        return variables.values().stream().filter(v -> v.space().equals(space)).mapToInt(v -> v.offset() + v.bytes()).max()
                .orElse(0);
    }
}
