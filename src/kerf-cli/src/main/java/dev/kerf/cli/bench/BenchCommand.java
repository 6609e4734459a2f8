package dev.kerf.cli.bench;

import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.cli.bench.report.ChromeTrace;
import dev.kerf.cli.bench.report.Comparison;
import dev.kerf.cli.bench.report.Environment;
import dev.kerf.cli.bench.report.Page;
import dev.kerf.cli.bench.report.Report;
import dev.kerf.cli.bench.report.Row;
import dev.kerf.cli.bench.report.Summary;
import dev.kerf.cli.bench.sam.SamBenchCommand;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Progress;
import dev.kerf.cli.option.DurationConverter;
import dev.kerf.cli.option.ImageSizeConverter;
import dev.kerf.cli.option.ModelPart;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.cli.option.Usage;
import dev.kerf.cli.option.WeightsPath;
import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.graph.Op;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine;

/** {@code kerf bench}: how fast networks and ops are on whatever there is, and how fast they could be. */
@Command(name = "bench", mixinStandardHelpOptions = true, sortOptions = false, description = "Measures networks, their ops and kernels by each back end and peer, taking turns, each in a process of its own; latencies"
        + " with percentiles, memory, and the device's copy bandwidth and arithmetic rate from the same run.", footer = {"",
            "Example: kerf bench --models unet,sam2 --backends all --out reports      writes bench-unet-sam2.jsonl, .md, .html and -trace.json",
            "         kerf bench --compare before.jsonl after.jsonl",
            "         kerf bench sam      SAM, the first, beside SAM 2: encoder, first mask, everything"})
public final class BenchCommand implements Callable<Integer> {
    /** What can be measured. */
    private enum Part { NETWORK, OPS, KERNELS }

    /** Of the resampling, so that two reports give the same verdict each time. */
    private static final long SEED = 19;
    /** For runs that count, in one process. */
    private static final Duration LEAST = Duration.ofMillis(200);
    /** For those before: the JIT needs that, however little time there is. */
    private static final Duration LEAST_WARM = Duration.ofSeconds(2);
    private static final int WARM_SECONDS = 10;
    private static final String ONE_AT_A_TIME = "encoder";
    private static final int GPU_SIDE = 1024;
    private static final int CPU_SIDE = 256;
    /** Threads that copy memory to tell whether it is quiet: a few are all that it takes. */
    private static final int COPYING = 4;

    private final Console console;

    @Spec
    private CommandSpec spec;

    @Option(names = {"--models",
        "--network"}, split = ",", paramLabel = "MODEL", converter = ModelPart.Group.Converter.class, description = "unet (measured if none is named), maskrcnn, sam, sam2, u2net, or parts of them: sam-encoder, sam-decoder, sam2-encoder, sam2-decoder, sam2-frame,"
                + " sam2-memory."
                + " Those named are part of the reports' names.")
    private List<ModelPart.Group> models = List.of();

    @Option(names = {"--backends",
        "--backend"}, split = ",", paramLabel = "NAME", description = "all, or some of cpu, opencl, opencl:1 …: see 'kerf devices'. By default a GPU if there is one, otherwise cpu.")
    private List<String> backends = List.of();

    @Option(names = "--peers", split = ",", paramLabel = "NAME", description = "all, or some of torch (on the CPU, and on a GPU if it has CUDA) and onnxruntime (if its jar is there): other engines to measure"
            + " beside. Kerf's results are compared with theirs.")
    private List<String> peers = List.of();

    @Option(names = "--python", paramLabel = "FILE", description = "Interpreter that has PyTorch; by default python3.")
    private Path python = Torch.PYTHON;

    @Option(names = "--weights", paramLabel = "FILE|NAME", converter = WeightsPath.class, description = "Of the networks. By default those that travel with Kerf: a U-Net of 31 million parameters, Mask R-CNN with"
            + " ResNet-50, SAM ViT-B, SAM 2.1 tiny, untrained.")
    private Path weights;

    @Option(names = "--precision", split = ",", paramLabel = "P", defaultValue = "f32", converter = PrecisionConverter.class, description = "How numbers are stored and multiplied: some of f32 (the default), tf32x3, tf32, f16, bf16; what a device lacks is"
            + " left out and said.")
    private List<Precision> precisions;

    @Option(names = "--batch", split = ",", paramLabel = "N", defaultValue = "1", description = "Images at a time; for sam-decoder and sam2-decoder prompts, for sam2-frame and sam2-memory objects; 1. Encoders take one.")
    private List<Integer> batches;

    @Option(names = "--size", paramLabel = "HxW", converter = PictureSize.Converter.class, description = "Rows and columns of images; by default 512x512, for maskrcnn 800x1216, for sam and sam2 1024x1024.")
    private PictureSize size;

    @Option(names = "--image-size", paramLabel = "N", defaultValue = "1024", converter = ImageSizeConverter.class, description = "SAM and SAM 2: side that the network sees images at.")
    private int imageSize;

    @Option(names = "--only", split = ",", paramLabel = "PART", defaultValue = "network", description = "What is measured, some of network (the default), ops (each op and shape that the networks have, by itself) and"
            + " kernels (ops at shapes of their own).")
    private Set<Part> only;

    @Option(names = "--threads", split = ",", paramLabel = "N", description = "Threads of engines that compute on the CPU; by default all processors. Several: each is measured.")
    private List<Integer> threads = List.of();

    @Option(names = "--threads-simulated", split = ",", paramLabel = "N", description = "Of networks on cpu also how many times as fast as one so many threads would be at most, were there as many processors and"
            + " memory as fast as needed: 2,8,64.")
    private List<Integer> simulated = List.of();

    @Option(names = "--callers", split = ",", paramLabel = "N", defaultValue = "1", description = "Threads that ask for runs at once; 1. Several: each is measured, for images a second.")
    private List<Integer> callers;

    @Option(names = "--budget", paramLabel = "TIME", defaultValue = "20m", converter = DurationConverter.class, description = "How long all of it may take, such as 20m or 2h; 20m. Where that is too little for --rounds and --seconds there are fewer,"
            + " but one round of all.")
    private Duration budget;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "3", description = "Processes that measure each; 3. All engines take turns.")
    private int rounds;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "1000", description = "In each process at most; 1000.")
    private int runs;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "6", description = "In each process at most, for the runs that count; 6, or less if the budget needs it.")
    private int seconds;

    @Option(names = "--warm-up", paramLabel = "S", description = "In each process at most, for runs before those, which end as soon as their times are steady; 10, or --seconds if that is"
            + " more, or less if the budget needs it.")
    private Integer warmUp;

    @Option(names = "--out", paramLabel = "DIR", defaultValue = ".", description = "Where the files go; made if it isn't there.")
    private Path out;

    @Option(names = "--compare", arity = "2", paramLabel = "FILE", description = "Measures nothing: holds two reports (.jsonl) against each other, a verdict for each row; exits 1 if one is slower or lost.")
    private List<Path> compared = List.of();

    @Option(names = "--threshold", paramLabel = "PERCENT", defaultValue = "2", description = "With --compare: difference of medians that counts; 2.")
    private double threshold;

    private BenchCommand(Console console) {
        this.console = console;
    }

    /** With its subcommand. */
    public static CommandLine create(Console console) {
        return new CommandLine(new BenchCommand(console)).addSubcommand(new SamBenchCommand(console));
    }

    @Override
    public Integer call() {
        if (!compared.isEmpty()) {
            return compare();
        }
        if (Stream.of(batches, threads, simulated, callers, List.of(rounds, runs, seconds, warmUp())).flatMap(List::stream)
                .anyMatch(n -> n < 1)) {
            throw new ParameterException(spec.commandLine(),
                    "--batch, --threads, --threads-simulated, --callers, --rounds, --runs, --seconds and --warm-up are 1 or more");
        } else if (simulated.stream().anyMatch(n -> n > CpuOptions.MOST_THREADS)) {
            throw new ParameterException(spec.commandLine(),
                    "--threads-simulated is " + CpuOptions.MOST_THREADS + " at most, as many as the back end cpu has");
        } else if (!budget.isPositive()) {
            throw new ParameterException(spec.commandLine(), "--budget is more than no time");
        }
        List<ModelPart> parts = models.isEmpty()
                ? List.of(ModelPart.of("unet"))
                : models.stream().flatMap(m -> m.parts().stream()).distinct().toList();
        List<String> left = new ArrayList<>();
        List<Engine> engines = Usage.of(spec, () -> {
            List<Engine> all = new ArrayList<>(backends.isEmpty() ? List.of(Engine.best()) : Engine.of(backends, left::add));
            all.addAll(Engine.peers(peers, python, left::add));
            return all;
        });
        try (OutputDirectory directory = new OutputDirectory(out)) {
            List<List<Request>> all = requests(parts, engines, left);
            left.forEach(l -> console.note("left out: " + l));
            Request any = all.getFirst().getFirst();
            Environment environment = Environment.of(spec.commandLine().getParseResult().originalArgs())
                    .within(any.limit(), any.warmUp());
            String name = Stream.concat(
                    engines.size() == 1 ? Stream.of("bench", engines.getFirst().backend()) : Stream.of("bench"),
                    models.stream().map(ModelPart.Group::name))
                    .collect(Collectors.joining("-"));
            Path lines = directory.path().resolve(name + ".jsonl");
            Saved saved = new Saved(rows -> save(lines, new Report(environment, rows).lines()));
            Rounds measuring = new Rounds(rounds, budget, System::nanoTime,
                    () -> CpuFloors.copying(Math.min(COPYING, Runtime.getRuntime().availableProcessors())),
                    () -> Workers.processes(python));
            List<Row> rows;
            try (Progress progress = console.terminal()
                    ? Progress.bar(console, all.size() * rounds, "measured")
                    : Progress.none()) {
                rows = measuring.measure(groups(all), progress::step, saved);
            }
            measuring.remarks().forEach(console::note);
            environment.completed();
            Report report = new Report(environment, rows);
            rows.stream().filter(r -> !r.success()).forEach(r -> console.note(r.subject() + ": " + r.error()));
            rows.stream().filter(Row::success).mapToInt(r -> r.processes().size()).min().ifPresent(least -> {
                if (least < rounds) {
                    console.note(
                            "--budget had room for " + least + " of " + rounds + " rounds: give more for narrower intervals");
                }
            });
            String summary = Summary.of(report);
            save(lines, report.lines());
            save(directory.path().resolve(name + ".md"), summary);
            save(directory.path().resolve(name + ".html"), Page.of(report));
            save(directory.path().resolve(name + "-trace.json"), ChromeTrace.of(report) + "\n");
            console.out().print(summary);
            return rows.stream().allMatch(Row::success) ? ExitCode.OK : ExitCode.SOME_FAILED;
        }
    }

    /** Keeps what is measured, every few seconds: a run that is ended leaves a report of what it had. */
    private static final class Saved implements Consumer<Supplier<List<Row>>> {
        private static final Duration PAUSE = Duration.ofSeconds(5);

        private final Consumer<List<Row>> file;
        private long next = System.nanoTime();

        Saved(Consumer<List<Row>> file) {
            this.file = file;
        }

        @Override
        public void accept(Supplier<List<Row>> rows) {
            if (System.nanoTime() - next >= 0) {
                file.accept(rows.get());
                next = System.nanoTime() + PAUSE.toNanos();
            }
        }
    }

    private int compare() {
        if (compared.size() != 2 || !(threshold >= 0)) {
            throw new ParameterException(spec.commandLine(), "--compare takes two reports, and --threshold 0 percent or more");
        }
        Comparison c = Comparison.of(Report.read(compared.getFirst()), Report.read(compared.getLast()), threshold / 100, SEED);
        console.out().print(c.markdown());
        return c.passed() ? ExitCode.OK : ExitCode.FAILED;
    }

    private static void save(Path file, String text) {
        AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /** What processes are shared by: a network has its own, whose memory is told; ops share them. */
    private static List<List<List<Request>>> groups(List<List<Request>> all) {
        List<List<List<Request>>> groups = new ArrayList<>();
        List<List<Request>> ops = new ArrayList<>();
        for (List<Request> same : all) {
            if (same.getFirst().workload().what().equals(Workload.NETWORK)) {
                groups.add(List.of(same));
            } else {
                ops.add(same);
            }
        }
        if (!ops.isEmpty()) {
            groups.add(ops);
        }
        return groups;
    }

    /** What is to be measured: lists of the same work by several engines. */
    private List<List<Request>> requests(List<ModelPart> parts, List<Engine> engines, List<String> left) {
        List<List<Request>> all = new ArrayList<>();
        for (Precision p : precisions) {
            List<Engine> able = engines.stream().filter(e -> e.precisions().contains(p)).toList();
            engines.stream().filter(e -> !able.contains(e))
                    .forEach(e -> left.add(PrecisionConverter.name(p) + ": " + e.id() + " doesn't have it"));
            for (Workload w : able.isEmpty() ? List.<Workload>of() : workloads(parts, able, left)) {
                for (int c : callers) {
                    for (int t : threads.isEmpty() ? List.of(Runtime.getRuntime().availableProcessors()) : threads) {
                        List<Request> same = able.stream()
                                .filter(e -> e.host() || t == threads.stream().findFirst().orElse(t))
                                .map(e -> new Request(w, e.id(), e.peer(), p, t, c, runs, Duration.ofSeconds(seconds),
                                        Duration.ofSeconds(warmUp()), !e.peer() && c == 1, simulated(w, e, t, c)))
                                .toList();
                        if (!same.isEmpty()) {
                            all.add(same);
                        }
                    }
                }
            }
        }
        if (!simulated.isEmpty() && all.stream().flatMap(List::stream).allMatch(r -> r.simulated().isEmpty())) {
            left.add("--threads-simulated: it takes a network on cpu, asked by one caller");
        }
        if (all.isEmpty() && batches.stream().anyMatch(n -> n > 1)) {
            throw new BadInputException("nothing is left of what was asked for: " + String.join("; ", left));
        } else if (all.isEmpty()) {
            throw new BadInputException(engines.stream().map(Engine::id).collect(Collectors.joining(", "))
                    + " has none of the precisions asked for");
        }
        Duration share = budget.dividedBy((long) rounds * all.stream().mapToInt(List::size).sum());
        // What warming up, compiling and the other ways of timing take is about three times that again.
        Duration limit = within(share.dividedBy(4), LEAST, seconds);
        // It seldom takes all of that, and less than it needs spoils what is measured: a turn may cost more than its share for it.
        Duration warm = within(share.multipliedBy(5).dividedBy(2), LEAST_WARM, warmUp());
        return all.stream().map(same -> same.stream().map(r -> r.within(limit, warm)).toList()).toList();
    }

    /** For one row of each network on the CPU's back end: it is the same for all. */
    private List<Integer> simulated(Workload w, Engine e, int threadsOfRow, int callersOfRow) {
        boolean first = threadsOfRow == threads.stream().findFirst().orElse(threadsOfRow) && callersOfRow == 1;
        return first && !e.peer() && e.host() && w.what().equals(Workload.NETWORK) ? simulated : List.of();
    }

    private int warmUp() {
        return warmUp == null ? Math.max(WARM_SECONDS, seconds) : warmUp;
    }

    /** What a share allows, the least of it in any case, and so many seconds at most. */
    private static Duration within(Duration share, Duration least, int seconds) {
        return Collections.min(List.of(Duration.ofSeconds(seconds), Collections.max(List.of(least, share))));
    }

    private List<Workload> workloads(List<ModelPart> parts, List<Engine> engines, List<String> left) {
        List<Workload> all = new ArrayList<>();
        // What several networks have is measured once.
        Map<String, Op> ops = new HashMap<>();
        for (ModelPart part : parts) {
            for (int batch : new LinkedHashSet<>(batches)) {
                if (batch > 1 && part.part().equals(ONE_AT_A_TIME)) {
                    left.add(part.name() + ", batch " + batch + ": it takes one image at a time");
                    continue;
                }
                Workload network = new Workload(Workload.NETWORK, part, null, weights, size == null ? part.usual() : size,
                        batch, imageSize);
                // What can't be recorded is told before anything is measured.
                try (Workload.Opened opened = Usage.of(spec, network::open)) {
                    if (only.contains(Part.NETWORK)) {
                        all.add(network);
                    }
                    if (only.contains(Part.OPS)) {
                        NetworkOps.of(opened.graph()).forEach((name, op) -> {
                            Workload work = new Workload(Workload.OP, part, name, weights, network.size(), batch, imageSize);
                            Op other = ops.putIfAbsent(name + ", " + work.sizeText() + ", " + batch, alone(op));
                            if (other == null) {
                                all.add(work);
                            } else if (!other.equals(alone(op))) {
                                left.add(name + " of " + part.name()
                                        + ": an op of that name is measured, which differs in attributes");
                            }
                        });
                    }
                }
            }
        }
        if (only.contains(Part.KERNELS)) {
            int side = engines.stream().anyMatch(e -> e.kind() == Device.Info.Kind.GPU) ? GPU_SIDE : CPU_SIDE;
            KernelCase.all(side).forEach(k -> all.add(new Workload(Workload.KERNEL, null, k.name(), null, null, 1, side)));
        }
        return all;
    }

    private static Op alone(NetworkOps.One one) {
        return one.graph().nodes().getLast().op();
    }
}
