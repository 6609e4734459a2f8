package dev.kerf.cli.bench;

import com.sun.management.ThreadMXBean;
import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.cpu.CpuBackend;
import dev.kerf.backend.gpu.device.DeviceFloors;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.check.SampleInputs;
import dev.kerf.cli.bench.report.Round;
import dev.kerf.cli.bench.report.Row;
import dev.kerf.cli.bench.report.Times;
import dev.kerf.cli.console.Console;
import dev.kerf.json.Json;
import dev.kerf.tensor.HostTensor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;

/**
 * A process that measures: reads a {@link Request} a line from standard input, writes a line of JSON to standard output for each:
 * a {@link Round}, floors, what more threads would gain, or {@code {"error": …}}. It ends when its input does, so that none outlives
 * who started it.
 */
public final class BenchWorker {
    /** Most numbers of a result that are compared. */
    private static final int COMPARED = 1 << 14;

    private BenchWorker() {}

    /** See the class. */
    public static void main(String[] args) throws InterruptedException, IOException {
        PrintStream answers = System.out;
        // What libraries print is no answer.
        System.setOut(System.err);
        BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        Thread.ofPlatform().daemon().start(() -> {
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).lines().forEach(lines::add);
            // Threads of drivers and pools don't keep the process, nor does what it measures.
            Runtime.getRuntime().halt(0);
        });
        while (true) {
            Json answer;
            try {
                Request request = Request.of(Json.parse(lines.take()));
                answer = request.workload() == null
                        ? floors(request)
                        : request.simulated().isEmpty() ? measure(request).json() : simulated(request);
            } catch (RuntimeException | Error e) {
                answer = Json.object().put("error", Console.explain(e));
            }
            answers.write((answer + "\n").getBytes(StandardCharsets.UTF_8));
            answers.flush();
        }
    }

    /** What the engine's device gives at most: an empty object where that can't be measured. */
    static Json floors(Request r) {
        DeviceFloors floors = null;
        if (!r.peer()) {
            try (Device device = Backends.open(r.engine(), CpuOptions.of().threads(r.threads()))) {
                if (device instanceof GpuDevice gpu) {
                    floors = DeviceFloors.measure(gpu);
                }
            }
        }
        boolean host = r.peer() || r.engine().startsWith("cpu");
        if (host && ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
            floors = CpuFloors.measure(r.threads());
        }
        return floors == null ? Json.object() : Row.json(floors);
    }

    /** Measures; what fails is thrown. */
    static Round measure(Request r) {
        try (Workload.Opened work = r.workload().open()) {
            if (r.peer()) {
                Peer peer = Peer.named(r.engine());
                var inputs = SampleInputs.of(work.graph());
                return sessions(r, work, null, peer.name() + " " + peer.version(),
                        _ -> peer.open(work.graph(), work.weights(), inputs, r.threads()), null);
            }
            try (Device device = Backends.open(r.engine(), CpuOptions.of().threads(r.threads()))) {
                device.info().require(r.precision());
                long start = System.nanoTime();
                try (DeviceWeights weights = work.weights() == null ? null : device.load(work.weights())) {
                    long loading = System.nanoTime() - start;
                    CompileOptions options = CompileOptions.of().precision(r.precision());
                    Round round = sessions(r, work, device, device.info().driver(),
                            _ -> new Prepared(device, work.graph(), weights, options), loading);
                    if (!r.profile()) {
                        return round;
                    }
                    try (Prepared profiled = new Prepared(device, work.graph(), weights, options.profiled())) {
                        return new Round(round.device(), round.driver(), round.times(), round.process(),
                                Latency.nodes(profiled), round.output());
                    }
                }
            }
        }
    }

    /** What more threads would gain: {@code simulated}, and of numbers that can't be had why, {@code failed}. */
    static Json simulated(Request r) {
        Json simulated = Json.array();
        Json failed = Json.array();
        for (int threads : r.simulated()) {
            try (Workload.Opened work = r.workload().open();
                    Device device = CpuBackend.simulated(threads);
                    DeviceWeights weights = work.weights() == null ? null : device.load(work.weights());
                    Prepared profiled = new Prepared(device, work.graph(), weights,
                            CompileOptions.of().precision(r.precision()).profiled())) {
                simulated.add(Latency.simulated(profiled, threads).json());
            } catch (RuntimeException | OutOfMemoryError e) {
                failed.add(threads + " threads: " + Console.explain(e));
            }
        }
        return Json.object().put("simulated", simulated).put("failed", failed);
    }

    private static Round sessions(Request r, Workload.Opened work, Device device, String driver,
            Function<Integer, Session> open, Long loading) {
        List<Session> all = new ArrayList<>();
        try {
            long start = System.nanoTime();
            Session first = open.apply(0);
            all.add(first);
            long prepared = System.nanoTime() - start + (loading == null ? 0 : loading);
            start = System.nanoTime();
            first.run();
            long firstRun = System.nanoTime() - start;
            for (int i = 1; i < r.callers(); i++) {
                all.add(open.apply(i));
            }
            HostLoad before = HostLoad.now();
            WarmUp warm = WarmUp.of(first::run, r.warmUp());
            Latency latency = new Latency(r.runs(), r.limit());
            Map<String, Times> times;
            double images;
            Double heap;
            if (all.size() == 1) {
                times = first instanceof Prepared p ? latency.of(p, device) : latency.of(first);
                images = r.workload().batch() / (times.get(Row.COMPUTE).mean() / 1e9);
                heap = heapBytes(first, times.get(Row.COMPUTE).mean());
            } else {
                Callers callers = Callers.measure(all, r.runs(), r.limit());
                times = Map.of(Row.COMPUTE, callers.times());
                images = r.workload().batch() * callers.runsPerSecond();
                heap = null;
            }
            Double clock = HostLoad.clockMhz();
            HostLoad after = HostLoad.now();
            String compared = work.compared();
            return new Round(device == null ? null : device.info().name(), driver, times,
                    new Round.Process(prepared, firstRun, warm.nanos(), warm.runs(), heap,
                            r.workload().what().equals(Workload.NETWORK) ? HostLoad.peakBytes() : null,
                            device == null ? null : device.memoryInUse(), images, after.othersSince(before),
                            after.stolenSince(before), clock, after.wattsSince(before)),
                    List.of(), compared == null ? new float[0] : sampled(first.output(compared)));
        } finally {
            all.forEach(Session::close);
        }
    }

    /** Bytes that all threads allocate on the Java heap for a run of so many nanoseconds; null where the JVM doesn't say. */
    private static Double heapBytes(Session session, double nanos) {
        if (!(ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads)) {
            return null;
        }
        int runs = (int) Math.clamp(1e9 / nanos, 1, 10);
        // Reading it allocates as well: what two readings cost is taken off.
        long first = threads.getTotalThreadAllocatedBytes();
        long own = threads.getTotalThreadAllocatedBytes() - first;
        long before = threads.getTotalThreadAllocatedBytes();
        for (int i = 0; i < runs; i++) {
            session.run();
        }
        return Math.max(0, threads.getTotalThreadAllocatedBytes() - before - own) / (double) runs;
    }

    /** Evenly spread numbers of a result, all if it has few. */
    private static float[] sampled(HostTensor t) {
        int n = (int) Math.min(COMPARED, t.elements());
        float[] some = new float[n];
        for (int i = 0; i < n; i++) {
            some[i] = finite((float) t.getDouble(t.elements() * i / n));
        }
        return some;
    }

    /** A number that JSON has: infinities, which masks of attention are made of, as the largest; NaN as half of that. */
    static float finite(float v) {
        return Float.isNaN(v) ? Float.MAX_VALUE / 2 : Math.clamp(v, -Float.MAX_VALUE, Float.MAX_VALUE);
    }
}
