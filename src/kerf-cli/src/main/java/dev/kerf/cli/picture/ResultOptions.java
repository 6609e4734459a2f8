package dev.kerf.cli.picture;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where pictures that are made go, and what is said of them. */
final class ResultOptions {
    @Option(names = "--out", paramLabel = "DIR", defaultValue = ".", description = "Where files go; made if it isn't there. By default the current directory.")
    Path directory;

    @Option(names = "--quiet", description = "Writes nothing on the terminal but errors.")
    boolean quiet;

    @Option(names = "--json", description = "Writes one JSON document on standard output.")
    boolean json;
}
