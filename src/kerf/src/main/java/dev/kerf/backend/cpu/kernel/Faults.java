package dev.kerf.backend.cpu.kernel;

import dev.kerf.error.BadInputException;
import dev.kerf.error.CapacityExceededException;

/**
 * The first thing that went wrong with the data in a run, kept until the run ends: kernels note it from any thread without
 * allocating and go on.
 */
public final class Faults {
    private enum Kind { CAPACITY, INDEX }

    private Kind kind;
    private String node;
    private long value;
    private long limit;

    /** A count outgrew its capacity. */
    public void capacity(String inNode, long count, long capacity) {
        note(Kind.CAPACITY, inNode, count, capacity);
    }

    /** An index is outside 0 … size − 1. */
    public void index(String inNode, long index, long size) {
        note(Kind.INDEX, inNode, index, size);
    }

    private synchronized void note(Kind what, String inNode, long v, long most) {
        if (kind == null) {
            kind = what;
            node = inNode;
            value = v;
            limit = most;
        }
    }

    /**
     * Forgets what was noted.
     *
     * @throws CapacityExceededException if a count outgrew its capacity
     * @throws BadInputException         if an index was out of range
     */
    public synchronized void check() {
        Kind what = kind;
        kind = null;
        if (what == Kind.CAPACITY) {
            throw new CapacityExceededException("node " + node + ": a count of " + value + ", its capacity is " + limit
                    + ": record the graph with a larger capacity");
        }
        if (what == Kind.INDEX) {
            throw new BadInputException("node " + node + ": index " + value + " is outside 0 … " + (limit - 1));
        }
    }
}
