package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;

/** Cuts items of equal work into tasks: enough of them for every thread, none too small to be worth handing over. */
final class Split {
    /** Elements of simple work that are worth a task of their own: some microseconds. */
    static final int GRAIN = 16384;

    private Split() {}

    /** Tasks for so many items of so much work each. */
    static int tasks(long items, long workOfItem) {
        if (items <= 1) {
            return (int) items;
        }
        long wanted = Math.ceilDiv(Math.multiplyExact(items, Math.max(1, workOfItem)), GRAIN);
        return (int) Math.clamp(wanted, 1, Math.min(items, Math.min(4096, Kernel.MAX_TASKS)));
    }

    /** First item of a task; that of the task after the last is the number of items. */
    static int first(int task, int tasks, int items) {
        return (int) ((long) items * task / tasks);
    }
}
