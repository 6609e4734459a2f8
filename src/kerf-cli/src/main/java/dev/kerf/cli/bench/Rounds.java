package dev.kerf.cli.bench;

import dev.kerf.backend.gpu.device.DeviceFloors;
import dev.kerf.cli.bench.report.GraphWork;
import dev.kerf.cli.bench.report.Round;
import dev.kerf.cli.bench.report.Row;
import dev.kerf.cli.bench.report.Simulated;
import dev.kerf.cli.bench.report.Summary;
import dev.kerf.graph.Graph;
import dev.kerf.graph.plan.Work;
import dev.kerf.json.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Measures engines against each other: in each round every one has a process of its own, and they take turns at each piece of
 * work, so that a slow minute slows all of them. A round is over all work before the next begins: what lies minutes apart tells
 * more of a machine than what lies side by side, and after the first there is something of all.
 *
 * <p>A round of some work counts if memory could be copied, right before and right after each engine's turn, at {@link Summary#QUIET}
 * of the run's best speed: on a machine that others use it is memory that varies, twofold and for a minute at a time. Rounds that
 * don't count are made again when all are over, as often as there are rounds and while the budget lasts. Where none counts all
 * do, and the report has what was copied.
 */
final class Rounds {
    /** One engine's turn, and how fast memory was copied before and after all turns of that round, at worst. */
    private record Turn(Round round, double copying) {}

    private final int count;
    private final Duration budget;
    private final LongSupplier clock;
    private final DoubleSupplier copying;
    private final Supplier<Workers> workers;
    private final Map<String, DeviceFloors> floors = new HashMap<>();
    private final Map<Workload, Graph> graphs = new HashMap<>();
    private final Map<Request, List<Turn>> found = new HashMap<>();
    private final Map<Request, String> errors = new HashMap<>();
    private final Map<Request, List<Simulated>> simulated = new HashMap<>();
    private final List<String> remarks = new ArrayList<>();
    /** Best of all readings of {@code copying}. */
    private double fastest;

    /**
     * @param count   how often each is measured
     * @param budget  but for the first time nothing is begun that would end later, by what it took before
     * @param clock   nanoseconds
     * @param copying bytes a second that memory is copied at now
     * @param workers makes a round's processes
     */
    Rounds(int count, Duration budget, LongSupplier clock, DoubleSupplier copying, Supplier<Workers> workers) {
        this.count = count;
        this.budget = budget;
        this.clock = clock;
        this.copying = copying;
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
        for (int round = 0; round < 2 * count; round++) {
            boolean again = round >= count;
            for (int i = 0; i < cost.length; i++) {
                List<List<Request>> wanted = again ? groups.get(i).stream().filter(this::disturbed).toList() : groups.get(i);
                long begun = clock.getAsLong();
                if (wanted.isEmpty() || round > 0 && begun - start + cost[i] > budget.toNanos()) {
                    wanted.stream().filter(_ -> !again).forEach(_ -> done.run());
                    continue;
                }
                try (Workers processes = workers.get()) {
                    for (List<Request> same : wanted) {
                        ask(same, round, processes);
                        if (!again) {
                            done.run();
                        }
                        soFar.accept(() -> rows(groups));
                    }
                }
                cost[i] = Math.max(cost[i], clock.getAsLong() - begun);
            }
        }
        simulate(groups, soFar);
        return rows(groups);
    }

    /** What couldn't be measured besides, a line each. */
    List<String> remarks() {
        return List.copyOf(remarks);
    }

    /** When all rounds are over: it takes a process of its own and minutes, and its figures don't depend on what else the machine does. */
    private void simulate(List<List<List<Request>>> groups, Consumer<Supplier<List<Row>>> soFar) {
        for (Request r : groups.stream().flatMap(List::stream).flatMap(List::stream).toList()) {
            if (r.simulated().isEmpty() || !found.containsKey(r) || errors.containsKey(r)) {
                continue;
            }
            try (Workers processes = workers.get()) {
                Json answer = processes.ask(r);
                simulated.put(r, Simulated.all(answer));
                answer.find("error").ifPresent(e -> remarks.add(r.subject() + ": " + e.asString()));
                answer.find("failed").ifPresent(
                        all -> all.items().forEach(e -> remarks.add(r.subject() + ": " + e.asString())));
            }
            soFar.accept(() -> rows(groups));
        }
    }

    private void ask(List<Request> same, int round, Workers processes) {
        Map<Request, Round> turns = new LinkedHashMap<>();
        double worst = copied();
        for (Request r : same) {
            if (!errors.containsKey(r)) {
                Json answer = processes.ask(r.turn(r.profile() && round == 0));
                answer.find("error").ifPresentOrElse(e -> errors.put(r, e.asString()), () -> turns.put(r, Round.of(answer)));
                worst = Math.min(worst, copied());
            }
        }
        for (Map.Entry<Request, Round> turn : turns.entrySet()) {
            found.computeIfAbsent(turn.getKey(), _ -> new ArrayList<>()).add(new Turn(turn.getValue(), worst));
        }
    }

    private double copied() {
        double now = copying.getAsDouble();
        fastest = Math.max(fastest, now);
        return now;
    }

    /** Whether fewer rounds of some work count than are wanted. */
    private boolean disturbed(List<Request> same) {
        return same.stream().anyMatch(r -> found.containsKey(r) && !errors.containsKey(r) && quiet(r).size() < count);
    }

    /** The rounds that were quiet. */
    private List<Turn> quiet(Request r) {
        return found.get(r).stream().filter(t -> t.copying >= Summary.QUIET * fastest).limit(count).toList();
    }

    /** The rounds that count: the quiet ones, or all where there are none. */
    private List<Turn> counted(Request r) {
        List<Turn> quiet = quiet(r);
        return quiet.isEmpty() ? found.get(r) : quiet;
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
                    rows.add(compared(row(r), r, reference));
                }
            }
        }
        return rows;
    }

    /** Graphs are kept: they are small without weights, and recording them takes seconds. */
    private Work work(Request r) {
        return GraphWork.of(graphs.computeIfAbsent(r.workload(), w -> {
            try (Workload.Opened opened = w.open()) {
                return opened.graph();
            }
        }), r.precision().storage());
    }

    private Row row(Request r) {
        List<Turn> counted = counted(r);
        List<Round> rejected = found.get(r).stream().filter(t -> !counted.contains(t)).map(Turn::round).toList();
        double worst = counted.stream().mapToDouble(Turn::copying).min().orElse(fastest);
        return Row.of(r.subject(), work(r), floors(r.floors()), counted.stream().map(Turn::round).toList(), rejected,
                worst / fastest, simulated.getOrDefault(r, List.of()));
    }

    private Row compared(Row row, Request r, Request reference) {
        if (r == reference) {
            return row;
        }
        double difference = difference(output(r), output(reference));
        Row compared = Double.isFinite(difference) ? row.compared(reference.engine(), difference) : row;
        return difference > r.workload().tolerance() && r.precision() == reference.precision()
                ? compared.refused("its result differs from " + reference.engine() + "'s by " + difference
                        + " (relative L2), more than " + r.workload().tolerance())
                : compared;
    }

    private float[] output(Request r) {
        return found.get(r).getFirst().round.output();
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
