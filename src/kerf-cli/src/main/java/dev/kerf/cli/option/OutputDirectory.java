package dev.kerf.cli.option;

import dev.kerf.error.BadFileException;
import dev.kerf.file.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/** The directory for results: there and writable before the work begins, and gone again if nothing came of it. */
public final class OutputDirectory implements AutoCloseable {
    private final Path path;
    private final Deque<Path> made = new ArrayDeque<>();

    /**
     * Makes it if it isn't there.
     *
     * @throws BadFileException if it can't be made or written to
     */
    public OutputDirectory(Path path) {
        this.path = path;
        for (Path p = path.toAbsolutePath().normalize(); p != null && !Files.exists(p); p = p.getParent()) {
            made.addLast(p);
        }
        try {
            Files.createDirectories(path);
            // Permission bits don't tell everything (read-only mounts, quotas): only writing does.
            new AtomicFile(path.resolve(".kerf")).close();
        } catch (IOException | BadFileException e) {
            close();
            throw new BadFileException(path + ": the output directory can't be written to"
                    + (Files.exists(path) && !Files.isDirectory(path) ? ": it is a file" : " (" + e.getMessage() + ")")
                    + "; choose another with --out", e);
        }
    }

    public Path path() {
        return path;
    }

    /** Removes the directories that were made here and are still empty. */
    @Override
    public void close() {
        try {
            while (!made.isEmpty()) {
                Files.deleteIfExists(made.removeFirst());
            }
        } catch (IOException e) {
            // Not empty: that is what it is for.
            made.clear();
        }
    }
}
