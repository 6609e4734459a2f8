package dev.kerf.cli.tune;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Progress;
import dev.kerf.cli.console.Text;
import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import dev.kerf.tune.Budget;
import dev.kerf.tune.Objective;
import dev.kerf.tune.Tuning;
import dev.kerf.tune.device.Evaluation;
import dev.kerf.tune.device.Problem;
import dev.kerf.tune.device.Session;
import dev.kerf.tune.device.TunedFile;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.T4;
import dev.kerf.tune.result.Trial.Validity;
import dev.kerf.tune.search.Search;
import dev.kerf.tune.space.KernelSpace;
import dev.kerf.tune.space.Space;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Tuning on a device or by a model of one: one problem after another, or one set by hand. */
final class DeviceTuning {
    private final Console console;
    private final Means means;
    private final boolean asJson;
    private final Json reports = Json.array();

    DeviceTuning(Console console, Means means, boolean asJson) {
        this.console = console;
        this.means = means;
        this.asJson = asJson;
    }

    /** Who leads a search. */
    @FunctionalInterface
    interface Leader {
        void lead(Space space, Objective objective, Results.About about);
    }

    /** Hands the search to another. */
    void led(Problem problem, Leader leader) {
        Space space = KernelSpace.of(problem.variant(), problem.known());
        try (Evaluation of = means.open(problem)) {
            leader.lead(space, c -> of.evaluate(space.configuration(c)), about(problem, space, of));
        }
    }

    private Results.About about(Problem problem, Space space, Evaluation of) {
        return new Results.About(means.name(), problem.variant(), problem.sizes(), space.parameters(), of.objective(),
                problem.source(means.device()));
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
        Path file = out.resolve(name(problem) + ".json");
        try (Evaluation of = means.open(problem);
                Session session = new Session(file, about(problem, space, of), space, of::evaluate)) {
            Timed today = today(problem, of);
            Tuning.Outcome outcome;
            Optional<Means.Verdict> verdict;
            try (Progress bar = console.terminal() ? Progress.bar(console, 1000, problem.variant()) : Progress.none()) {
                outcome = Tuning.run(space, begun, session, budget, shown(bar, budget, space));
                bar.say("today's and the best once more");
                verdict = outcome.best().map(v -> means.verdict(of, today, v.trial()));
            }
            AtomicFile.write(out.resolve(name(problem) + ".t4.json"),
                    (T4.write(session.results(), means.maker()).pretty() + "\n").getBytes(StandardCharsets.UTF_8));
            report(problem, search, outcome, verdict, today, of.checkedBy(), space.size());
            if (accept != null && verdict.isPresent()) {
                accept(problem, verdict.get(), of, accept);
            }
        }
    }

    /** How far a search is, with the best so far. */
    private static Consumer<Tuning.Visit> shown(Progress bar, Budget budget, Space space) {
        String[] best = {""};
        double[] least = {Double.POSITIVE_INFINITY};
        return v -> {
            if (v.trial().cost() < least[0]) {
                least[0] = v.trial().cost();
                best[0] = ", best " + Sets.time(least[0]);
            }
            bar.say(v.evaluations() + " of " + space.size() + " tried" + best[0]);
            bar.at((long) (1000 * budget.progress(v.evaluations(), v.seconds(), space.size())), 1000);
        };
    }

    private void accept(Problem problem, Means.Verdict verdict, Evaluation of, Path directory) {
        Path tuned = directory.resolve(means.file());
        String refused = !verdict.won()
                ? means.warning().isEmpty()
                        ? "the difference from today's is within the noise"
                        : "nothing is better than today's"
                : means.refused(of, verdict.best().set());
        if (refused.isEmpty()) {
            TunedFile.accept(tuned, problem, verdict.best().set(), means.also(), means.source());
        }
        console.note(problem.variant() + (refused.isEmpty()
                ? ": accepted into " + tuned + " (" + means.source() + ")"
                : ": nothing accepted: " + refused));
    }

    /** What the device takes today. */
    private static Timed today(Problem problem, Evaluation of) {
        Map<String, Json> set = json(problem.parameters());
        return new Timed(of.evaluate(set), set);
    }

    private static Map<String, Json> json(Map<String, Long> parameters) {
        Map<String, Json> set = new LinkedHashMap<>();
        parameters.forEach((name, value) -> set.put(name, Json.of(value)));
        return set;
    }

    private void report(Problem problem, SearchOptions search, Tuning.Outcome outcome, Optional<Means.Verdict> verdict,
            Timed today, String checkedBy, int size) {
        long failed = outcome.visits().stream().filter(v -> v.trial().validity() != Validity.CORRECT).count();
        Json report = about(problem).put("method", search.method().name()).put("seed", search.seed())
                .put("configurations", size)
                .put("evaluations", outcome.visits().size()).put("failed", failed).put("seconds", outcome.seconds())
                .put("checked_by", checkedBy).put("today", today.json());
        StringBuilder text = new StringBuilder(head(problem)).append("\n  today ").append(today.text()).append(" with ")
                .append(Sets.text(today.set())).append(" from ").append(from(problem)).append('\n');
        verdict.ifPresentOrElse(d -> {
            report.put("today", d.before().json()).put("best", d.best().json())
                    .put("today_over_best", Double.isNaN(d.ratio()) ? null : d.ratio()).put("beyond_noise", d.won());
            text.append("  best  ").append(d.best().text()).append(" with ").append(Sets.text(d.best().set())).append('\n')
                    .append("  ").append(d.text()).append('\n');
        }, () -> {
            report.put("best", null);
            text.append("  best  none: every trial failed\n");
        });
        text.append("  ").append(search.method().name()).append(": ").append(outcome.visits().size()).append(" of ")
                .append(size)
                .append(" configurations in ").append(Sets.time(outcome.seconds())).append(", ").append(failed)
                .append(" failed; each checked against ").append(checkedBy).append('\n').append(warning());
        add(report, text.toString());
    }

    private String warning() {
        return means.warning().isEmpty() ? "" : "  " + means.warning() + "\n";
    }

    private Json about(Problem problem) {
        Json sizes = Json.object();
        problem.sizes().forEach(sizes::put);
        Json report = Json.object().put("device", means.device().info().id()).put("device_name", means.device().info().name())
                .put("kernel", problem.kernel()).put("variant", problem.variant()).put("sizes", sizes)
                .put("launches", problem.times()).put("tier", from(problem));
        means.describe(report);
        return report;
    }

    private String head(Problem problem) {
        return problem.text() + " on " + means.device().info().id() + " (" + means.device().info().name() + ")"
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
            try (Evaluation of = means.open(problem)) {
                Timed today = today(problem, of);
                Map<String, Json> wanted = json(parameters);
                Timed given = new Timed(of.evaluate(wanted), wanted);
                right &= given.trial().validity() == Validity.CORRECT;
                add(about(problem).put("checked_by", of.checkedBy()).put("today", today.json()).put("given", given.json()),
                        head(problem) + "\n  today " + today.text() + " with " + Sets.text(today.set()) + " from "
                                + from(problem) + "\n  given " + given.text() + " with " + Sets.text(given.set())
                                + "\n  checked against " + of.checkedBy() + "\n" + warning());
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

    private String name(Problem problem) {
        StringBuilder name = new StringBuilder(problem.variant()).append('-').append(Sets.file(means.name()));
        problem.sizes().forEach((size, value) -> name.append('-').append(size).append(value));
        String all = name.toString();
        // A file's name ends at 255 bytes.
        return all.length() <= 180 ? all : all.substring(0, 160) + "-" + Integer.toHexString(all.hashCode());
    }
}
