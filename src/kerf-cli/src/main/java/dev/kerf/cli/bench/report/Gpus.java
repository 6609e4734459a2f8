package dev.kerf.cli.bench.report;

import dev.kerf.error.ClosedException;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What {@code nvidia-smi} says of the GPUs: their clocks, power and load when a benchmark begins. */
final class Gpus {
    /** What is asked for, and what a report calls it; numbers but for the first two. */
    private static final List<String> ASKED = List.of("name", "driver_version", "clocks.sm", "clocks.mem", "clocks.max.sm",
            "power.draw", "power.limit", "temperature.gpu", "utilization.gpu");
    private static final List<String> CALLED = List.of("name", "driver", "sm_mhz", "memory_mhz", "most_sm_mhz", "watts",
            "most_watts", "celsius", "load_percent");
    private static final int TEXTS = 2;

    private Gpus() {}

    /** A list of objects; null where there is no {@code nvidia-smi}, or it says nothing. */
    static Json now() {
        String answer = said(List.of("nvidia-smi", "--query-gpu=" + String.join(",", ASKED), "--format=csv,noheader,nounits"));
        return answer == null || answer.isEmpty() ? Json.of(null) : of(answer);
    }

    /** A line for each GPU, its values apart by commas; what a GPU doesn't know is in brackets. */
    static Json of(String answer) {
        Json all = Json.array();
        for (String line : answer.lines().toList()) {
            String[] values = line.split(", *", -1);
            Json gpu = Json.object();
            for (int i = 0; i < CALLED.size(); i++) {
                String v = i < values.length ? values[i].strip() : "";
                boolean number = v.matches("-?\\d+(\\.\\d+)?");
                gpu.put(CALLED.get(i), i < TEXTS && !v.isEmpty() ? v : i >= TEXTS && number ? Double.valueOf(v) : null);
            }
            all.add(gpu);
        }
        return all;
    }

    /** What a command writes; null where there is none of that name, or it fails. */
    static String said(List<String> command) {
        return said(new ProcessBuilder(command));
    }

    /** The same of a process that is to be started. */
    static String said(ProcessBuilder process) {
        try {
            Process p = process.redirectError(ProcessBuilder.Redirect.DISCARD).start();
            String answer = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return p.waitFor(10, TimeUnit.SECONDS) && p.exitValue() == 0 ? answer : null;
        } catch (IOException e) {
            // Not here.
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClosedException("interrupted", e);
        }
    }
}
