package dev.kerf.file;

import dev.kerf.error.BadFileException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A file that is written whole or not at all: into a temporary file beside it, which reaches the disk and then takes its place
 * in one step. Whoever reads the file sees the old content or the new, never a piece of it. A link is followed, so that it is
 * its target that is replaced; a device or pipe is written to as it stands.
 *
 * <p>Nothing is left of a file that isn't committed, also where the process ends before by a signal or {@code System.exit}:
 * from then on none is made or committed. What a process leaves that has no time to clean up is removed by the next that
 * writes into the same directory.
 *
 * <pre>{@code
 * AtomicFile.write(Path.of("out/mask.png"), png);
 * try (AtomicFile file = new AtomicFile(Path.of("out.json"))) {
 *     file.out().write(…);
 *     file.commit();
 * }
 * }</pre>
 */
public final class AtomicFile implements AutoCloseable {
    private static final int BUFFER = 1 << 16;
    private static final int CHUNK = 1 << 20;
    private static final int MOST_LINKS = 40;

    private final Path name;
    private final Path target;
    /** Null where the target is a device or pipe. */
    private final @Nullable Temporary temporary;
    private @Nullable OutputStream out;

    /** Writes what a file is to contain to the stream, which is buffered and closed by the caller of this. */
    @FunctionalInterface
    public interface Content {
        /** Writes everything. */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Begins a file.
     *
     * @throws BadFileException if none can be written there
     */
    public AtomicFile(Path file) {
        name = file;
        try {
            target = followed(file);
            Path directory = target.getParent();
            if (directory == null || Files.isDirectory(target)) {
                throw new BadFileException(file + ": can't be written: it is a directory");
            } else if (!Files.isDirectory(directory)) {
                throw new BadFileException(file + ": can't be written: " + directory
                        + (Files.exists(directory) ? " is not a directory" : " doesn't exist; create it first"));
            }
            temporary = Files.exists(target) && !Files.isRegularFile(target) ? null : Temporary.beside(target);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private static Path followed(Path file) throws IOException {
        Path at = file.toAbsolutePath();
        for (int links = 0; Files.isSymbolicLink(at); links++) {
            if (links == MOST_LINKS) {
                throw new FileSystemLoopException(file.toString());
            }
            at = at.resolveSibling(Files.readSymbolicLink(at));
        }
        return at;
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
     * Writes a file, replacing what was there.
     *
     * @throws BadFileException if the file can't be written there
     */
    public static void write(Path file, Content content) {
        try (AtomicFile to = new AtomicFile(file)) {
            try {
                content.writeTo(to.out());
            } catch (IOException e) {
                throw to.failed(e);
            }
            to.commit();
        }
    }

    /** Writes the bytes of a segment, of any size, to a stream. */
    public static void copy(MemorySegment from, OutputStream out) throws IOException {
        byte[] chunk = new byte[(int) Math.min(CHUNK, from.byteSize())];
        for (long at = 0; at < from.byteSize(); at += chunk.length) {
            int n = (int) Math.min(chunk.length, from.byteSize() - at);
            MemorySegment.copy(from, ValueLayout.JAVA_BYTE, at, chunk, 0, n);
            out.write(chunk, 0, n);
        }
    }

    /** Where to write the content, buffered; the same stream in each call, closed by this file's {@link #close}. */
    public OutputStream out() throws IOException {
        if (out == null) {
            out = new BufferedOutputStream(Files.newOutputStream(path(), StandardOpenOption.WRITE), BUFFER);
        }
        return out;
    }

    /** The file to write, for programs that do it themselves; its name ends like the target's. */
    public Path path() {
        return temporary == null ? target : temporary.path();
    }

    /**
     * Puts the file in its place, replacing what was there.
     *
     * @throws BadFileException if that can't be done
     */
    public void commit() {
        try {
            if (out != null) {
                out.flush();
                if (temporary == null || !temporary.isHeld()) {
                    out.close();
                }
            }
            if (temporary != null) {
                temporary.moveTo(target);
            }
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** The error for a failure to write. */
    public BadFileException failed(IOException e) {
        String why = switch (e) {
            case AccessDeniedException _ -> "no permission to write in " + name.toAbsolutePath().getParent();
            case FileSystemLoopException _ -> "too many symbolic links";
            case FileSystemException f when f.getReason() != null -> f.getReason();
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
        return new BadFileException(name + ": can't be written: " + why, e);
    }

    /** Without {@link #commit} before it: leaves the old file, and nothing beside it. */
    @Override
    public void close() {
        try (temporary) {
            if (out != null) {
                out.close();
            }
        } catch (IOException e) {
            // Bytes that weren't committed, which nobody waits for.
            out = null;
        }
    }
}
