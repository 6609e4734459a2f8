package dev.kerf.cli.weights;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Progress;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.fetch.PublishedWeights;
import dev.kerf.cli.fetch.WeightsCache;
import dev.kerf.cli.option.Usage;
import dev.kerf.error.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf weights fetch}: published weights into the user's cache. */
@Command(name = "fetch", mixinStandardHelpOptions = true, sortOptions = false, description = "Fetches published weights, checks their SHA-256 and keeps them for --weights NAME. Goes on where an"
        + " earlier attempt was cut off.", footer = {"", "Example: kerf weights fetch sam2.1-tiny",
            "Files go to $XDG_CACHE_HOME/kerf/weights, by default ~/.cache/kerf/weights."})
final class WeightsFetchCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..*", paramLabel = "NAME", description = "Which weights; see --list.")
    private List<String> names = List.of();

    @Option(names = "--list", description = "Lists the weights that can be fetched; those that are there have their file's name.")
    private boolean list;

    @Option(names = "--mirror", paramLabel = "URL", description = "Takes the files from below this address.")
    private String mirror;

    @Option(names = "--url", paramLabel = "URL", description = "Takes the file from this address; with one NAME.")
    private String url;

    @Option(names = "--sha256", paramLabel = "HEX", description = "Expects this SHA-256 instead of the known one; with one NAME.")
    private String sha256;

    @Option(names = {"-q", "--quiet"}, description = "Shows no progress.")
    private boolean quiet;

    WeightsFetchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        WeightsCache cache = WeightsCache.ofUser();
        if (list) {
            list(cache);
            return ExitCode.OK;
        }
        if (names.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "which weights? Give names from: " + known());
        }
        if (names.size() > 1 && (url != null || sha256 != null)) {
            throw new ParameterException(spec.commandLine(), "--url and --sha256 are about one file; give one name");
        }
        List<PublishedWeights> wanted = Usage.of(spec, () -> names.stream().map(this::weights).toList());
        for (PublishedWeights w : wanted) {
            fetch(cache, w);
        }
        return ExitCode.OK;
    }

    private PublishedWeights weights(String name) {
        PublishedWeights w = PublishedWeights.find(name)
                .orElseThrow(() -> new BadInputException("no weights are known as '" + name + "'; known are " + known()));
        if (url != null) {
            w = w.from(url);
        } else if (mirror != null) {
            w = w.from(mirror + (mirror.endsWith("/") ? "" : "/") + w.file());
        }
        return sha256 == null ? w : w.checkedBy(sha256);
    }

    private static String known() {
        return String.join(", ", PublishedWeights.all().stream().map(PublishedWeights::name).toList());
    }

    private void fetch(WeightsCache cache, PublishedWeights w) throws IOException {
        console.out().println(w.name() + ": " + w.title());
        console.out().println("  licence  " + w.licence());
        console.out().println("  from     " + w.source());
        console.out().flush();
        Path file;
        try (Progress progress = console.terminal() && !quiet ? Progress.bytes(console, w.name()) : Progress.none()) {
            file = cache.fetch(w, progress::at);
        }
        console.out().println("  file     " + file + "  " + Text.bytes(Files.size(file)));
        console.out().println("  SHA-256  " + w.sha256() + "  checked");
        console.out().flush();
    }

    private void list(WeightsCache cache) {
        int name = PublishedWeights.all().stream().mapToInt(w -> w.name().length()).max().orElseThrow();
        for (PublishedWeights w : PublishedWeights.all()) {
            console.out().println(Text.padded(w.name(), name) + "  "
                    + Text.right(w.bytes() < 0 ? "?" : Text.bytes(w.bytes()), 9) + "  " + w.title()
                    + cache.find(w).map(f -> "  " + f).orElse(""));
        }
    }
}
