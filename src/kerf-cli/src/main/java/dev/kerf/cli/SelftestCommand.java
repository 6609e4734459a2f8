package dev.kerf.cli;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.check.SelfTest;
import dev.kerf.check.golden.Golden;
import dev.kerf.check.op.OpCases;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.cli.option.ReportFile;
import dev.kerf.json.Json;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kerf selftest}: whether a device computes what it should, here and now. */
@Command(name = "selftest", mixinStandardHelpOptions = true, sortOptions = false, description = "Tests a device: every op against float64 over awkward shapes, whole models against their references,"
        + " memory, threads.", footer = {"", "Example: kerf selftest --backend opencl",
            "Exits 1 if a check failed; what was wrong and by how much follows its line."})
final class SelftestCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Mixin
    private DeviceOptions device;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "f32", converter = PrecisionConverter.class, description = "How numbers are stored and multiplied: f32, tf32x3, tf32, f16 or bf16, if the device has it.")
    private Precision precision;

    @Option(names = "--goldens", paramLabel = "DIR", description = "A golden case or a folder of them, besides those that travel with the program; may be repeated.")
    private List<Path> goldens = List.of();

    @Option(names = "--only", split = ",", paramLabel = "PART", description = "Tests only some of leaks, parity, threads, goldens.")
    private Set<SelfTest.Part> only = EnumSet.allOf(SelfTest.Part.class);

    @Option(names = "--ops", split = ",", paramLabel = "FAMILY", description = "Of parity only some families of ops, such as convolution,matrix.")
    private Set<String> ops = OpCases.families().keySet();

    @Option(names = "--json", description = "Writes one JSON document on standard output, and what it says for people to standard error.")
    private boolean json;

    @Option(names = "--report", paramLabel = "FILE", description = "Writes the JSON document to a file too.")
    private Path file;

    SelftestCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        Set<String> families = OpCases.families().keySet();
        ops.stream().filter(f -> !families.contains(f)).findFirst().ifPresent(f -> {
            throw new ParameterException(spec.commandLine(), "--ops " + f + ": there are " + String.join(", ", families));
        });
        List<Path> cases = only.contains(SelfTest.Part.GOLDENS) ? Golden.find(goldens) : List.of();
        try (ReportFile report = new ReportFile(file); Device opened = device.open()) {
            Json document = run(opened, precision, only, ops, cases, json ? console.err() : console.out());
            if (json) {
                console.out().print(document.pretty());
            }
            report.write(document.pretty());
            return document.at("passed").asBoolean() ? ExitCode.OK : ExitCode.FAILED;
        }
    }

    /** Tests an opened device, telling {@code text} of each check; the document. */
    static Json run(Device device, Precision precision, Set<SelfTest.Part> parts, Set<String> families,
            List<Path> goldens, PrintWriter text) {
        Device.Info info = device.info();
        info.require(precision);
        text.println(info.id() + "  " + info.name() + ", " + info.driver() + ", "
                + precision + "\n");
        Json checks = Json.array();
        int[] total = new int[2];
        int failed = new SelfTest(device, precision, check -> {
            total[check.ran() ? 0 : 1]++;
            checks.add(toJson(check));
            print(check, text);
        }).run(parts, families, goldens);
        text.println("\n" + (total[0] == 0
                ? "nothing was run"
                : failed == 0
                        ? "all " + total[0] + " checks passed"
                        : failed + " of " + total[0] + " checks FAILED")
                + (total[1] == 0 ? "" : ", " + total[1] + " not run"));
        return Json.object().put("kerf", Version.text()).put("java", Runtime.version().toString())
                .put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"))
                .put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString()).put("backend", info.backend())
                .put("device", info.name()).put("driver", info.driver())
                .put("precision", precision.toString()).put("parts", names(parts))
                .put("passed", failed == 0 && total[0] > 0).put("checks", checks);
    }

    private static List<String> names(Set<SelfTest.Part> parts) {
        return parts.stream().sorted().map(SelftestCommand::name).toList();
    }

    private static String name(SelfTest.Part part) {
        return part.name().toLowerCase(Locale.ROOT);
    }

    private static void print(SelfTest.Check c, PrintWriter text) {
        text.println((Text.padded(name(c.part()), 9) + Text.padded(c.name(), 22)
                + (!c.ran() ? "not run " : c.passed() ? "ok      " : "FAILED  ") + Text.right(Text.fixed(c.seconds(), 1), 7)
                + " s  "
                + c.figure()).stripTrailing());
        c.failures().forEach(f -> text.println("    " + f));
        text.flush();
    }

    private static Json toJson(SelfTest.Check c) {
        Json figures = Json.array();
        c.figures().forEach(f -> figures.add(Json.object().put("name", f.name()).put("what", f.what())
                .put("value", finite(f.value())).put(f.score() ? "at_least" : "at_most", f.bound())
                .put("passed", f.passed())));
        return Json.object().put("part", name(c.part())).put("name", c.name()).put("ran", c.ran()).put("passed", c.passed())
                .put("figure", c.figure()).put("of_bound", finite(c.worst())).put("seconds", c.seconds())
                .put("failures", c.failures()).put("figures", figures);
    }

    /** JSON knows no NaN. */
    private static Json finite(double v) {
        return Json.of(Double.isFinite(v) ? v : null);
    }
}
