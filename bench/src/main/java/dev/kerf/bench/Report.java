package dev.kerf.bench;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Figures with the machine that they were taken on, as JSON and as a table. */
final class Report {
    private final String title;
    private final double peak;
    private final double bandwidth;
    private final List<Figures> figures = new ArrayList<>();
    private final Map<String, Double> differences = new LinkedHashMap<>();

    /**
     * @param peak      operations a second that the machine reached, in 10^9
     * @param bandwidth bytes a second that copying reached, in 10^9
     */
    Report(String title, double peak, double bandwidth) {
        this.title = title;
        this.peak = peak;
        this.bandwidth = bandwidth;
    }

    void add(Figures f) {
        figures.add(f);
    }

    /** Notes how far an engine's result is from the first engine's, or ONNX Runtime's: relative L2 difference. */
    void difference(String engine, double relative) {
        differences.put(engine, relative);
    }

    private Map<String, String> environment() throws IOException {
        Path info = Path.of("/proc/cpuinfo");
        String cpu = !Files.exists(info)
                ? System.getProperty("os.arch")
                : Files.readAllLines(info).stream()
                        .filter(l -> l.startsWith("model name")).map(l -> l.substring(l.indexOf(':') + 2))
                        .findFirst().orElse(System.getProperty("os.arch"));
        Map<String, String> e = new LinkedHashMap<>();
        e.put("cpu", cpu);
        e.put("threads", Integer.toString(Bench.threads()));
        e.put("jdk", System.getProperty("java.vm.vendor") + " " + Runtime.version());
        e.put("system", System.getProperty("os.name"));
        figures.stream().map(Figures::engine).distinct().forEach(engine -> e.put(engine, what(engine)));
        e.put("date", LocalDate.now().toString());
        return e;
    }

    private static String what(String engine) {
        if (engine.equals(Engine.ONNX_RUNTIME)) {
            return ai.onnxruntime.OrtEnvironment.getEnvironment().getVersion();
        }
        try (Device device = Backends.open(engine)) {
            return device.info().name() + ", " + device.info().driver();
        }
    }

    /** Whether the processor's floors are this engine's. */
    private static boolean onCpu(String engine) {
        if (engine.equals(Engine.ONNX_RUNTIME)) {
            return true;
        }
        try (Device device = Backends.open(engine)) {
            return device.info().kind() == Device.Info.Kind.CPU;
        }
    }

    private double ratio(Figures f) {
        return figures.stream().filter(o -> o.name().equals(f.name()) && o.engine().equals(Engine.ONNX_RUNTIME))
                .mapToDouble(o -> f.percentile(0.5) / o.percentile(0.5)).findFirst().orElse(Double.NaN);
    }

    /** Writes NAME.json and NAME.md. */
    void write(Path directory, String name) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve(name + ".json"), json() + "\n");
        Files.writeString(directory.resolve(name + ".md"), markdown());
    }

    private String json() throws IOException {
        List<Json> rows = new ArrayList<>();
        for (Figures f : figures) {
            Json row = Json.object().put("case", f.name()).put("engine", f.engine()).put("runs", f.samples().length)
                    .put("mean_ms", f.mean()).put("std_ms", f.deviation()).put("min_ms", f.best())
                    .put("p50_ms", f.percentile(0.5)).put("p99_ms", f.percentile(0.99)).put("flops", f.work().flops())
                    .put("bytes", f.work().bytes()).put("peak_bytes", f.peak()).put("samples_ms", f.samples());
            double ratio = ratio(f);
            rows.add(Double.isNaN(ratio) ? row : row.put("ratio_to_onnxruntime", ratio));
        }
        return Json.object().put("title", title).put("environment", environment()).put("fma_gflops", peak)
                .put("copy_gb_per_s", bandwidth).put("relative_difference", differences)
                .put("figures", rows).toString();
    }

    private static String percent(double part) {
        return String.format(Locale.ROOT, "%.0f %%", 100 * part);
    }

    String markdown() throws IOException {
        StringBuilder s = new StringBuilder("# " + title + "\n\n");
        environment().forEach((k, v) -> s.append("- ").append(k).append(": ").append(v).append('\n'));
        s.append(String.format(Locale.ROOT, "- measured in the same run: fused multiply-adds %.0f GFLOP/s,"
                + " copying %.1f GB/s (read and written)%n", peak, bandwidth));
        differences.forEach((engine, d) -> s.append(String.format(Locale.ROOT,
                "- %s by %.1e (relative L2)%n", engine, d)));
        s.append("""

                Times in milliseconds; GFLOP/s, GB/s and the ratio are those of the median. FLOPs are the direct form's, so an
                algorithm that needs fewer may pass the peak; bytes are operands read once and results written once. Process MiB: the
                most that the process held, the JVM, weights and compiling included.
                """);
        s.append("\n| case | engine | runs | mean | std | min | p50 | p99 | GFLOP/s | of peak | GB/s | of copy"
                + " | process MiB | × ONNX Runtime |\n"
                + "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        for (Figures f : figures) {
            double ratio = ratio(f);
            boolean floors = onCpu(f.engine());
            s.append(String.format(Locale.ROOT,
                    "| %s | %s | %d | %.2f | %.2f | %.2f | %.2f | %.2f | %.1f | %s | %.2f | %s | %s | %s |%n",
                    f.name(), f.engine(), f.samples().length, f.mean(), f.deviation(), f.best(), f.percentile(0.5),
                    f.percentile(0.99), f.gigaflops(), floors ? percent(f.gigaflops() / peak) : "", f.gigabytes(),
                    floors ? percent(f.gigabytes() / bandwidth) : "",
                    f.peak() == 0 ? "" : Long.toString(f.peak() >> 20),
                    Double.isNaN(ratio) ? "" : String.format(Locale.ROOT, "%.3f", ratio)));
        }
        return s.toString();
    }
}
