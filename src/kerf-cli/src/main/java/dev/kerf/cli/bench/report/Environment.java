package dev.kerf.cli.bench.report;

import dev.kerf.cli.console.Version;
import dev.kerf.json.Json;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * What a report was measured with, but for devices and drivers, which each row names.
 *
 * @param facts a JSON object: {@code bench/README.md} says what each member is
 */
public record Environment(Json facts) {
    /** Version of the lines' form; one that a reader doesn't know is refused. */
    public static final int SCHEMA = 1;

    private static final String CLOCKS = "/sys/devices/system/cpu/cpu0/cpufreq/";

    /**
     * What is here now.
     *
     * @param command what was asked for
     */
    public static Environment of(List<String> command) {
        String time = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        var system = ManagementFactory.getOperatingSystemMXBean();
        long memory = system instanceof com.sun.management.OperatingSystemMXBean s ? s.getTotalMemorySize() : -1;
        List<String> cpu = read("/proc/cpuinfo");
        double load = system.getSystemLoadAverage();
        return new Environment(Json.object().put("kind", "environment").put("schema", SCHEMA)
                .put("run", time + "-" + Long.toString(ProcessHandle.current().pid(), 36)).put("time", time)
                .put("kerf", Version.text()).put("commit", commit()).put("command", command)
                .put("jdk", System.getProperty("java.vm.vendor") + " " + Runtime.version())
                .put("jvm_flags", ManagementFactory.getRuntimeMXBean().getInputArguments())
                .put("system", System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"))
                .put("cpu", values(cpu, "model name").stream().findFirst().orElse(null))
                .put("processors", Runtime.getRuntime().availableProcessors())
                .put("cpu_mhz", clocks(cpu))
                .put("governor", read(CLOCKS + "scaling_governor").stream().findFirst()
                        .orElse(null))
                .put("cpu_max_mhz",
                        read(CLOCKS + "cpuinfo_max_freq").stream().findFirst().map(khz -> Double.valueOf(khz) / 1000)
                                .orElse(null))
                .put("gpus", Gpus.now()).put("memory_bytes", memory < 0 ? null : memory)
                .put("load_1min", load < 0 ? null : load).put("complete", false));
    }

    static Environment of(Json line) {
        if (line.at("schema").asInt() != SCHEMA) {
            throw line.at("schema").error("this version of Kerf reads schema " + SCHEMA);
        }
        line.at("run").asString();
        return new Environment(line);
    }

    Json json() {
        return facts;
    }

    /** Whether all that was asked for was measured: a run that is ended leaves what it has. Older reports don't say; they have all. */
    public boolean complete() {
        return facts.find("complete").map(Json::asBoolean).orElse(true);
    }

    /** Tells what each process was given at most for runs that count, and for warming up. */
    public Environment within(Duration measuring, Duration warmUp) {
        facts.put("seconds", measuring.toMillis() / 1e3).put("warm_up_seconds", warmUp.toMillis() / 1e3);
        return this;
    }

    /** All is measured. */
    public void completed() {
        facts.put("complete", true);
    }

    /** Names this run. */
    public String run() {
        return facts.at("run").asString();
    }

    /** What was known, a line each, for people. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        facts.members().forEach((k, v) -> {
            if (!v.isNull() && !List.of("kind", "schema", "time", "complete").contains(k)) {
                lines.add(k.replace('_', ' ') + ": " + (v.isArray()
                        ? String.join(" ", v.items().stream().map(i -> i.isString() ? i.asString() : i.toString()).toList())
                        : v.isString() ? v.asString() : v.toString()));
            }
        });
        return lines;
    }

    private static Json clocks(List<String> cpu) {
        List<String> mhz = values(cpu, "cpu MHz");
        return Json.of(mhz.isEmpty() ? null : mhz.stream().map(Double::valueOf).toList());
    }

    private static List<String> values(List<String> lines, String key) {
        return lines.stream().filter(l -> l.startsWith(key)).map(l -> l.substring(l.indexOf(':') + 1).strip()).toList();
    }

    private static List<String> read(String file) {
        try {
            return Files.readAllLines(Path.of(file));
        } catch (IOException e) {
            // Not this system's way of telling; the report says null.
            return List.of();
        }
    }

    /** Of the checkout that the program lies in, with {@code -dirty} if files differ from it; null outside one. */
    private static String commit() {
        File place = new File(Environment.class.getProtectionDomain().getCodeSource().getLocation().getPath());
        String answer = Gpus.said(new ProcessBuilder("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
                .directory(place.isDirectory() ? place : place.getParentFile()));
        return answer == null || answer.isEmpty() ? null : answer;
    }
}
