package dev.kerf.backend.gpu.device;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.BadInputException;
import dev.kerf.error.CapacityExceededException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Where kernels leave the first error that they find (RAISE in {@code dialect.h}): code, node and number on the device, and what
 * they were after a run on the host. All but {@link #fetch} is guarded by the device's monitor once runs have begun.
 */
public final class ErrorCell {
    static final long BYTES = 16;
    /** What kernels raise: a count outgrew its capacity, an index is out of range. */
    public static final int CAPACITY = 1;
    public static final int INDEX = 2;

    private final Driver.Queue queue;
    private final Graph graph;
    private final Driver.Buffer raised;
    private final MemorySegment found;

    /**
     * An empty cell.
     *
     * @param queue  for clearing it
     * @param raised where kernels write
     * @param found  memory of the host that a queue copies it to
     */
    ErrorCell(Driver.Queue queue, Graph graph, Driver.Buffer raised, Driver.Staging found) {
        this.queue = queue;
        this.graph = graph;
        this.raised = raised;
        this.found = found.memory();
        clear();
    }

    /** Copies the cell to the host after what is in a queue. */
    void fetch(Driver.Queue queue) {
        queue.download(raised, 0, found, 0, BYTES);
    }

    /** The error of runs that have ended, or null; told once. */
    RuntimeException take() {
        int code = found.get(ValueLayout.JAVA_INT, 0);
        if (code == 0) {
            return null;
        }
        Node n = graph.nodes().get(graph.position(found.get(ValueLayout.JAVA_INT, 4)));
        int actual = found.get(ValueLayout.JAVA_INT, 8);
        clear();
        if (code == CAPACITY) {
            return new CapacityExceededException("node " + n.name() + " = " + n.op() + " found " + actual
                    + ", more than its capacity; the run's results are not to be used. Compile with a larger capacity");
        }
        return new BadInputException("node " + n.name() + " = " + n.op() + " of "
                + n.inputs().stream().map(v -> v.type().toString()).toList() + ": index " + actual + " is out of range");
    }

    private void clear() {
        queue.zero(raised, 0, BYTES);
        queue.synchronize();
        found.fill((byte) 0);
    }
}
