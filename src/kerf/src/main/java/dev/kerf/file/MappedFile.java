package dev.kerf.file;

import dev.kerf.error.BadFileException;
import dev.kerf.error.ClosedException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file mapped read-only, for all threads, until it is closed. It stays open so that its length can be asked for: memory
 * mapped from what is no longer there can't be read.
 */
public final class MappedFile implements AutoCloseable {
    private final Path path;
    /** None for content in memory. Not a channel: an interrupted thread would close it for all. */
    private final @Nullable RandomAccessFile file;
    private final Arena arena;
    private final MemorySegment bytes;

    private MappedFile(Path path, RandomAccessFile file, Arena arena, MemorySegment bytes) {
        this.path = path;
        this.file = file;
        this.arena = arena;
        this.bytes = bytes;
    }

    /**
     * Maps a file.
     *
     * @throws BadFileException if there is none, or it can't be read
     */
    public static MappedFile open(Path path) {
        if (Files.isDirectory(path)) {
            throw new BadFileException(path + ": is a directory, expected a file");
        }
        Arena arena = Arena.ofShared();
        RandomAccessFile file = null;
        try {
            file = new RandomAccessFile(path.toFile(), "r");
            MemorySegment bytes = file.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, file.length(), arena);
            return new MappedFile(path, file, arena, bytes);
        } catch (IOException | UnsupportedOperationException e) {
            close(arena, file);
            boolean missing = e instanceof FileNotFoundException && !Files.exists(path);
            throw new BadFileException(path + (missing ? ": no such file" : ": can't be read (" + e + ")"), e);
        }
    }

    /** Content in memory as if it were a file; copied. */
    public static MappedFile of(byte[] content, String name) {
        Arena arena = Arena.ofShared();
        MemorySegment bytes = arena.allocate(content.length, 8);
        MemorySegment.copy(content, 0, bytes, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, content.length);
        return new MappedFile(Path.of(name), null, arena, bytes.asReadOnly());
    }

    /** Where it is. */
    public Path path() {
        return path;
    }

    /**
     * The whole file, read-only.
     *
     * @throws ClosedException  if this object is closed
     * @throws BadFileException if the file became shorter since it was opened
     */
    public MemorySegment bytes() {
        if (!arena.scope().isAlive()) {
            throw new ClosedException(path + ": used after it was closed");
        }
        try {
            if (file != null && file.length() < bytes.byteSize()) {
                throw new BadFileException(path + ": was cut off from " + bytes.byteSize() + " to " + file.length()
                        + " bytes while it was open; open it again when it is whole");
            }
        } catch (IOException e) {
            throw new ClosedException(path + ": used after it was closed", e);
        }
        return bytes;
    }

    /** Takes a slice's pages out of memory, where it is of a file; what reads it next reads the file again. */
    public static void unload(MemorySegment slice) {
        if (slice.isMapped()) {
            slice.unload();
        }
    }

    /** Bytes of it. */
    public long size() {
        return bytes.byteSize();
    }

    @Override
    public synchronized void close() {
        if (arena.scope().isAlive()) {
            close(arena, file);
        }
    }

    private static void close(Arena arena, RandomAccessFile file) {
        arena.close();
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException e) {
            throw new BadFileException("a file can't be closed: " + e, e);
        }
    }
}
