package dev.kerf.bench;

import dev.kerf.check.SampleInputs;
import dev.kerf.graph.Graph;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
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
 * WHAT is {@code models}, {@code ops}, or the names of some of either with commas, such as {@code unet,sam2_encoder};
 * {@code bindings} takes {@code --out} alone. Engines take turns in each round, every one
 * in a process of its own, so that a machine that slows down slows all of them.
 */
public final class Bench {
    private static final String THREADS = "kerf.bench.threads";

    private final Map<String, String> options = new LinkedHashMap<>(Map.of("--engines", "cpu,onnxruntime",
            "--threads", "2", "--rounds", "3", "--runs", "10", "--out", "bench/reports"));
    private final String what;

    private Bench(String[] args) {
        if (args.length % 2 == 0 || args[0].startsWith("--")) {
            throw new IllegalArgumentException("expected models, ops or names of some, then options: " + options.keySet());
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
        if (args.length > 0 && args[0].equals("bindings")) {
            Bindings.run(Path.of(args.length == 3 && args[1].equals("--out") ? args[2] : "bench/reports"));
            return;
        }
        new Bench(args).run();
    }

    private int number(String option) {
        return Integer.parseInt(options.get(option));
    }

    private void run() throws IOException, RunnerException {
        System.setProperty(THREADS, options.get("--threads"));
        List<String> engines = List.of(options.get("--engines").split(","));
        List<String> names = switch (what) {
            case "models" -> Arrays.stream(ModelCase.values()).map(ModelCase::name).toList();
            case "ops" -> Arrays.stream(SingleOp.values()).map(SingleOp::name).toList();
            default -> List.of(what.split(","));
        };
        boolean models = names.stream().allMatch(ModelCase::known);
        Report report = new Report(models ? "Networks" : "Single ops",
                floor("fma", FloorBenchmark.FLOPS), floor("copy", FloorBenchmark.BYTES));
        for (String name : names) {
            if (models) {
                model(ModelCase.named(name), engines, report);
            } else {
                Work work = Work.of(SingleOp.valueOf(name).graph());
                measure(OpBenchmark.class, Map.of("op", name), engines)
                        .forEach((engine, s) -> report.add(new Figures(name, engine, work, s.times(), s.peak())));
            }
        }
        System.out.println(report.markdown());
        report.write(Path.of(options.get("--out")), models ? names.size() == 1 ? what : "models" : "ops");
    }

    private void model(ModelCase c, List<String> engines, Report report) throws IOException, RunnerException {
        Work work;
        try (Weights weights = c.weights()) {
            Graph graph = c.graph(weights);
            work = Work.of(graph);
            agree(c, graph, weights, engines, report);
        }
        measure(ModelBenchmark.class, Map.of("model", c.name()), engines)
                .forEach((engine, s) -> report.add(new Figures(c.title, engine, work, s.times(), s.peak())));
    }

    /** Milliseconds, and the most bytes that a process held. */
    private record Samples(double[] times, long peak) {}

    /** Gigaoperations a second of all threads together. */
    private double floor(String method, double amount) throws RunnerException {
        var result = new Runner(fork(FloorBenchmark.class, method).threads(number("--threads"))
                .warmupIterations(3).warmupTime(TimeValue.milliseconds(500))
                .measurementIterations(5).measurementTime(TimeValue.milliseconds(500)).build()).runSingle();
        return number("--threads") * amount / result.getPrimaryResult().getScore();
    }

    private Map<String, Samples> measure(Class<?> benchmark, Map<String, String> params, List<String> engines)
            throws IOException, RunnerException {
        Map<String, List<Double>> samples = new LinkedHashMap<>();
        Map<String, Long> peaks = new LinkedHashMap<>();
        Path peak = Files.createTempFile("kerf-bench", ".peak");
        for (int round = 0; round < number("--rounds"); round++) {
            for (String engine : engines) {
                ChainedOptionsBuilder o = fork(benchmark, "run")
                        .jvmArgsPrepend("-D" + ModelBenchmark.PEAK + "=" + peak).param("engine", engine)
                        .warmupIterations(1).measurementIterations(number("--runs"));
                params.forEach(o::param);
                for (RunResult r : new Runner(o.build()).run()) {
                    r.getAggregatedResult().getIterationResults().forEach(i -> samples
                            .computeIfAbsent(engine, e -> new ArrayList<>()).add(i.getPrimaryResult().getScore()));
                }
                String kib = Files.readString(peak);
                peaks.merge(engine, kib.isEmpty() ? 0 : Long.parseLong(kib) << 10, Math::max);
                System.out.println(params + " " + engine + " " + samples.get(engine));
            }
        }
        Files.delete(peak);
        Map<String, Samples> out = new LinkedHashMap<>();
        samples.forEach((engine, s) -> out.put(engine,
                new Samples(s.stream().mapToDouble(d -> d).toArray(), peaks.get(engine))));
        return out;
    }

    private ChainedOptionsBuilder fork(Class<?> benchmark, String method) {
        // Kerf takes as many threads as the JVM sees processors.
        return new OptionsBuilder().include(benchmark.getName() + "\\." + method + "$").forks(1).threads(1)
                .jvmArgsAppend("-XX:ActiveProcessorCount=" + options.get("--threads"), "-Xmx6g",
                        "-D" + THREADS + "=" + options.get("--threads"))
                .verbosity(VerboseMode.SILENT).shouldFailOnError(true);
    }

    /** What isn't the same result needs no race. Held to ONNX Runtime if it takes part, else to the first. */
    private static void agree(ModelCase c, Graph graph, Weights weights, List<String> engines, Report report) {
        String reference = engines.contains(Engine.ONNX_RUNTIME) ? Engine.ONNX_RUNTIME : engines.getFirst();
        if (engines.size() == 1) {
            return;
        }
        HostTensor expected = output(reference, c, graph, weights);
        for (String engine : engines) {
            if (engine.equals(reference)) {
                continue;
            }
            HostTensor actual = output(engine, c, graph, weights);
            double difference = 0;
            double norm = 0;
            for (long i = 0; i < expected.elements(); i++) {
                difference += Math.pow(actual.getDouble(i) - expected.getDouble(i), 2);
                norm += Math.pow(expected.getDouble(i), 2);
            }
            double relative = Math.sqrt(difference / norm);
            if (!(relative < c.tolerance())) {
                throw new IllegalStateException(c.title + ": " + engine + " differs from " + reference + " by " + relative);
            }
            report.difference(c.title + ": " + engine + " from " + reference, relative);
        }
    }

    private static HostTensor output(String engine, ModelCase c, Graph graph, Weights weights) {
        try (Engine e = Engine.open(engine, graph, weights, SampleInputs.of(graph), threads())) {
            e.run();
            return e.output(c.output);
        }
    }
}
