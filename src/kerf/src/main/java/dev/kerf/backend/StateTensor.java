package dev.kerf.backend;

/**
 * Device memory that outlives runs: executables that it is bound to ({@link Executable#bindState}) read it and update it in
 * place by {@link dev.kerf.graph.StateOp}s. Runs of several executables on one state must be ordered: by one stream, or by
 * waiting.
 */
public interface StateTensor extends DeviceTensor {
    /** Sets every element to 0. */
    void reset();
}
