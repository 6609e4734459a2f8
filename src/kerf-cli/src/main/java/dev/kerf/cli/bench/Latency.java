package dev.kerf.cli.bench;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.cli.bench.Prepared.Slot;
import dev.kerf.graph.Graph;
import dev.kerf.json.Json;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * How long a run takes, from inputs in the host's memory to what is wanted there.
 *
 * @param total    uploads, run and downloads put into a stream, and waited for once
 * @param enqueue  of that, the host's time until all are in the stream
 * @param submit   of that, the run alone: what a run costs the host
 * @param upload   the uploads, waited for
 * @param compute  a run, waited for
 * @param download the downloads, waited for
 */
record Latency(
        Percentiles total, Percentiles enqueue, Percentiles submit, Percentiles upload, Percentiles compute,
        Percentiles download) {
    private static final String LABELS = "labels";
    private static final int LEAST_RUNS = 5;
    private static final int WARM = 20;

    /**
     * Measures a graph on sample inputs; of its outputs the labels are downloaded, or all if it makes none.
     *
     * @param runs  at most
     * @param limit no run is begun later, but for the first few
     */
    static Latency of(
            Device device, Graph graph, DeviceWeights weights, CompileOptions options, int runs, Duration limit) {
        try (Prepared prepared = new Prepared(device, graph, weights, options);
                Device.Stream stream = device.stream();
                Arena arena = Arena.ofShared()) {
            Executable e = prepared.executable();
            List<Slot> in = prepared.inputs();
            Set<String> wanted = graph.outputs().containsKey(LABELS) ? Set.of(LABELS) : graph.outputs().keySet();
            List<Slot> out = wanted.stream().map(e::output).map(t -> new Slot(t, arena.allocate(t.type().bytes(), 64)))
                    .toList();
            e.warmUp(limit.dividedBy(4));
            long[][] t = new long[6][runs];
            for (int i = 0; i < WARM && i < runs; i++) {
                streamed(in, e, out, stream, t, 0);
            }
            int n = 0;
            long start = System.nanoTime();
            while (n < runs && (n < LEAST_RUNS || System.nanoTime() - start < limit.toNanos() / 2)) {
                streamed(in, e, out, stream, t, n++);
            }
            int m = 0;
            start = System.nanoTime();
            while (m < runs && (m < LEAST_RUNS || System.nanoTime() - start < limit.toNanos() / 2)) {
                apart(in, e, out, t, m++);
            }
            return new Latency(of(t[0], n), of(t[1], n), of(t[2], n), of(t[3], m), of(t[4], m), of(t[5], m));
        }
    }

    private static Percentiles of(long[] nanos, int count) {
        return new Percentiles(Arrays.copyOf(nanos, count));
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
        t[3][i] = uploaded - start;
        t[4][i] = ran - uploaded;
        t[5][i] = System.nanoTime() - ran;
    }

    Json json() {
        return Json.object().put("total", total.json()).put("enqueue", enqueue.json()).put("submit", submit.json())
                .put("upload", upload.json()).put("compute", compute.json()).put("download", download.json());
    }
}
