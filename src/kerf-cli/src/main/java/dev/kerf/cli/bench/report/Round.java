package dev.kerf.cli.bench.report;

import dev.kerf.json.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one process measured of a {@link Subject}.
 *
 * @param device  what ran it, as its driver names it; null where nobody says
 * @param driver  name and version of the driver or library; null where nobody says
 * @param times   by what was timed: {@code compute} (a run, waited for) always; {@code total}, {@code enqueue}, {@code submit},
 *                {@code upload} and {@code download} where the engine has them
 * @param process what it cost besides
 * @param nodes   of one profiled run; empty where there are none
 * @param output  some of the numbers that it computed, to be compared; empty where they can't be
 */
public record Round(
        String device, String driver, Map<String, Times> times, Process process, List<Node> nodes, float[] output) {
    /**
     * What a process cost. Null for what isn't known.
     *
     * @param prepareNanos    loading weights and compiling
     * @param firstRunNanos   the first run after that
     * @param warmUpNanos     until times were steady; null if they never were
     * @param warmUpRuns      made for that
     * @param heapBytesPerRun that all threads allocated on the Java heap, a run
     * @param peakBytes       most memory that the process held
     * @param deviceBytes     of the device, held by weights and executables
     * @param imagesPerSecond that all callers together were given
     * @param others          processors that other processes kept busy meanwhile
     * @param stolen          processors' time that the hypervisor gave to others, in processors
     * @param clockMhz        of the host's processors when the last run was over
     * @param watts           that the host's processors took meanwhile
     */
    public record Process(
            Long prepareNanos, Long firstRunNanos, Long warmUpNanos, Integer warmUpRuns, Double heapBytesPerRun,
            Long peakBytes, Long deviceBytes, double imagesPerSecond, Double others, Double stolen, Double clockMhz,
            Double watts) {
        /** As in a row. */
        public Json json() {
            return Json.object().put("prepare_ns", prepareNanos).put("first_run_ns", firstRunNanos)
                    .put("warm_up_ns", warmUpNanos).put("warm_up_runs", warmUpRuns)
                    .put("heap_bytes_per_run", heapBytesPerRun).put("peak_bytes", peakBytes)
                    .put("device_bytes", deviceBytes).put("images_per_s", imagesPerSecond)
                    .put("other_processors", others).put("stolen_processors", stolen)
                    .put("cpu_mhz", clockMhz).put("watts", watts);
        }

        static Process of(Json j) {
            return new Process(whole(j.at("prepare_ns")), whole(j.at("first_run_ns")), whole(j.at("warm_up_ns")),
                    j.at("warm_up_runs").isNull() ? null : j.at("warm_up_runs").asInt(), real(j.at("heap_bytes_per_run")),
                    whole(j.at("peak_bytes")), whole(j.at("device_bytes")), j.at("images_per_s").asDouble(),
                    real(j.at("other_processors")), real(j.at("stolen_processors")),
                    j.find("cpu_mhz").map(Round::real).orElse(null), j.find("watts").map(Round::real).orElse(null));
        }
    }

    /**
     * A node of the graph in a profiled run.
     *
     * @param name    in the graph
     * @param kernels that ran
     * @param nanos   median time on the device
     * @param flops   of its kernels; 0 where the back end doesn't count them
     * @param bytes   that they have to move at least; 0 likewise
     */
    public record Node(String name, String kernels, long nanos, long flops, long bytes) {
        Json json() {
            return Json.object().put("name", name).put("kernels", kernels).put("ns", nanos)
                    .put("flops", flops == 0 ? null : flops).put("bytes", bytes == 0 ? null : bytes);
        }

        static Node of(Json j) {
            return new Node(j.at("name").asString(), j.at("kernels").asString(), j.at("ns").asLong(),
                    j.at("flops").isNull() ? 0 : j.at("flops").asLong(), j.at("bytes").isNull() ? 0 : j.at("bytes").asLong());
        }
    }

    /** What a process says to the one that started it. */
    public Json json() {
        Json timed = Json.object();
        times.forEach((k, t) -> timed.put(k, t.rounds().getFirst()));
        Json ran = Json.array();
        nodes.forEach(n -> ran.add(n.json()));
        return Json.object().put("device", device).put("driver", driver).put("times_ns", timed)
                .put("process", process.json()).put("nodes", ran).put("output", output);
    }

    /** Reads {@link #json}. */
    public static Round of(Json j) {
        Map<String, Times> times = new LinkedHashMap<>();
        j.at("times_ns").members().forEach((k, t) -> times.put(k, new Times(List.of(t.asLongs()))));
        double[] numbers = j.at("output").asDoubles();
        float[] output = new float[numbers.length];
        for (int i = 0; i < output.length; i++) {
            output[i] = (float) numbers[i];
        }
        return new Round(text(j.at("device")), text(j.at("driver")), times, Process.of(j.at("process")),
                j.at("nodes").items().stream().map(Node::of).toList(), output);
    }

    static String text(Json j) {
        return j.isNull() ? null : j.asString();
    }

    static Double real(Json j) {
        return j.isNull() ? null : j.asDouble();
    }

    private static Long whole(Json j) {
        return j.isNull() ? null : j.asLong();
    }
}
