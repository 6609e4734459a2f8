package dev.kerf.cli.option;

import dev.kerf.file.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The file of {@code --report}: begun before the work, so that a place where none can be written is told of then. */
public final class ReportFile implements AutoCloseable {
    private final AtomicFile file;

    /**
     * Begins the file.
     *
     * @param path null where none is wanted
     * @throws dev.kerf.error.BadFileException if none can be written there
     */
    public ReportFile(Path path) {
        file = path == null ? null : new AtomicFile(path);
    }

    /** Writes the report, whole. */
    public void write(String report) {
        if (file != null) {
            try {
                file.out().write(report.getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw file.failed(e);
            }
            file.commit();
        }
    }

    @Override
    public void close() {
        if (file != null) {
            file.close();
        }
    }
}
