package dev.kerf.cli.tune;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Progress;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import dev.kerf.tune.Budget;
import dev.kerf.tune.Objective;
import dev.kerf.tune.Tuning;
import dev.kerf.tune.device.DeviceObjective;
import dev.kerf.tune.device.Duel;
import dev.kerf.tune.device.Problem;
import dev.kerf.tune.device.Session;
import dev.kerf.tune.device.TunedFile;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.T4;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.result.Trial.Validity;
import dev.kerf.tune.search.Search;
import dev.kerf.tune.space.KernelSpace;
import dev.kerf.tune.space.Space;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Tuning on a device: one problem after another, or one set by hand. */
final class DeviceTuning {
    private final Console console;
    private final Device device;
    private final ProblemOptions options;
    private final boolean asJson;
    private final Json reports = Json.array();

    DeviceTuning(Console console, Device device, ProblemOptions options, boolean asJson) {
        this.console = console;
        this.device = device;
        this.options = options;
        this.asJson = asJson;
    }

    /** A set and what it gave. */
    private record Timed(Trial trial, Map<String, Json> set) {
        String text() {
            return trial.validity() == Validity.CORRECT
                    ? Sets.time(trial.objective()) + " ± " + Text.fixed(100 * DeviceObjective.noise(trial.times().runs()), 1)
                            + " %"
                    : trial.validity() + ": " + trial.error();
        }

        Json json() {
            Json runs = Json.array();
            trial.times().runs().forEach(runs::add);
            return Json.object().put("parameters", Sets.json(set)).put("validity", trial.validity().toString())
                    .put("seconds", Double.isNaN(trial.objective()) ? null : trial.objective())
                    .put("noise", runs.size() == 0 ? null : DeviceObjective.noise(trial.times().runs())).put("runs", runs)
                    .put("error", trial.error().isEmpty() ? null : trial.error());
        }
    }

    /** Who leads a search. */
    @FunctionalInterface
    interface Leader {
        void lead(Space space, Objective objective, Results.About about);
    }

    /** Hands the search to another. */
    void led(Problem problem, Leader leader) {
        Space space = KernelSpace.of(problem.variant(), problem.known());
        try (DeviceObjective objective = new DeviceObjective(device, problem, options.precision(), options.timing())) {
            leader.lead(space, c -> objective.evaluate(space.configuration(c)), about(problem, space));
        }
    }

    private Results.About about(Problem problem, Space space) {
        return new Results.About(device.info().name(), problem.variant(), problem.sizes(), space.parameters(), Results.TIME);
    }

    /** Searches for each problem; each has an equal part of the time. */
    void search(List<Problem> problems, SearchOptions search, Path out, Path accept) {
        Budget b = search.budget();
        Budget each = new Budget(b.evaluations(), b.seconds() / problems.size(), b.share());
        for (Problem problem : problems) {
            search(problem, search, each, out, accept);
        }
        print();
    }

    private void search(Problem problem, SearchOptions search, Budget budget, Path out, Path accept) {
        Space space = KernelSpace.of(problem.variant(), problem.known());
        Search begun = search.start(space);
        Results.About about = about(problem, space);
        Path file = out.resolve(name(problem) + ".json");
        try (DeviceObjective objective = new DeviceObjective(device, problem, options.precision(), options.timing());
                Session session = new Session(file, about, space, objective::evaluate);
                Progress bar = console.terminal() ? Progress.bar(console, 1000, problem.variant()) : Progress.none()) {
            Timed today = today(problem, objective);
            String[] best = {""};
            double[] least = {Double.POSITIVE_INFINITY};
            Tuning.Outcome outcome = Tuning.run(space, begun, session, budget, v -> {
                if (v.trial().cost() < least[0]) {
                    least[0] = v.trial().cost();
                    best[0] = "best " + Sets.time(least[0]);
                }
                bar.say(v.evaluations() + " of " + space.size() + " tried, " + best[0]);
                bar.at((long) (1000 * budget.progress(v.evaluations(), v.seconds(), space.size())), 1000);
            });
            AtomicFile.write(out.resolve(name(problem) + ".t4.json"),
                    (T4.write(session.results(), maker()).pretty() + "\n").getBytes(StandardCharsets.UTF_8));
            Optional<Duel> duel = outcome.best()
                    .map(v -> Duel.of(objective, today.set(), v.trial().configuration()));
            report(problem, search, outcome, duel, today, objective.checkedBy(), space.size());
            if (accept != null && duel.isPresent()) {
                accept(problem, duel.get(), outcome.best().orElseThrow().trial(), accept);
            }
        }
    }

    private void accept(Problem problem, Duel duel, Trial best, Path directory) {
        Path tuned = directory.resolve(file(device.info().name()) + ".json");
        if (duel.won()) {
            TunedFile.accept(tuned, problem, best.configuration());
        }
        console.note(problem.variant() + (duel.won()
                ? ": accepted into " + tuned
                : ": nothing accepted: the difference from today's is within the noise"));
    }

    /** What the device takes today. */
    private static Timed today(Problem problem, DeviceObjective objective) {
        Map<String, Json> set = json(problem.parameters());
        return new Timed(objective.evaluate(set), set);
    }

    private static Map<String, Json> json(Map<String, Long> parameters) {
        Map<String, Json> set = new LinkedHashMap<>();
        parameters.forEach((name, value) -> set.put(name, Json.of(value)));
        return set;
    }

    private T4.Maker maker() {
        String backend = device.info().backend();
        return new T4.Maker(backend.equals("opencl") ? "OpenCL" : backend.contains("cuda") ? "CUDA" : "",
                backend + ", driver " + device.info().driver(), Version.text(), Instant.now().toString());
    }

    private void report(Problem problem, SearchOptions search, Tuning.Outcome outcome, Optional<Duel> duel, Timed today,
            String checkedBy, int size) {
        long failed = outcome.visits().stream().filter(v -> v.trial().validity() != Validity.CORRECT).count();
        Json report = about(problem).put("method", search.method().name()).put("seed", search.seed())
                .put("configurations", size)
                .put("evaluations", outcome.visits().size()).put("failed", failed).put("seconds", outcome.seconds())
                .put("checked_by", checkedBy).put("today", today.json());
        StringBuilder text = new StringBuilder(head(problem)).append("\n  today ").append(today.text()).append(" with ")
                .append(Sets.text(today.set())).append(" from ").append(from(problem)).append('\n');
        duel.ifPresentOrElse(d -> {
            Trial found = outcome.best().orElseThrow().trial();
            Timed before = new Timed(DeviceObjective.pooled(today.trial(), Duel.pooled(d.today())), today.set());
            Timed best = new Timed(DeviceObjective.pooled(found, Duel.pooled(d.best())), found.configuration());
            report.put("today", before.json()).put("best", best.json())
                    .put("today_over_best", Double.isNaN(d.ratio()) ? null : d.ratio()).put("beyond_noise", d.won());
            text.append("  best  ").append(best.text()).append(" with ").append(Sets.text(best.set())).append('\n')
                    .append("  timed in turns today takes ").append(before.text()).append(": ").append(Text.fixed(d.ratio(), 2))
                    .append(" times as long").append(d.won() ? "\n" : ", which is within the noise\n");
        }, () -> {
            report.put("best", null);
            text.append("  best  none: every trial failed\n");
        });
        text.append("  ").append(search.method().name()).append(": ").append(outcome.visits().size()).append(" of ")
                .append(size)
                .append(" configurations in ").append(Sets.time(outcome.seconds())).append(", ").append(failed)
                .append(" failed; each checked against ").append(checkedBy).append('\n');
        add(report, text.toString());
    }

    private Json about(Problem problem) {
        Json sizes = Json.object();
        problem.sizes().forEach(sizes::put);
        return Json.object().put("device", device.info().id()).put("device_name", device.info().name())
                .put("kernel", problem.kernel()).put("variant", problem.variant()).put("sizes", sizes)
                .put("launches", problem.times()).put("tier", from(problem));
    }

    private String head(Problem problem) {
        return problem.text() + " on " + device.info().id() + " (" + device.info().name() + ")"
                + (problem.times() > 1 ? ", launched " + problem.times() + " times" : "");
    }

    private static String from(Problem problem) {
        return problem.tier().isEmpty() ? "the manifest" : problem.tier();
    }

    /** A problem's parameters with others in place of some. */
    static Map<String, Long> changed(Problem problem, Map<String, Long> set) {
        Map<String, Long> parameters = new LinkedHashMap<>(problem.parameters());
        set.forEach((name, value) -> {
            if (parameters.replace(name, value) == null) {
                throw new BadInputException("kernel " + problem.variant() + " has no parameter '" + name + "', only "
                        + parameters.keySet());
            }
        });
        return parameters;
    }

    /** Times and checks one set for each problem, beside what the device takes today. */
    boolean byHand(List<Problem> problems, Map<String, Long> set) {
        boolean right = true;
        for (Problem problem : problems) {
            Map<String, Long> parameters = changed(problem, set);
            try (DeviceObjective objective = new DeviceObjective(device, problem, options.precision(), options.timing())) {
                Timed today = today(problem, objective);
                Map<String, Json> wanted = json(parameters);
                Timed given = new Timed(objective.evaluate(wanted), wanted);
                right &= given.trial().validity() == Validity.CORRECT;
                add(about(problem).put("checked_by", objective.checkedBy()).put("today", today.json()).put("given",
                        given.json()),
                        head(problem) + "\n  today " + today.text() + " with " + Sets.text(today.set()) + " from "
                                + from(problem) + "\n  given " + given.text() + " with " + Sets.text(given.set())
                                + "\n  checked against " + objective.checkedBy() + "\n");
            }
        }
        print();
        return right;
    }

    private void add(Json report, String text) {
        reports.add(report);
        if (!asJson) {
            console.out().print(text);
            console.out().flush();
        }
    }

    private void print() {
        if (asJson) {
            console.out().print(reports.pretty() + "\n");
        }
    }

    /** As tuned files are named. */
    private static String file(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_");
    }

    private String name(Problem problem) {
        StringBuilder name = new StringBuilder(problem.variant()).append('-').append(file(device.info().name()));
        problem.sizes().forEach((size, value) -> name.append('-').append(size).append(value));
        String all = name.toString();
        // A file's name ends at 255 bytes.
        return all.length() <= 180 ? all : all.substring(0, 160) + "-" + Integer.toHexString(all.hashCode());
    }
}
