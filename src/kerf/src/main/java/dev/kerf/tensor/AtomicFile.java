package dev.kerf.tensor;

import dev.kerf.error.BadFileException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes a file whole or not at all: into a temporary file beside it, which then takes its place in one step. Whoever
 * reads the file sees the old content or the new, never a piece of it, and a failure leaves nothing behind.
 *
 * <pre>{@code
 * AtomicFile.write(Path.of("out/mask.png"), png);
 * }</pre>
 */
public final class AtomicFile {
    private AtomicFile() {
    }

    /** Writes what a file is to contain to the stream, which is buffered and closed by the caller of this. */
    @FunctionalInterface
    public interface Content {
        /** Writes everything. */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Writes bytes to a file, replacing what was there.
     *
     * @throws BadFileException if the file can't be written there
     */
    public static void write(Path file, byte[] content) {
        write(file, out -> out.write(content));
    }

    /**
     * Writes a file, replacing what was there. A device or pipe is written to as it stands.
     *
     * @throws BadFileException if the file can't be written there
     */
    public static void write(Path file, Content content) {
        Path directory = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file) || directory == null) {
            throw new BadFileException(file + ": can't be written: it is a directory");
        } else if (!Files.isDirectory(directory)) {
            throw new BadFileException(file + ": can't be written: " + directory
                    + (Files.exists(directory) ? " is not a directory" : " doesn't exist; create it first"));
        }
        try {
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
                    content.writeTo(out);
                }
                return;
            }
            replace(file, directory, content);
        } catch (AccessDeniedException e) {
            throw new BadFileException(file + ": can't be written: no permission to write in " + directory, e);
        } catch (FileSystemException e) {
            String why = e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
            throw new BadFileException(file + ": can't be written: " + why, e);
        } catch (IOException e) {
            throw new BadFileException(file + ": can't be written: " + e.getMessage(), e);
        }
    }

    private static void replace(Path file, Path directory, Content content) throws IOException {
        // A link is followed, so that it is its target that is replaced.
        Path target = Files.isSymbolicLink(file) ? file.toRealPath() : file;
        String suffix = "." + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".tmp";
        Path temporary = (target == file ? directory : target.getParent()).resolve("." + target.getFileName() + suffix);
        try {
            try (OutputStream out = new BufferedOutputStream(
                    Files.newOutputStream(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    1 << 16)) {
                content.writeTo(out);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
