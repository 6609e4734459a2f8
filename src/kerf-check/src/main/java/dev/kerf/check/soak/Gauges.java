package dev.kerf.check.soak;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.kerf.check.op.RunCost;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * What must not grow, read while nothing runs.
 *
 * @param at          time since the start
 * @param runs        answers so far
 * @param heap        bytes of the Java heap in use after a collection
 * @param resident    bytes of the process in memory
 * @param device      bytes of device memory in use
 * @param threads     Java threads
 * @param descriptors open files of the process
 */
public record Gauges(Duration at, long runs, long heap, long resident, long device, int threads, long descriptors) {
    /** Until then caches fill up and the JIT compiles. */
    static final Duration WARM_UP = Duration.ofMinutes(5);
    /** Fewer readings say nothing. */
    static final int FEWEST = 8;
    /** By which a median may rise: what a collection leaves differs, and so do the JIT's tables. */
    static final double SLACK = 0.02;
    private static final long SLACK_BYTES = 4 << 20;

    static Gauges read(Duration at, long runs, long device) {
        System.gc();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        var system = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return new Gauges(at, runs, heap, RunCost.residentBytes(), device, ManagementFactory.getThreadMXBean().getThreadCount(),
                system.getOpenFileDescriptorCount());
    }

    /**
     * What grew after the warm-up, from the first half of the readings to the second: the most that was seen of threads,
     * descriptors and device memory by anything, the median of heap and process by more than the slack.
     *
     * @return nothing if all is flat or there are too few readings: see {@link #judged}
     */
    static List<String> grown(List<Gauges> all) {
        List<Gauges> warm = warm(all);
        if (!judged(all)) {
            return List.of();
        }
        List<Gauges> first = warm.subList(0, warm.size() / 2);
        List<Gauges> second = warm.subList(warm.size() / 2, warm.size());
        List<String> grown = new ArrayList<>();
        exact("threads", first, second, Gauges::threads, grown);
        exact("open files", first, second, Gauges::descriptors, grown);
        exact("bytes of device memory", first, second, Gauges::device, grown);
        median("heap", first, second, Gauges::heap, grown);
        median("process", first, second, Gauges::resident, grown);
        return grown;
    }

    /** Whether there are enough readings to say that nothing grows. */
    static boolean judged(List<Gauges> all) {
        return warm(all).size() >= FEWEST;
    }

    private static List<Gauges> warm(List<Gauges> all) {
        return all.stream().filter(g -> g.at.compareTo(WARM_UP) >= 0).toList();
    }

    private static void exact(
            String what, List<Gauges> first, List<Gauges> second, ToLongFunction<Gauges> of, List<String> grown) {
        long before = first.stream().mapToLong(of).max().orElseThrow();
        long after = second.stream().mapToLong(of).max().orElseThrow();
        if (after > before) {
            grown.add(what + " grew: at most " + before + " in the first half, " + after + " in the second");
        }
    }

    private static void median(
            String what, List<Gauges> first, List<Gauges> second, ToLongFunction<Gauges> of, List<String> grown) {
        long before = middle(first, of);
        long after = middle(second, of);
        if (after - before > SLACK_BYTES + SLACK * before) {
            grown.add("the " + what + " grew: " + before + " bytes in the middle of the first half, " + after
                    + " in that of the second");
        }
    }

    static long middle(List<Gauges> some, ToLongFunction<Gauges> of) {
        long[] sorted = some.stream().mapToLong(of).sorted().toArray();
        return sorted[sorted.length / 2];
    }
}
