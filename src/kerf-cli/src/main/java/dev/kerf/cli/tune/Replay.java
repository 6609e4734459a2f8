package dev.kerf.cli.tune;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Text;
import dev.kerf.json.Json;
import dev.kerf.tune.Simulation;
import dev.kerf.tune.Tuning;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.Trial;
import java.nio.file.Path;

/**
 * A search over what a file says, in place of a device.
 *
 * @param file    a cache of Kernel Tuner's or a T4 file
 * @param results what it has
 */
record Replay(Path file, Results results) {
    /** Searches and says what was found; the trials that it visited. */
    Results run(SearchOptions search, Console console, boolean json) {
        Simulation simulation = new Simulation(results);
        Tuning.Outcome outcome = Tuning.run(simulation.space(), search.start(simulation.space()), simulation,
                search.budget(), _ -> {});
        console.out().print(json
                ? json(search, simulation, outcome).pretty() + "\n"
                : text(search, simulation, outcome));
        return new Results(results.about(), outcome.visits().stream().map(Tuning.Visit::trial).toList());
    }

    private String text(SearchOptions search, Simulation simulation, Tuning.Outcome outcome) {
        Results.About about = results.about();
        Trial optimum = simulation.optimum();
        long failed = results.trials().stream().filter(t -> t.validity() != Trial.Validity.CORRECT).count();
        String head = file + ": " + (about.kernel().isEmpty() ? "" : about.kernel() + " on " + about.device() + ", ")
                + simulation.space().size() + " configurations of " + about.parameters().size() + " parameters, " + failed
                + " failed; " + Sets.time(simulation.seconds()) + " to try them all\n";
        return head + outcome.best()
                .map(b -> search.method().name() + ": " + Sets.cost(about.objective(), b.trial().cost()) + " with "
                        + Sets.text(b.trial().configuration()) + "\n  found at evaluation " + b.evaluations() + " after "
                        + Sets.time(b.seconds()) + ", of " + outcome.visits().size() + " in " + Sets.time(outcome.seconds())
                        + "; " + Text.fixed(100 * optimum.cost() / b.trial().cost(), 2) + " % of the optimum\n")
                .orElse(search.method().name() + ": all " + outcome.visits().size() + " trials failed\n")
                + "optimum: " + Sets.cost(about.objective(), optimum.cost()) + " with " + Sets.text(optimum.configuration())
                + "\n";
    }

    private Json json(SearchOptions search, Simulation simulation, Tuning.Outcome outcome) {
        Results.About about = results.about();
        Trial optimum = simulation.optimum();
        Json best = outcome.best().map(b -> Json.object().put("configuration", Sets.json(b.trial().configuration()))
                .put(about.objective(), b.trial().cost()).put("evaluation", b.evaluations()).put("seconds", b.seconds())
                .put("share_of_optimum", optimum.cost() / b.trial().cost())).orElse(Json.of(null));
        return Json.object().put("file", file.toString()).put("kernel", about.kernel()).put("device", about.device())
                .put("method", search.method().name()).put("seed", search.seed())
                .put("configurations", simulation.space().size()).put("evaluations", outcome.visits().size())
                .put("seconds", outcome.seconds()).put("best", best)
                .put("optimum", Json.object().put("configuration", Sets.json(optimum.configuration()))
                        .put(about.objective(), optimum.cost()));
    }
}
