package dev.kerf.cli;

import dev.kerf.check.golden.Golden;
import dev.kerf.check.soak.Gauges;
import dev.kerf.check.soak.Soak;
import dev.kerf.check.soak.SoakReport;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.DurationConverter;
import dev.kerf.cli.option.ReportFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kerf soak}: whether a device stands hours of many threads without growth and with the same bits. */
@Command(name = "soak", mixinStandardHelpOptions = true, sortOptions = false, description = "Strains a device for as long as you like: many callers ask U-Net, Mask R-CNN and SAM 2 at once, calls end by"
        + " deadlines, cancellations and interrupts at random, devices come and go; the same bits each time, and nothing may"
        + " grow.", footer = {"", "Example: kerf soak --backend cpu --time 1h --report soak.md",
            "Exits 1 if something is wrong. Growth is judged after five minutes and eight readings more, half a minute apart."})
final class SoakCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private DeviceOptions device;

    @Option(names = "--time", paramLabel = "TIME", defaultValue = "10m", converter = DurationConverter.class, description = "How long, such as 90s, 10m or 1h; 10m.")
    private Duration time;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "1000000", description = "Most calls; 1000000.")
    private long runs;

    @Option(names = "--callers", paramLabel = "N", defaultValue = "24", description = "Threads that ask; 24.")
    private int callers;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Of what they choose; 1.")
    private long seed;

    @Option(names = "--goldens", paramLabel = "DIR", description = "A golden case or a folder of them, whose networks are asked too, besides those that travel with the program; may be repeated.")
    private List<Path> goldens = List.of();

    @Option(names = "--report", paramLabel = "FILE", description = "Writes the report, in Markdown, to a file too.")
    private Path file;

    @Spec
    private CommandSpec spec;

    SoakCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (time.isZero() || runs < 1 || callers < 1) {
            throw new ParameterException(spec.commandLine(), "--time, --runs and --callers are more than 0");
        }
        try (ReportFile to = new ReportFile(file)) {
            SoakReport report = new Soak(device::open, Golden.find(goldens), new Soak.Settings(time, runs, callers, seed),
                    this::show).run();
            console.out().print("\n" + report.markdown());
            to.write(report.markdown());
            return report.passed() ? ExitCode.OK : ExitCode.FAILED;
        }
    }

    private void show(Gauges now) {
        console.out().println(Text.right(Long.toString(now.at().toSeconds()), 6) + " s " + Text.right(
                Long.toString(now.runs()), 9) + " calls, heap " + Text.bytes(now.heap()) + ", process "
                + Text.bytes(now.resident()) + ", device " + Text.bytes(now.device()) + ", " + now.threads() + " threads, "
                + now.descriptors() + " open files");
        console.out().flush();
    }
}
