package dev.kerf.cli.bench;

import dev.kerf.backend.gpu.device.DeviceFloors;
import dev.kerf.cli.bench.report.Round;
import dev.kerf.cli.bench.report.Row;
import dev.kerf.cli.bench.report.Work;
import dev.kerf.json.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Measures engines against each other: in each round every one has a process of its own, and they take turns at each piece of
 * work, so that a slow minute slows all of them.
 */
final class Rounds {
    private final int count;
    private final Supplier<Workers> workers;
    private final Map<String, DeviceFloors> floors = new HashMap<>();

    /**
     * @param count   how often each is measured
     * @param workers makes a round's processes
     */
    Rounds(int count, Supplier<Workers> workers) {
        this.count = count;
        this.workers = workers;
    }

    /**
     * A row for each request.
     *
     * @param group what processes are shared by; each of its lists the same workload by several engines, whose results are
     *              compared with the first peer's, or the first one's
     * @param done  told of each list in each round
     */
    List<Row> measure(List<List<Request>> group, Runnable done) {
        Map<Request, List<Round>> found = new LinkedHashMap<>();
        Map<Request, String> errors = new HashMap<>();
        for (int round = 0; round < count; round++) {
            try (Workers processes = workers.get()) {
                for (List<Request> same : group) {
                    for (Request r : same) {
                        if (!errors.containsKey(r)) {
                            Json answer = processes.ask(r.profile(r.profile() && round == 0));
                            answer.find("error").ifPresentOrElse(e -> errors.put(r, e.asString()),
                                    () -> found.computeIfAbsent(r, _ -> new ArrayList<>()).add(Round.of(answer)));
                        }
                    }
                    done.run();
                }
            }
        }
        List<Row> rows = new ArrayList<>();
        for (List<Request> same : group) {
            Work work;
            try (Workload.Opened opened = same.getFirst().workload().open()) {
                work = Work.of(opened.graph());
            }
            List<Request> measured = same.stream().filter(r -> !errors.containsKey(r)).toList();
            Request reference = measured.stream().filter(Request::peer).findFirst().orElse(
                    measured.isEmpty() ? null : measured.getFirst());
            for (Request r : same) {
                rows.add(errors.containsKey(r)
                        ? Row.failed(r.subject(), work, errors.get(r))
                        : compared(Row.of(r.subject(), work, floors(r.floors()), found.get(r)), r, reference, found));
            }
        }
        return rows;
    }

    private static Row compared(Row row, Request r, Request reference, Map<Request, List<Round>> found) {
        if (r == reference) {
            return row;
        }
        double difference = difference(found.get(r).getFirst().output(), found.get(reference).getFirst().output());
        Row compared = Double.isFinite(difference) ? row.compared(reference.engine(), difference) : row;
        return difference > r.workload().tolerance() && r.precision() == reference.precision()
                ? compared.refused("its result differs from " + reference.engine() + "'s by " + difference
                        + " (relative L2), more than " + r.workload().tolerance())
                : compared;
    }

    /** Once in a run, by a process that does nothing else. */
    private DeviceFloors floors(Request r) {
        return floors.computeIfAbsent(r.engine() + " " + r.threads(), _ -> {
            try (Workers processes = workers.get()) {
                Json j = processes.ask(r);
                return j.find("flops_per_s").isPresent() ? Row.floors(j) : null;
            }
        });
    }

    /** Relative L2 difference; NaN where there is nothing to compare. */
    static double difference(float[] actual, float[] expected) {
        if (actual.length == 0 || actual.length != expected.length) {
            return Double.NaN;
        }
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < actual.length; i++) {
            difference += Math.pow((double) actual[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return difference == 0 ? 0 : Math.sqrt(difference / norm);
    }
}
