package dev.kerf.cli;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Version;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code kerf} by itself: says what there is. */
@Command(name = "kerf", mixinStandardHelpOptions = true, versionProvider = Version.class, subcommands = HelpCommand.class, description = "Segments images: a label for each pixel.", synopsisSubcommandLabel = "COMMAND", footer = {
    "", "Example: kerf segment tissue.png      writes tissue-labels.png and tissue-overlay.png",
    "Exit codes: 0 done, 1 failed, 2 usage, 3 some images failed and the rest are done."})
final class RootCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    RootCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        spec.commandLine().usage(console.err());
        return ExitCode.USAGE;
    }
}
