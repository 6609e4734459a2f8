package dev.kerf.backend.cpu.kernel;

/**
 * A piece of work over fixed operands, cut into tasks that may run in any order and at once. Made when an executable is
 * compiled; neither method allocates. A node with phases that depend on each other is a list of kernels, run one after
 * another.
 */
public interface Kernel {
    /** Most tasks that one run may have. */
    int MAX_TASKS = (1 << 20) - 1;

    /**
     * Number of tasks of the coming run, 0 … {@link #MAX_TASKS}. Called by one thread before any task; may read device-side
     * counts. Little work should be one task: handing tasks to other threads costs some microseconds.
     */
    int tasks();

    /**
     * Does one task.
     *
     * @param task   0 … {@code tasks()} − 1
     * @param worker 0 … {@link Site#workers()} − 1, no two at once the same in one run: which part of the scratch to use
     */
    void run(int task, int worker);
}
