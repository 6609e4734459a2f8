package dev.kerf.cli.tune;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Version;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.file.AtomicFile;
import dev.kerf.tune.result.KernelTunerCache;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.T4;
import dev.kerf.tune.search.SearchStrategy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kerf tune}: which parameters a kernel is quickest with. */
@Command(name = "tune", mixinStandardHelpOptions = true, sortOptions = false, description = "Searches for the parameters that a kernel is quickest with: over what a file of measurements says.", footer = {
    "",
    "Example: kerf tune --simulate cache.json --method genetic --budget 10%%"})
public final class TuneCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Mixin
    private SearchOptions search;

    @Option(names = "--simulate", paramLabel = "FILE", description = "Searches over the trials of a cache of Kernel Tuner's or a T4 file (.gz too); no device is needed. Time is what the"
            + " trials took then.")
    private Path simulate;

    @Option(names = "--methods", description = "Lists the methods and their settings.")
    private boolean methods;

    @Option(names = "--out", paramLabel = "DIR", description = "Writes the trials that were made, as a cache of Kernel Tuner's (NAME.json) and as T4 (NAME.t4.json).")
    private Path out;

    @Option(names = "--json", description = "Writes JSON.")
    private boolean json;

    public TuneCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (methods) {
            SearchStrategy.all().forEach(s -> console.out().println(s.name() + ": " + s.what()
                    + (s.settings().isEmpty() ? "" : "; settings " + s.settings())));
            return ExitCode.OK;
        }
        if (simulate == null) {
            throw new ParameterException(spec.commandLine(), "give --simulate FILE or --methods");
        }
        if (out == null) {
            new Replay(simulate, Results.read(simulate)).run(search, console, json);
            return ExitCode.OK;
        }
        try (OutputDirectory to = new OutputDirectory(out)) {
            Results visited = new Replay(simulate, Results.read(simulate)).run(search, console, json);
            write(to.path().resolve(simulate.getFileName().toString().replaceAll("(\\.t4)?\\.json(\\.gz)?$", "")), visited,
                    new T4.Maker("", "replayed", Version.text(), Instant.now().toString()));
        }
        return ExitCode.OK;
    }

    private static void write(Path name, Results results, T4.Maker maker) {
        AtomicFile.write(Path.of(name + ".json"), KernelTunerCache.write(results).getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(Path.of(name + ".t4.json"),
                (T4.write(results, maker).pretty() + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
