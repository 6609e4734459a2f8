package dev.kerf.cli.bench.sam;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.check.UntrainedSam;
import dev.kerf.cli.bench.sam.Contender.Task;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Progress;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.file.AtomicFile;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code kerf bench sam}: SAM, the first, and SAM 2 on the same engine. */
@Command(name = "sam", mixinStandardHelpOptions = true, sortOptions = false, description = "Measures pairs of SAM's networks on the same device, taking turns: the image encoder, the first mask (an image, a point,"
        + " three masks) and masks of everything, with their arithmetic and the ratio. Weights are made by formula.", footer = {
            "", "Example: kerf bench sam --backend cpu --pairs vit-b:tiny"})
public final class SamBenchCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Option(names = "--pairs", split = ",", paramLabel = "A:B", defaultValue = "vit-h:base+,vit-b:tiny", converter = PairConverter.class, description = "Who against whom: of vit-b, vit-l, vit-h (SAM, the first), tiny, small, base+, large (SAM 2.1) and edgetam;"
            + " vit-h:base+,vit-b:tiny if nothing is said.")
    private List<Pair> pairs;

    @Option(names = "--only", split = ",", paramLabel = "TASK", defaultValue = "encoder,first_mask,everything", description = "What is measured: encoder, first_mask, everything. Arithmetic is counted of all.")
    private Set<Task> only = EnumSet.allOf(Task.class);

    @Option(names = "--size", paramLabel = "HxW", defaultValue = "768x1024", converter = PictureSize.Converter.class, description = "Rows and columns of the picture; 768x1024.")
    private PictureSize size;

    @Option(names = "--points-per-side", paramLabel = "N", defaultValue = "32", description = "Points along a side of the grid that everything is found by; 32.")
    private int points;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "3", description = "How often each is measured; everything once. 3.")
    private int rounds;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "f32", converter = PrecisionConverter.class, description = "How numbers are stored and multiplied: f32, tf32x3, tf32, f16 or bf16, if the device has it.")
    private Precision precision;

    @Option(names = "--out", paramLabel = "DIR", defaultValue = ".", description = "Where bench-sam.md and bench-sam.json go; made if it isn't there.")
    private Path out;

    @Mixin
    private DeviceOptions device;

    /** Two networks, the first of which is measured in units of the second. */
    record Pair(UntrainedSam first, UntrainedSam second) {}

    /** Reads {@code vit-b:tiny}. */
    static final class PairConverter implements ITypeConverter<Pair> {
        @Override
        public Pair convert(String text) {
            String[] names = text.split(":", -1);
            if (names.length != 2) {
                throw new TypeConversionException("'" + text + "': expected two networks, such as vit-b:tiny");
            }
            return new Pair(named(names[0]), named(names[1]));
        }

        private static UntrainedSam named(String name) {
            return Stream.of(UntrainedSam.values()).filter(n -> n.label().equals(name)).findFirst()
                    .orElseThrow(() -> new TypeConversionException("'" + name + "': expected one of "
                            + String.join(", ", Stream.of(UntrainedSam.values()).map(UntrainedSam::label).toList())));
        }
    }

    public SamBenchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (points < 1 || points > 256 || rounds < 1) {
            throw new ParameterException(spec.commandLine(), "--points-per-side is 1 to 256, --rounds 1 or more");
        }
        Image picture = drawn();
        try (OutputDirectory directory = new OutputDirectory(out);
                Device opened = device.open();
                Progress progress = console.terminal()
                        ? Progress.bar(console, pairs.size() * 2 * (rounds + 1) * only.size(), "runs")
                        : Progress.none()) {
            SamReport report = new SamReport(spec.commandLine().getParseResult().originalArgs(), opened.info(), size, points,
                    precision);
            for (Pair p : pairs) {
                try (Contender a = new Contender(p.first, opened, precision, picture, points);
                        Contender b = new Contender(p.second, opened, precision, picture, points)) {
                    measure(List.of(a, b), progress);
                    report.add(a, b);
                }
                AtomicFile.write(directory.path().resolve("bench-sam.md"), report.markdown().getBytes(StandardCharsets.UTF_8));
                AtomicFile.write(directory.path().resolve("bench-sam.json"),
                        (report.json().pretty() + "\n").getBytes(StandardCharsets.UTF_8));
            }
            console.out().print(report.markdown());
            return ExitCode.OK;
        }
    }

    /** All once before it counts; a grid, which takes hundreds of runs, is only begun. */
    private void measure(List<Contender> both, Progress progress) {
        List<Task> tasks = new ArrayList<>(EnumSet.copyOf(only));
        for (Task t : tasks) {
            for (Contender c : both) {
                if (t == Task.EVERYTHING) {
                    c.answerSeveral();
                } else {
                    c.run(t, false);
                }
                progress.step();
            }
        }
        for (int round = 0; round < rounds; round++) {
            for (Task t : tasks) {
                for (Contender c : both) {
                    if (t != Task.EVERYTHING || round == 0) {
                        c.run(t, true);
                    }
                    progress.step();
                }
            }
        }
    }

    private Image drawn() {
        Image image = Image.blank(size.width(), size.height(), PixelFormat.RGB8);
        for (int y = 0; y < size.height(); y++) {
            for (int x = 0; x < size.width(); x++) {
                boolean disc = Math.hypot(x - 0.4 * size.width(), y - 0.5 * size.height()) < 0.2 * size.height();
                for (int c = 0; c < 3; c++) {
                    image.setSample(x, y, c, ((disc ? 200 - 40 * c : 60 + 30 * c) + (x * 7 + y * 13) % 32));
                }
            }
        }
        return image;
    }
}
