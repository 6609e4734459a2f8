package dev.kerf.bench;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs {@link BindingBenchmark} as far as there is a driver, and writes {@code bindings.json} and {@code bindings.md}. */
final class Bindings {
    private static final String IMAGES = "kerf.cuda.images";

    private final List<Json> rows = new ArrayList<>();
    private final List<String> left = new ArrayList<>();
    private String device = "none";

    private Bindings() {}

    static void run(Path out) throws IOException, RunnerException {
        Bindings b = new Bindings();
        b.measure("pid(Plain|Critical)");
        if (b.there("cuda")) {
            b.measure("version(Plain|Critical)");
            b.measure("launch", "cuda");
        }
        if (b.there("jcuda")) {
            b.measure("versionJcuda");
            b.measure("launch", "jcuda");
        }
        Files.createDirectories(out);
        Files.writeString(out.resolve("bindings.json"), b.json().pretty() + "\n");
        Files.writeString(out.resolve("bindings.md"), b.markdown());
        System.out.println(b.markdown());
    }

    private boolean there(String backend) {
        try {
            Device.Info d = Backends.named(backend).devices().getFirst();
            device = d.name() + ", " + d.driver();
            return true;
        } catch (BackendUnavailableException e) {
            left.add(e.getMessage());
            return false;
        }
    }

    private void measure(String method, String... backend) throws RunnerException {
        ChainedOptionsBuilder o = new OptionsBuilder().include(BindingBenchmark.class.getName() + "\\." + method + "$")
                .forks(3).threads(1).warmupIterations(3).warmupTime(TimeValue.milliseconds(500))
                .measurementIterations(5).measurementTime(TimeValue.milliseconds(500))
                .verbosity(VerboseMode.SILENT).shouldFailOnError(true);
        if (System.getProperty(IMAGES) != null) {
            o.jvmArgsAppend("-D" + IMAGES + "=" + System.getProperty(IMAGES));
        }
        if (backend.length > 0) {
            o.param("backend", backend);
        }
        for (RunResult r : new Runner(o.build()).run()) {
            String name = r.getParams().getBenchmark().replaceFirst(".*\\.", "");
            String through = r.getParams().getParam("backend");
            rows.add(Json.object().put("call", name + (through == null ? "" : " " + through))
                    .put("ns", r.getPrimaryResult().getScore()).put("error_ns", r.getPrimaryResult().getScoreError())
                    .put("samples", r.getPrimaryResult().getSampleCount()));
        }
    }

    private Json json() {
        return Json.object().put("java", Runtime.version().toString()).put("system", System.getProperty("os.name"))
                .put("date", LocalDate.now().toString()).put("device", device).put("left_out", left).put("rows", rows);
    }

    private String markdown() {
        StringBuilder s = new StringBuilder(
                "# What a native call costs\n\n- Java " + Runtime.version() + "\n- device: " + device
                        + "\n");
        left.forEach(l -> s.append("- left out: ").append(l).append('\n'));
        s.append("\nNanoseconds of the calling thread, with JMH's error of 99.9 %. A launch makes the device's context current "
                + "and puts the thread's own back: three native calls.\n\n| call | ns | ± |\n|---|--:|--:|\n");
        rows.forEach(r -> s.append(String.format(Locale.ROOT, "| %s | %.1f | %.1f |%n", r.at("call").asString(),
                r.at("ns").asDouble(), r.at("error_ns").asDouble())));
        return s.toString();
    }
}
