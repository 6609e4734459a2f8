package dev.kerf.cli.bench;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.graph.Graph;
import dev.kerf.json.Json;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Arrays;

/**
 * How long a run takes, from an image in the host's memory to labels there.
 *
 * @param total    upload, run and download put into a stream, and waited for once
 * @param enqueue  of that, the host's time until all three are in the stream
 * @param submit   of that, the run alone: what a run costs the host
 * @param upload   an upload, waited for
 * @param compute  a run, waited for
 * @param download a download, waited for
 */
record Latency(
        Percentiles total, Percentiles enqueue, Percentiles submit, Percentiles upload, Percentiles compute,
        Percentiles download) {
    private static final int LEAST_RUNS = 5;
    private static final int WARM = 20;

    /**
     * Measures a graph with the input {@code image} and the output {@code labels}.
     *
     * @param runs  at most
     * @param limit no run is begun later, but for the first few
     */
    static Latency of(
            Device device, Graph graph, DeviceWeights weights, CompileOptions options, int runs, Duration limit) {
        try (Executable e = device.compile(graph, weights, options);
                Device.Stream stream = device.stream();
                Arena arena = Arena.ofShared()) {
            DeviceTensor image = e.input("image");
            DeviceTensor labels = e.output("labels");
            MemorySegment in = arena.allocate(image.type().bytes(), 64);
            for (long i = 0; i < in.byteSize() / 4; i++) {
                in.setAtIndex(ValueLayout.JAVA_FLOAT, i, (i * 2654435761L >>> 8 & 0xFF) / 255f);
            }
            MemorySegment out = arena.allocate(labels.type().bytes(), 64);
            image.upload(in);
            e.warmUp(limit.dividedBy(4));
            long[][] t = new long[6][runs];
            for (int i = 0; i < WARM && i < runs; i++) {
                streamed(image, in, e, labels, out, stream, t, 0);
            }
            int n = 0;
            long start = System.nanoTime();
            while (n < runs && (n < LEAST_RUNS || System.nanoTime() - start < limit.toNanos() / 2)) {
                streamed(image, in, e, labels, out, stream, t, n++);
            }
            int m = 0;
            start = System.nanoTime();
            while (m < runs && (m < LEAST_RUNS || System.nanoTime() - start < limit.toNanos() / 2)) {
                apart(image, in, e, labels, out, t, m++);
            }
            return new Latency(of(t[0], n), of(t[1], n), of(t[2], n), of(t[3], m), of(t[4], m), of(t[5], m));
        }
    }

    private static Percentiles of(long[] nanos, int count) {
        return new Percentiles(Arrays.copyOf(nanos, count));
    }

    private static void streamed(DeviceTensor image, MemorySegment in, Executable e, DeviceTensor labels,
            MemorySegment out, Device.Stream stream, long[][] t, int i) {
        long start = System.nanoTime();
        image.upload(stream, in);
        long before = System.nanoTime();
        e.submit(stream);
        long after = System.nanoTime();
        labels.download(stream, out);
        long queued = System.nanoTime();
        stream.synchronize();
        t[0][i] = System.nanoTime() - start;
        t[1][i] = queued - start;
        t[2][i] = after - before;
    }

    private static void apart(DeviceTensor image, MemorySegment in, Executable e, DeviceTensor labels,
            MemorySegment out, long[][] t, int i) {
        long start = System.nanoTime();
        image.upload(in);
        long uploaded = System.nanoTime();
        e.run();
        long ran = System.nanoTime();
        labels.download(out);
        t[3][i] = uploaded - start;
        t[4][i] = ran - uploaded;
        t[5][i] = System.nanoTime() - ran;
    }

    Json json() {
        return Json.object().put("total", total.json()).put("enqueue", enqueue.json()).put("submit", submit.json())
                .put("upload", upload.json()).put("compute", compute.json()).put("download", download.json());
    }
}
