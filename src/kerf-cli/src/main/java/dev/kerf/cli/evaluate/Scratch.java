package dev.kerf.cli.evaluate;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A directory for files that nobody keeps. */
final class Scratch implements AutoCloseable {
    private final Path path;
    /** Where the process ends before. */
    private final Thread end = new Thread(this::remove);

    /** @throws BadFileException if none can be made */
    Scratch() {
        try {
            path = Files.createTempDirectory("kerf-");
        } catch (IOException e) {
            throw new BadFileException("no temporary directory can be made (" + e.getMessage() + ")", e);
        }
        Runtime.getRuntime().addShutdownHook(end);
    }

    Path path() {
        return path;
    }

    private void remove() {
        try (Stream<Path> all = Files.walk(path)) {
            for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(p);
            }
        } catch (IOException | UncheckedIOException e) {
            // What is left is the system's to remove, as all in its temporary directory.
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(end);
        remove();
    }
}
