package dev.kerf.cli.bench.report;

import dev.kerf.backend.gpu.device.DeviceFloors;
import dev.kerf.graph.plan.Work;
import dev.kerf.json.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * One measurement: a line of a report. {@code bench/README.md} says what each member of the line is.
 *
 * @param subject   what was measured
 * @param device    what ran it; null where nobody says
 * @param driver    name and version of its driver or library; null where nobody says
 * @param error     why there are no times; null if there are
 * @param times     by what was timed
 * @param processes what each process cost, in the order of the times' rounds
 * @param work      the least that the graph takes; null where there is no graph
 * @param floors    of what ran it; null where they couldn't be measured
 * @param reference engine whose result this one's was compared with; null if it wasn't
 * @param distance  relative L2 difference from that
 * @param nodes     of a profiled run; empty where there are none
 * @param rejected  rounds that don't count, because memory was slow right before or after them
 * @param copying   share of the run's best speed at which memory was copied beside the rounds that count, at worst
 * @param simulated what more threads would gain; empty where nobody asked
 */
public record Row(
        Subject subject, String device, String driver, String error, Map<String, Times> times,
        List<Round.Process> processes, Work work, DeviceFloors floors, String reference, Double distance,
        List<Round.Node> nodes, int rejected, double copying, List<Simulated> simulated) {
    /** What is timed of every engine: a run, waited for. */
    public static final String COMPUTE = "compute";
    /** All that may be timed. */
    public static final List<String> TIMED = List.of(COMPUTE, "total", "enqueue", "submit", "upload", "download");

    /** The row of a measurement that failed. */
    public static Row failed(Subject subject, Work work, String error) {
        return new Row(subject, null, null, error, Map.of(), List.of(), work, null, null, null, List.of(), 0, 1, List.of());
    }

    /** The row that some processes' measurements make; of those that were rejected it has the nodes, where no other has them. */
    public static Row of(Subject subject, Work work, DeviceFloors floors, List<Round> rounds, List<Round> rejected,
            double copying, List<Simulated> simulated) {
        Map<String, Times> times = new LinkedHashMap<>();
        rounds.forEach(r -> r.times().forEach((k, t) -> times.merge(k, t, Times::and)));
        Round first = rounds.getFirst();
        return new Row(subject, first.device(), first.driver(), null, times, rounds.stream().map(Round::process).toList(),
                work, floors, null, null,
                Stream.concat(rounds.stream(), rejected.stream()).map(Round::nodes).filter(n -> !n.isEmpty()).findFirst()
                        .orElse(List.of()),
                rejected.size(), copying, simulated);
    }

    /** This with how far its result is from another engine's. */
    public Row compared(String engine, double difference) {
        return new Row(subject, device, driver, error, times, processes, work, floors, engine, difference, nodes,
                rejected, copying, simulated);
    }

    /** This as a failure for that reason; nothing that was measured counts. */
    public Row refused(String why) {
        return new Row(subject, device, driver, why, Map.of(), List.of(), work, floors, reference, distance, List.of(),
                rejected, copying, List.of());
    }

    /** Whether there are times. */
    public boolean success() {
        return error == null;
    }

    /** The times of a run, waited for. */
    public Times compute() {
        return times.get(COMPUTE);
    }

    /** Images a second that all callers together were given: the mean of the processes. */
    public double imagesPerSecond() {
        return processes.stream().mapToDouble(Round.Process::imagesPerSecond).average().orElse(Double.NaN);
    }

    /** What the nodes take on the device, in nanoseconds; NaN where they weren't timed. */
    public double onDevice() {
        return nodes.isEmpty() ? Double.NaN : nodes.stream().mapToLong(Round.Node::nanos).sum();
    }

    /** The roofline's least time over the median run: 1 is as quick as can be; NaN where it isn't known. */
    public double ofRoofline() {
        return !success() || work == null || floors == null
                ? Double.NaN
                : floors.seconds(work.flops(), work.bytes()) / (compute().median() / 1e9);
    }

    /** Processors that others kept busy while this was measured: the most of all its processes; NaN where it isn't known. */
    public double disturbance() {
        return processes.stream().filter(p -> p.others() != null && p.stolen() != null)
                .mapToDouble(p -> p.others() + p.stolen()).max().orElse(Double.NaN);
    }

    /** One line of JSON. */
    Json json(String run) {
        Json timed = Json.object();
        TIMED.forEach(k -> timed.put(k, times.containsKey(k) ? times.get(k).json() : null));
        Json processed = Json.array();
        processes.forEach(p -> processed.add(p.json()));
        Json ran = Json.array();
        nodes.forEach(n -> ran.add(n.json()));
        return subject.into(Json.object().put("kind", "row").put("run", run))
                .put("device", device).put("driver", driver).put("success", success()).put("error", error)
                .put("times", timed).put("images_per_s", Times.known(imagesPerSecond())).put("processes", processed)
                .put("flops", work == null ? null : work.flops()).put("bytes", work == null ? null : work.bytes())
                .put("floor", floors == null ? null : json(floors)).put("of_roofline", Times.known(ofRoofline()))
                .put("compared_with", reference).put("relative_l2", distance)
                .put("nodes", nodes.isEmpty() ? null : ran).put("rejected_rounds", rejected).put("copying", copying)
                .put("simulated", simulated.stream().map(Simulated::json).toList());
    }

    /** As in a row. */
    public static Json json(DeviceFloors floors) {
        return Json.object().put("flops_per_s", floors.flopsPerSecond()).put("copy_bytes_per_s", floors.copyBytesPerSecond());
    }

    /** Reads what {@link #json(DeviceFloors)} wrote; null of null. */
    public static DeviceFloors floors(Json j) {
        return j.isNull()
                ? null
                : new DeviceFloors(j.at("copy_bytes_per_s").asDouble(), j.at("flops_per_s").asDouble());
    }

    static Row of(Json j) {
        Map<String, Times> times = new LinkedHashMap<>();
        j.at("times").members().forEach((k, t) -> {
            if (!t.isNull()) {
                times.put(k, Times.of(t));
            }
        });
        List<Round.Node> nodes = new ArrayList<>();
        if (!j.at("nodes").isNull()) {
            j.at("nodes").items().forEach(n -> nodes.add(Round.Node.of(n)));
        }
        Row row = new Row(Subject.of(j), Round.text(j.at("device")), Round.text(j.at("driver")), Round.text(j.at("error")),
                times, j.at("processes").items().stream().map(Round.Process::of).toList(),
                j.at("flops").isNull() ? null : new Work(j.at("flops").asLong(), j.at("bytes").asLong()),
                floors(j.at("floor")), Round.text(j.at("compared_with")), Round.real(j.at("relative_l2")), nodes,
                j.find("rejected_rounds").map(Json::asInt).orElse(0), j.find("copying").map(Json::asDouble).orElse(1.0),
                Simulated.all(j));
        if (row.success() && row.compute() == null) {
            throw j.at("times").error("a row that succeeded has times of '" + COMPUTE + "'");
        }
        return row;
    }
}
