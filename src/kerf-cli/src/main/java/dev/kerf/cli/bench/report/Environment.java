package dev.kerf.cli.bench.report;

import dev.kerf.cli.console.Version;
import dev.kerf.error.ClosedException;
import dev.kerf.json.Json;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What a report was measured with, but for devices and drivers, which each row names.
 *
 * @param facts a JSON object: {@code bench/README.md} says what each member is
 */
public record Environment(Json facts) {
    /** Version of the lines' form; one that a reader doesn't know is refused. */
    public static final int SCHEMA = 1;

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
                .put("governor", read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").stream().findFirst()
                        .orElse(null))
                .put("memory_bytes", memory < 0 ? null : memory).put("load_1min", load < 0 ? null : load));
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

    /** Names this run. */
    public String run() {
        return facts.at("run").asString();
    }

    /** What was known, a line each, for people. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        facts.members().forEach((k, v) -> {
            if (!v.isNull() && !List.of("kind", "schema", "time").contains(k)) {
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
        try {
            File place = new File(Environment.class.getProtectionDomain().getCodeSource().getLocation().getPath());
            Process git = new ProcessBuilder("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
                    .directory(place.isDirectory() ? place : place.getParentFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            String answer = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return git.waitFor(10, TimeUnit.SECONDS) && git.exitValue() == 0 && !answer.isEmpty() ? answer : null;
        } catch (IOException e) {
            // No git here.
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClosedException("interrupted", e);
        }
    }
}
