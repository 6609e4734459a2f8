package dev.kerf.cli.bench;

import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.cpu.CpuBackend;
import dev.kerf.cli.bench.Prepared.Slot;
import dev.kerf.cli.bench.report.Round;
import dev.kerf.cli.bench.report.Row;
import dev.kerf.cli.bench.report.Simulated;
import dev.kerf.cli.bench.report.Times;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How long a run takes. A {@code compute} is a run, waited for. Of Kerf's executables also, from inputs in the host's memory to
 * what is wanted there: {@code upload} and {@code download} by themselves and waited for; {@code total}: uploads, run and
 * downloads put into a stream, and waited for once; of that, the host's time until all are in the stream ({@code enqueue}), and
 * until the run alone is ({@code submit}: what a run costs the host).
 *
 * @param runs  at most, of each way
 * @param limit no run is begun later, but for the first few
 */
record Latency(int runs, Duration limit) {
    private static final String LABELS = "labels";
    private static final int LEAST_RUNS = 5;
    /** Of the way from the host and back, whose median is of less interest than a run's. */
    private static final int LEAST_STREAMED = 3;
    private static final long PROFILED_NANOS = 2_000_000_000;
    private static final int PROFILED_RUNS = 20;
    private static final int LEAST_PROFILED = 3;

    /** Times that are taken as often as runs and time allow. */
    private interface Timed {
        void once(long[][] times, int i);
    }

    /** Runs of whatever it is. */
    Map<String, Times> of(Session session) {
        long[][] t = repeated(1, LEAST_RUNS, limit, (times, i) -> {
            long start = System.nanoTime();
            session.run();
            times[0][i] = System.nanoTime() - start;
        });
        return Map.of(Row.COMPUTE, times(t[0]));
    }

    /** All that can be told of an executable; of its outputs the labels are downloaded, or all if it makes none. */
    Map<String, Times> of(Prepared prepared, Device device) {
        Executable e = prepared.executable();
        Set<String> outputs = e.graph().outputs().keySet();
        try (Device.Stream stream = device.stream(); Arena arena = Arena.ofShared()) {
            List<Slot> out = new ArrayList<>();
            for (String name : outputs.contains(LABELS) ? Set.of(LABELS) : outputs) {
                DeviceTensor t = e.output(name);
                out.add(new Slot(t, arena.allocate(t.type().bytes(), 64)));
            }
            Map<String, Times> all = new LinkedHashMap<>();
            long[][] apart = repeated(3, LEAST_RUNS, limit.dividedBy(2),
                    (times, i) -> apart(prepared.inputs(), e, out, times, i));
            long[][] streamed = repeated(3, LEAST_STREAMED, limit.dividedBy(2),
                    (times, i) -> streamed(prepared.inputs(), e, out, stream, times, i));
            all.put(Row.COMPUTE, times(apart[0]));
            all.put("upload", times(apart[1]));
            all.put("download", times(apart[2]));
            all.put("total", times(streamed[0]));
            all.put("enqueue", times(streamed[1]));
            all.put("submit", times(streamed[2]));
            return all;
        }
    }

    private static Times times(long[] nanos) {
        return new Times(List.of(nanos));
    }

    private long[][] repeated(int kinds, int least, Duration within, Timed timed) {
        long[][] t = new long[kinds][runs];
        int n = 0;
        long start = System.nanoTime();
        while (n < runs && (n < least || System.nanoTime() - start < within.toNanos())) {
            timed.once(t, n++);
        }
        int made = n;
        return Arrays.stream(t).map(kind -> Arrays.copyOf(kind, made)).toArray(long[][]::new);
    }

    private static void streamed(List<Slot> in, Executable e, List<Slot> out, Device.Stream stream, long[][] t, int i) {
        long start = System.nanoTime();
        in.forEach(s -> s.tensor().upload(stream, s.host()));
        long before = System.nanoTime();
        e.submit(stream);
        long after = System.nanoTime();
        out.forEach(s -> s.tensor().download(stream, s.host()));
        long queued = System.nanoTime();
        stream.synchronize();
        t[0][i] = System.nanoTime() - start;
        t[1][i] = queued - start;
        t[2][i] = after - before;
    }

    private static void apart(List<Slot> in, Executable e, List<Slot> out, long[][] t, int i) {
        long start = System.nanoTime();
        in.forEach(s -> s.tensor().upload(s.host()));
        long uploaded = System.nanoTime();
        e.run();
        long ran = System.nanoTime();
        out.forEach(s -> s.tensor().download(s.host()));
        t[0][i] = ran - uploaded;
        t[1][i] = uploaded - start;
        t[2][i] = System.nanoTime() - ran;
    }

    /**
     * The median time of each node, in order of execution: twenty runs or two seconds' worth, three at least.
     *
     * @param profiled compiled so
     */
    static List<Round.Node> nodes(Prepared profiled) {
        Executable e = profiled.executable();
        e.run();
        long start = System.nanoTime();
        e.run();
        long nanos = Math.max(1, System.nanoTime() - start);
        List<List<NodeTiming>> all = new ArrayList<>();
        for (int i = 0; i < Math.clamp(PROFILED_NANOS / nanos, LEAST_PROFILED, PROFILED_RUNS); i++) {
            e.run();
            all.add(e.timings());
        }
        List<Round.Node> nodes = new ArrayList<>();
        for (int n = 0; n < all.getFirst().size(); n++) {
            int node = n;
            long[] times = all.stream().mapToLong(t -> t.get(node).nanos()).sorted().toArray();
            NodeTiming t = all.getFirst().get(n);
            nodes.add(new Round.Node(t.name(), t.what(), Math.max(1, times[times.length / 2]), t.flops(), t.bytes()));
        }
        return nodes;
    }

    /**
     * How many times as fast so many threads are as one that does the same: by the least time of each task in twenty runs or two seconds'
     * worth, five at least.
     *
     * @param profiled compiled so, for {@link CpuBackend#simulated}
     */
    static Simulated simulated(Prepared profiled, int threads) {
        Executable e = profiled.executable();
        e.run();
        long start = System.nanoTime();
        for (int i = 0; i < LEAST_RUNS || i < PROFILED_RUNS && System.nanoTime() - start < PROFILED_NANOS; i++) {
            e.run();
        }
        List<NodeTiming> nodes = e.timings();
        return Simulated.of(threads, nodes.stream().map(NodeTiming::name).toList(), CpuBackend.together(e),
                nodes.stream().mapToLong(NodeTiming::nanos).toArray());
    }
}
