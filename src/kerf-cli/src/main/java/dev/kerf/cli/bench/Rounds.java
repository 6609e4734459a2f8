package dev.kerf.cli.bench;

import dev.kerf.backend.gpu.device.DeviceFloors;
import dev.kerf.cli.bench.report.Round;
import dev.kerf.cli.bench.report.Row;
import dev.kerf.cli.bench.report.Work;
import dev.kerf.graph.Graph;
import dev.kerf.json.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Measures engines against each other: in each round every one has a process of its own, and they take turns at each piece of
 * work, so that a slow minute slows all of them. A round is over all work before the next begins: what lies minutes apart tells
 * more of a machine than what lies side by side, and after the first there is something of all.
 */
final class Rounds {
    private final int count;
    private final Duration budget;
    private final LongSupplier clock;
    private final Supplier<Workers> workers;
    private final Map<String, DeviceFloors> floors = new HashMap<>();
    private final Map<Workload, Graph> graphs = new HashMap<>();
    private final Map<Request, List<Round>> found = new HashMap<>();
    private final Map<Request, String> errors = new HashMap<>();

    /**
     * @param count   how often each is measured
     * @param budget  but for the first time nothing is begun that would end later, by what it took before
     * @param clock   nanoseconds
     * @param workers makes a round's processes
     */
    Rounds(int count, Duration budget, LongSupplier clock, Supplier<Workers> workers) {
        this.count = count;
        this.budget = budget;
        this.clock = clock;
        this.workers = workers;
    }

    /**
     * A row for each request.
     *
     * @param groups what processes are shared by; each list in one of them has the same workload by several engines, whose
     *               results are compared with the first peer's, or the first one's
     * @param done   told of each list in each round
     * @param soFar  is given the rows, as far as they are known, after each list
     */
    List<Row> measure(List<List<List<Request>>> groups, Runnable done, Consumer<Supplier<List<Row>>> soFar) {
        long start = clock.getAsLong();
        long[] cost = new long[groups.size()];
        for (int round = 0; round < count; round++) {
            for (int i = 0; i < cost.length; i++) {
                long begun = clock.getAsLong();
                if (round > 0 && begun - start + cost[i] > budget.toNanos()) {
                    groups.get(i).forEach(_ -> done.run());
                    continue;
                }
                try (Workers processes = workers.get()) {
                    for (List<Request> same : groups.get(i)) {
                        ask(same, round, processes);
                        done.run();
                        soFar.accept(() -> rows(groups));
                    }
                }
                cost[i] = Math.max(cost[i], clock.getAsLong() - begun);
            }
        }
        return rows(groups);
    }

    private void ask(List<Request> same, int round, Workers processes) {
        for (Request r : same) {
            if (!errors.containsKey(r)) {
                Json answer = processes.ask(r.profile(r.profile() && round == 0));
                answer.find("error").ifPresentOrElse(e -> errors.put(r, e.asString()),
                        () -> found.computeIfAbsent(r, _ -> new ArrayList<>()).add(Round.of(answer)));
            }
        }
    }

    private List<Row> rows(List<List<List<Request>>> groups) {
        List<Row> rows = new ArrayList<>();
        for (List<Request> same : groups.stream().flatMap(List::stream).toList()) {
            List<Request> measured = same.stream().filter(r -> found.containsKey(r) && !errors.containsKey(r)).toList();
            Request reference = measured.stream().filter(Request::peer).findFirst().orElse(
                    measured.isEmpty() ? null : measured.getFirst());
            for (Request r : same) {
                if (errors.containsKey(r)) {
                    rows.add(Row.failed(r.subject(), work(r), errors.get(r)));
                } else if (found.containsKey(r)) {
                    rows.add(compared(Row.of(r.subject(), work(r), floors(r.floors()), found.get(r)), r, reference, found));
                }
            }
        }
        return rows;
    }

    /** Graphs are kept: they are small without weights, and recording them takes seconds. */
    private Work work(Request r) {
        return Work.of(graphs.computeIfAbsent(r.workload(), w -> {
            try (Workload.Opened opened = w.open()) {
                return opened.graph();
            }
        }), r.precision().storage());
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
