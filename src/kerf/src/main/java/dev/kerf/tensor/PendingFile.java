package dev.kerf.tensor;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A file that is written piece by piece, beside its place, and put there in one step when it is complete. For content that
 * is there all at once see {@link AtomicFile}.
 *
 * <pre>{@code
 * try (PendingFile file = new PendingFile(Path.of("out.json")); OutputStream out = Files.newOutputStream(file.path())) {
 *     out.write(…);
 *     out.close();
 *     file.commit();
 * }
 * }</pre>
 */
public final class PendingFile implements AutoCloseable {
    private final Path name;
    private final Path target;
    private final Path path;

    /**
     * Makes the empty temporary file. A link is followed, so that it is its target that is replaced.
     *
     * @throws BadFileException if no file can be written there
     */
    public PendingFile(Path file) {
        name = file;
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null || Files.isDirectory(file)) {
            throw new BadFileException(file + ": can't be written: it is a directory");
        } else if (!Files.isDirectory(directory)) {
            throw new BadFileException(file + ": can't be written: " + directory
                    + (Files.exists(directory) ? " is not a directory" : " doesn't exist; create it first"));
        } else if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new BadFileException(file + ": can't be written: it is no ordinary file");
        }
        try {
            target = Files.isSymbolicLink(file) ? file.toRealPath() : file.toAbsolutePath();
            String mark = "." + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".tmp.";
            // The ending stays: it tells some writers what to write.
            path = Files.createFile(target.resolveSibling(mark + target.getFileName()));
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** Where to write. */
    public Path path() {
        return path;
    }

    /**
     * Puts the file in its place, replacing what was there. All streams to it must be closed.
     *
     * @throws BadFileException if that can't be done
     */
    public void commit() {
        try {
            Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** The error for a failure to write, in the words of {@link AtomicFile}. */
    public BadFileException failed(IOException e) {
        String why = switch (e) {
            case AccessDeniedException _ -> "no permission to write in " + name.toAbsolutePath().getParent();
            case FileSystemException f when f.getReason() != null -> f.getReason();
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
        return new BadFileException(name + ": can't be written: " + why, e);
    }

    /** Removes the temporary file unless it was put in its place. */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw failed(e);
        }
    }
}
