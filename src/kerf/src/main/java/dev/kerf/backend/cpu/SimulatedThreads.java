package dev.kerf.backend.cpu;

import dev.kerf.backend.cpu.kernel.Kernel;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * When threads would be done with a kernel's tasks, which one thread does for all of them: who is free first takes the next task. A
 * task takes the least time that it took in any run: whatever else the machine does makes it slower, and a kernel's time is that of
 * its slowest thread, so that one task in a hundred that is disturbed would count for all.
 */
final class SimulatedThreads {
    private final long[] until;
    private final Map<Kernel, long[]> least = new IdentityHashMap<>();
    private long together;

    SimulatedThreads(int count) {
        until = new long[count];
    }

    /** A kernel begins a run of so many tasks. */
    void begin(Kernel k, int tasks) {
        long[] times = least.computeIfAbsent(k, _ -> new long[0]);
        if (times.length < tasks) {
            long[] more = Arrays.copyOf(times, tasks);
            Arrays.fill(more, times.length, tasks, Long.MAX_VALUE);
            least.put(k, more);
        }
    }

    /** One of its tasks took so long. */
    void task(Kernel k, int task, long nanos) {
        long[] times = least.get(k);
        times[task] = Math.min(times[task], nanos);
    }

    /** Nanoseconds from a kernel's beginning until the last thread is done with its tasks. */
    long nanos(Kernel k, int tasks) {
        Arrays.fill(until, 0);
        together = 0;
        for (int i = 0; i < tasks; i++) {
            long nanos = least.get(k)[i];
            until[first()] += nanos;
            together += nanos;
        }
        return Arrays.stream(until).max().orElse(0);
    }

    private int first() {
        int first = 0;
        for (int i = 1; i < until.length; i++) {
            first = until[i] < until[first] ? i : first;
        }
        return first;
    }

    /** Nanoseconds that all tasks of the last kernel take one thread. */
    long together() {
        return together;
    }
}
