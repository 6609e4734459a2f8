package dev.kerf.cli.weights;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import picocli.CommandLine;

/** {@code kerf weights}: the commands on weight files. */
@Command(name = "weights", mixinStandardHelpOptions = true, synopsisSubcommandLabel = "COMMAND", description = "Fetches weight files, looks into them and converts them.")
public final class WeightsCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    private WeightsCommand(Console console) {
        this.console = console;
    }

    /** With its subcommands. */
    public static CommandLine create(Console console) {
        return new CommandLine(new WeightsCommand(console))
                .addSubcommand(new WeightsFetchCommand(console))
                .addSubcommand(new WeightsImportCommand(console))
                .addSubcommand(new WeightsInspectCommand(console));
    }

    @Override
    public Integer call() {
        spec.commandLine().usage(console.err());
        return ExitCode.USAGE;
    }
}
