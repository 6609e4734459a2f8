package dev.kerf.cli.tune;

import dev.kerf.backend.gpu.TunedParameters;
import dev.kerf.backend.gpu.kernel.KernelFiles;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Version;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.cli.option.Usage;
import dev.kerf.file.AtomicFile;
import dev.kerf.tune.Conversation;
import dev.kerf.tune.Objective;
import dev.kerf.tune.Simulation;
import dev.kerf.tune.device.Problem;
import dev.kerf.tune.result.KernelTunerCache;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.T4;
import dev.kerf.tune.search.SearchStrategy;
import dev.kerf.tune.space.Space;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf tune}: which parameters a kernel is quickest with. */
@Command(name = "tune", mixinStandardHelpOptions = true, sortOptions = false, description = "Searches for the parameters that a kernel is quickest with, on a device or over what a file of measurements says. On a"
        + " device each configuration is compiled, checked against the oracle and timed; trials are kept in --out, and a run"
        + " that was ended goes on where it was.", footer = {"",
            "Example: kerf tune conv2d --backend opencl --shapes from:unet@512 --budget 5min",
            "         kerf tune conv2d --backend opencl --shape C=64,O=64 --set TILE_M=8      one set, by hand",
            "         kerf tune conv2d --card h100 --shape C=64,O=64                         predicted, without a GPU",
            "         kerf tune --simulate cache.json --method genetic --budget 10%%",
            "         kerf tune --compare A100.json W6600.json --page methods.html"})
public final class TuneCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "KERNEL", arity = "0..1", description = "A kernel of kernels/, as its variant that the device chooses, or a variant, which is forced: conv2d, conv2d_direct …")
    private String kernel;

    @Mixin
    private DeviceOptions device;

    @Option(names = "--card", paramLabel = "NAME", description = "With --backend ptx, or in its place: the card that times are predicted for, h100 (the default), h200, a100, rtx4090, l4 or"
            + " t4. Each configuration's PTX is counted in the interpreter, and a model makes a time of the counts; nothing is"
            + " measured, no GPU is needed. Parameters that don't ship are compiled by nvcc or NVRTC.")
    private String card;

    @Option(names = "--kernels", paramLabel = "DIR", description = "A folder of kernels of yours that go before those that ship: sources, manifest/NAME.json, variants/NAME_WHAT.json. Accepted"
            + " sets go to 'tuned' in it. Other commands take it from the environment's KERF_KERNELS.")
    private void kernels(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new ParameterException(spec.commandLine(), "--kernels " + folder + ": there is no such folder");
        }
        System.setProperty(KernelFiles.PROPERTY, folder.toString());
    }

    @Mixin
    private ProblemOptions problems;

    @Mixin
    private SearchOptions search;

    @Option(names = "--set", paramLabel = "NAME=N", description = "Times and checks this set alone, beside what the device takes today; may be repeated.")
    private Map<String, Long> set = new LinkedHashMap<>();

    @Option(names = "--accept", paramLabel = "DIR", arity = "0..1", fallbackValue = "", description = "Puts the best set, if it is better than today's, into the file of the device's name in your tuning directory (see --show)"
            + " or in DIR.")
    private void accept(String directory) {
        accepts = true;
        accept = directory.isEmpty() ? null : Path.of(directory);
    }

    private boolean accepts;
    private Path accept;

    @Option(names = "--ask-tell", description = "Lets another program lead the search: a line of JSON on standard input asks, one on standard output answers."
            + " With --simulate or for one problem.")
    private boolean askTell;

    @Option(names = "--show", description = "Says which files of tuned parameters the device looks for and which there are.")
    private boolean show;

    @Option(names = "--simulate", paramLabel = "FILE", description = "Searches over the trials of a cache of Kernel Tuner's or a T4 file (.gz too); no device is needed. Time is what the"
            + " trials took then.")
    private Path simulate;

    @Option(names = "--compare", paramLabel = "FILE", arity = "1..*", description = "Holds methods against each other over these files: by their score, 0 for random search and 1 for the optimum at once,"
            + " and by how much of the optimum they have when.")
    private List<Path> compare = List.of();

    @Option(names = "--only", paramLabel = "NAME,…", split = ",", description = "Methods that are compared; by default all but brute-force.")
    private List<String> only = List.of();

    @Option(names = "--repeats", paramLabel = "N", defaultValue = "32", description = "Seeds of each method that is compared; 32.")
    private int repeats;

    @Option(names = "--page", paramLabel = "FILE", description = "Writes the comparison as an HTML page with plots, too.")
    private Path page;

    @Option(names = "--methods", description = "Lists the methods and their settings.")
    private boolean methods;

    @Option(names = "--out", paramLabel = "DIR", description = "Where the trials go, as a cache of Kernel Tuner's (NAME.json) and as T4 (NAME.t4.json); 'tuning', or nowhere with --simulate.")
    private Path out;

    @Option(names = "--json", description = "Writes JSON.")
    private boolean json;

    public TuneCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (repeats < 1) {
            throw new ParameterException(spec.commandLine(), "--repeats " + repeats + ": 1 or more");
        }
        only.forEach(name -> Usage.of(spec, () -> SearchStrategy.of(name)));
        if (methods) {
            SearchStrategy.all().forEach(s -> console.out().println(s.name() + ": " + s.what()
                    + (s.settings().isEmpty() ? "" : "; settings " + s.settings())));
            return ExitCode.OK;
        }
        if (simulate != null) {
            return replay();
        }
        if (!compare.isEmpty()) {
            List<SearchStrategy> of = SearchStrategy.all().stream()
                    .filter(m -> only.isEmpty() ? !m.name().equals("brute-force") : only.contains(m.name())).toList();
            new Compared(compare, of, repeats).run(console, page, json);
            return ExitCode.OK;
        }
        if (!show && kernel == null) {
            throw new ParameterException(spec.commandLine(), "give a kernel to tune, or --simulate FILE, --show or --methods");
        }
        if (accepts && accept == null) {
            accept = TunedParameters.userDirectory();
        }
        try (Means means = means()) {
            if (show) {
                TunedFiles.show(means.device(), console, json);
                return ExitCode.OK;
            }
            List<Problem> all = problems.problems(kernel, means.device());
            DeviceTuning tuning = new DeviceTuning(console, means, json);
            if (!set.isEmpty()) {
                all.forEach(problem -> Usage.of(spec, () -> DeviceTuning.changed(problem, set)));
                return tuning.byHand(all, set) ? ExitCode.OK : ExitCode.FAILED;
            }
            if (askTell) {
                if (all.size() > 1) {
                    throw new ParameterException(spec.commandLine(),
                            "--ask-tell is for one problem, these are " + all.size() + ": give one --shape, or --most 1");
                }
                tuning.led(all.getFirst(), this::converse);
                return ExitCode.OK;
            }
            try (OutputDirectory to = new OutputDirectory(out == null ? Path.of("tuning") : out)) {
                if (accept == null) {
                    tuning.search(all, search, to.path(), null);
                } else {
                    try (OutputDirectory accepted = new OutputDirectory(accept)) {
                        tuning.search(all, search, to.path(), accepted.path());
                    }
                }
            }
            return ExitCode.OK;
        }
    }

    private Means means() {
        boolean interpreted = device.backend().replaceFirst(":0$", "").equals("ptx");
        if (!interpreted && card == null) {
            return new Measured(device.open(), problems);
        }
        if (!interpreted && !device.backend().equals(DeviceOptions.AUTO)) {
            throw new ParameterException(spec.commandLine(), "--card " + card + " is for --backend ptx: " + device.backend()
                    + " has a device of its own");
        }
        if (problems.cold()) {
            throw new ParameterException(spec.commandLine(), "--cold is for devices: a model has no caches to empty");
        }
        String key = card == null ? System.getProperty("kerf.ptx.card", "h100") : card;
        return Usage.of(spec, () -> new Modelled(key, problems));
    }

    private int replay() {
        if (askTell) {
            Results results = Results.read(simulate);
            Simulation file = new Simulation(results);
            converse(file.space(), file, results.about());
            return ExitCode.OK;
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

    private void converse(Space space, Objective objective, Results.About about) {
        new Conversation(space, objective, search.budget()).run(about,
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)), console.out());
    }

    private static void write(Path name, Results results, T4.Maker maker) {
        AtomicFile.write(Path.of(name + ".json"), KernelTunerCache.write(results).getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(Path.of(name + ".t4.json"),
                (T4.write(results, maker).pretty() + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
