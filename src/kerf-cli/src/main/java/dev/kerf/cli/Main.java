package dev.kerf.cli;

import dev.kerf.cli.bench.BenchCommand;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.StandardOutput;
import dev.kerf.cli.evaluate.EvaluateCommand;
import dev.kerf.cli.kernels.KernelsCommand;
import dev.kerf.cli.option.PathConverter;
import dev.kerf.cli.picture.BlurCommand;
import dev.kerf.cli.picture.CutoutCommand;
import dev.kerf.cli.picture.DetectCommand;
import dev.kerf.cli.picture.PanopticCommand;
import dev.kerf.cli.picture.SamCommand;
import dev.kerf.cli.picture.SegmentCommand;
import dev.kerf.cli.picture.TrackCommand;
import dev.kerf.cli.serve.ServeCommand;
import dev.kerf.cli.tune.TuneCommand;
import dev.kerf.cli.weights.WeightsCommand;
import dev.kerf.error.KerfException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;
import picocli.CommandLine;

/**
 * The command line's entry. Exit codes: 0; 1 failed; 2 usage; 3 some images failed and the rest are done. An error is one
 * line on standard error that begins with {@code kerf:}; with {@code KERF_DEBUG=1} in the environment its stack trace
 * follows.
 */
public final class Main {
    private static final Map<String, Function<Console, Object>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("segment", SegmentCommand::new);
        COMMANDS.put("detect", DetectCommand::new);
        COMMANDS.put("panoptic", PanopticCommand::new);
        COMMANDS.put("cutout", CutoutCommand::new);
        COMMANDS.put("blur", BlurCommand::new);
        COMMANDS.put("sam", SamCommand::new);
        COMMANDS.put("track", TrackCommand::new);
        COMMANDS.put("serve", ServeCommand::new);
        COMMANDS.put("evaluate", EvaluateCommand::new);
        COMMANDS.put("devices", DevicesCommand::new);
        COMMANDS.put("weights", WeightsCommand::create);
        COMMANDS.put("trace", TraceCommand::new);
        COMMANDS.put("diff", DiffCommand::new);
        COMMANDS.put("export", ExportCommand::new);
        COMMANDS.put("selftest", SelftestCommand::new);
        COMMANDS.put("soak", SoakCommand::new);
        COMMANDS.put("bench", BenchCommand::create);
        COMMANDS.put("kernels", KernelsCommand::new);
        COMMANDS.put("tune", TuneCommand::new);
    }

    private Main() {}

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] args) {
        StandardOutput out = new StandardOutput();
        OutputStream err = new FileOutputStream(FileDescriptor.err);
        Console console = Console.of(out, err, isTerminal(2));
        int code = run(args, console);
        String trouble = out.trouble();
        if (trouble != null) {
            console.note(trouble);
            code = ExitCode.FAILED;
        }
        // Threads of drivers and pools don't keep the process.
        System.exit(code);
    }

    /** Runs a command in this process: what {@link #main} does, without the end of the process. Returns the exit code. */
    public static int run(String[] args, OutputStream out, OutputStream err) {
        return run(args, Console.of(out, err, false));
    }

    private static int run(String[] args, Console console) {
        int code;
        try {
            code = commandLine(args, console).execute(args);
        } catch (Error e) {
            code = failure(e, console);
        }
        console.out().flush();
        console.err().flush();
        return code;
    }

    /** All commands, or only the one that is called: reading the annotations of all of them takes time. */
    static CommandLine commandLine(String[] args, Console console) {
        CommandLine all = new CommandLine(new RootCommand(console));
        String called = args.length == 0 ? "" : args[0];
        COMMANDS.forEach((name, make) -> {
            if (name.equals(called) || !COMMANDS.containsKey(called)) {
                all.addSubcommand(name, make.apply(console));
            }
        });
        return all.registerConverter(Path.class, new PathConverter())
                .setOut(console.out())
                .setErr(console.err())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpWidth(100)
                .setParameterExceptionHandler((e, _) -> usage(e, console))
                .setExecutionExceptionHandler((e, _, _) -> failure(e, console));
    }

    private static int usage(ParameterException e, Console console) {
        console.note(e.getMessage());
        CommandLine command = e.getCommandLine();
        if (!UnmatchedArgumentException.printSuggestions(e, console.err())) {
            console.err().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        }
        return ExitCode.USAGE;
    }

    private static int failure(Throwable e, Console console) {
        console.note(Console.explain(e));
        if (System.getenv("KERF_DEBUG") != null) {
            e.printStackTrace(console.err());
        }
        return ExitCode.FAILED;
    }

    private static boolean isTerminal(int descriptor) {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
