package dev.kerf.cli.bench;

import dev.kerf.cli.bench.report.Times;
import dev.kerf.cli.console.Task;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * Threads that ask for runs at once, each of a session of its own.
 *
 * @param times         of all runs, as each caller saw them
 * @param runsPerSecond that all of them together were given
 */
record Callers(Times times, double runsPerSecond) {
    private static final int LEAST_RUNS = 5;

    /**
     * Measures.
     *
     * @param runs  of each caller at most
     * @param limit no run is begun later, but for the first few
     */
    static Callers measure(List<Session> sessions, int runs, Duration limit) {
        CountDownLatch start = new CountDownLatch(1);
        // Each session's first run, which compiles, is over before any counts.
        sessions.forEach(Session::run);
        List<Task<long[]>> tasks = new ArrayList<>();
        long[] begun = new long[1];
        for (Session s : sessions) {
            tasks.add(Task.start(() -> {
                try {
                    start.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException("nobody interrupts it", e);
                }
                long[] t = new long[runs];
                int n = 0;
                while (n < runs && (n < LEAST_RUNS || System.nanoTime() - begun[0] < limit.toNanos())) {
                    long before = System.nanoTime();
                    s.run();
                    t[n++] = System.nanoTime() - before;
                }
                return Arrays.copyOf(t, n);
            }));
        }
        begun[0] = System.nanoTime();
        start.countDown();
        List<long[]> all = tasks.stream().map(Task::get).toList();
        double seconds = (System.nanoTime() - begun[0]) / 1e9;
        long[] together = all.stream().flatMapToLong(Arrays::stream).toArray();
        return new Callers(new Times(List.of(together)), together.length / seconds);
    }
}
