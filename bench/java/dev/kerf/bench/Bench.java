package dev.kerf.bench;

import dev.kerf.graph.Graph;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs the benchmarks and writes a report.
 *
 * <pre>
 * Bench WHAT [--engines cpu,onnxruntime] [--threads 2] [--rounds 3] [--runs 10] [--out bench/reports]
 * </pre>
 *
 * WHAT is {@code unet}, {@code ops}, or the names of some ops with commas. Engines take turns in each round, every one
 * in a process of its own, so that a machine that slows down slows all of them.
 */
public final class Bench {
    private static final String THREADS = "kerf.bench.threads";

    private final Map<String, String> options = new LinkedHashMap<>(Map.of("--engines", "cpu,onnxruntime",
            "--threads", "2", "--rounds", "3", "--runs", "10", "--out", "bench/reports"));
    private final String what;

    private Bench(String[] args) {
        if (args.length % 2 == 0 || args[0].startsWith("--")) {
            throw new IllegalArgumentException("expected unet, ops or names of ops, then options: " + options.keySet());
        }
        what = args[0];
        for (int i = 1; i < args.length; i += 2) {
            if (options.replace(args[i], args[i + 1]) == null) {
                throw new IllegalArgumentException("no option " + args[i] + "; there are " + options.keySet());
            }
        }
    }

    /** How many threads engines may use, in this process and those forked from it. */
    static int threads() {
        return Integer.getInteger(THREADS, Runtime.getRuntime().availableProcessors());
    }

    /** See the class. */
    public static void main(String[] args) throws IOException, RunnerException {
        new Bench(args).run();
    }

    private int number(String option) {
        return Integer.parseInt(options.get(option));
    }

    private void run() throws IOException, RunnerException {
        System.setProperty(THREADS, options.get("--threads"));
        List<String> engines = List.of(options.get("--engines").split(","));
        Report report = new Report(what.equals("unet") ? "U-Net, 31 million parameters, 512 × 512" : "Single ops",
                floor("fma", FloorBenchmark.FLOPS), floor("copy", FloorBenchmark.BYTES));
        if (what.equals("unet")) {
            agree(report, engines);
            Work work = Work.of(UNetBenchmark.graph(Inputs.unet(), 512));
            measure(UNetBenchmark.class, Map.of("side", "512"), engines)
                    .forEach((engine, samples) -> report.add(new Figures("U-Net 512²", engine, work, samples)));
        } else {
            List<OpCase> cases = what.equals("ops") ? List.of(OpCase.values())
                    : Arrays.stream(what.split(",")).map(OpCase::valueOf).toList();
            for (OpCase op : cases) {
                Work work = Work.of(op.graph());
                measure(OpBenchmark.class, Map.of("op", op.name()), engines)
                        .forEach((engine, samples) -> report.add(new Figures(op.name(), engine, work, samples)));
            }
        }
        System.out.println(report.markdown());
        report.write(Path.of(options.get("--out")), what.equals("unet") ? "unet" : "ops");
    }

    /** Gigaoperations a second of all threads together. */
    private double floor(String method, double amount) throws RunnerException {
        var result = new Runner(fork(FloorBenchmark.class, method).threads(number("--threads"))
                .warmupIterations(3).warmupTime(TimeValue.milliseconds(500))
                .measurementIterations(5).measurementTime(TimeValue.milliseconds(500)).build()).runSingle();
        return number("--threads") * amount / result.getPrimaryResult().getScore();
    }

    private Map<String, double[]> measure(Class<?> benchmark, Map<String, String> params, List<String> engines)
            throws RunnerException {
        Map<String, List<Double>> samples = new LinkedHashMap<>();
        for (int round = 0; round < number("--rounds"); round++) {
            for (String engine : engines) {
                ChainedOptionsBuilder o = fork(benchmark, "run").param("engine", engine)
                        .warmupIterations(1).measurementIterations(number("--runs"));
                params.forEach(o::param);
                for (RunResult r : new Runner(o.build()).run()) {
                    r.getAggregatedResult().getIterationResults().forEach(i -> samples
                            .computeIfAbsent(engine, e -> new ArrayList<>()).add(i.getPrimaryResult().getScore()));
                }
                System.out.println(params + " " + engine + " " + samples.get(engine));
            }
        }
        Map<String, double[]> out = new LinkedHashMap<>();
        samples.forEach((engine, s) -> out.put(engine, s.stream().mapToDouble(d -> d).toArray()));
        return out;
    }

    private ChainedOptionsBuilder fork(Class<?> benchmark, String method) {
        // Kerf takes as many threads as the JVM sees processors.
        return new OptionsBuilder().include(benchmark.getName() + "\\." + method + "$").forks(1).threads(1)
                .jvmArgsAppend("-XX:ActiveProcessorCount=" + options.get("--threads"), "-Xmx6g",
                        "-D" + THREADS + "=" + options.get("--threads"))
                .verbosity(VerboseMode.SILENT).shouldFailOnError(true);
    }

    /** What isn't the same result needs no race. */
    private void agree(Report report, List<String> engines) {
        try (Weights weights = Inputs.unet()) {
            Graph graph = UNetBenchmark.graph(weights, 64);
            HostTensor expected = logits(Engine.ONNX_RUNTIME, graph, weights);
            for (String engine : engines) {
                if (engine.equals(Engine.ONNX_RUNTIME)) {
                    continue;
                }
                HostTensor actual = logits(engine, graph, weights);
                double difference = 0;
                double norm = 0;
                for (long i = 0; i < expected.elements(); i++) {
                    difference += Math.pow(actual.getDouble(i) - expected.getDouble(i), 2);
                    norm += Math.pow(expected.getDouble(i), 2);
                }
                double relative = Math.sqrt(difference / norm);
                if (!(relative < 1e-4)) {
                    throw new IllegalStateException(engine + " differs from ONNX Runtime by " + relative);
                }
                report.difference(engine, relative);
            }
        }
    }

    private static HostTensor logits(String engine, Graph graph, Weights weights) {
        try (Engine e = Engine.open(engine, graph, weights, Inputs.of(graph), threads())) {
            e.run();
            return e.output("logits");
        }
    }
}
