package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import dev.kerf.error.ClosedException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file mapped read-only, for all threads, until it is closed. */
final class MappedFile implements AutoCloseable {
    private final Path path;
    private final Arena arena;
    private final MemorySegment bytes;

    private MappedFile(Path path, Arena arena, MemorySegment bytes) {
        this.path = path;
        this.arena = arena;
        this.bytes = bytes;
    }

    static MappedFile open(Path path) {
        if (Files.isDirectory(path)) {
            throw new BadFileException(path + ": is a directory, expected a file of weights");
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return new MappedFile(path, arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (NoSuchFileException e) {
            arena.close();
            throw new BadFileException(path + ": no such file", e);
        } catch (IOException | UnsupportedOperationException e) {
            arena.close();
            throw new BadFileException(path + ": can't be read (" + e + ")", e);
        }
    }

    /** Content in memory as if it were a file; copied. */
    static MappedFile of(byte[] content, String name) {
        Arena arena = Arena.ofShared();
        MemorySegment bytes = arena.allocate(content.length, 8);
        MemorySegment.copy(content, 0, bytes, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, content.length);
        return new MappedFile(Path.of(name), arena, bytes.asReadOnly());
    }

    Path path() {
        return path;
    }

    /** The whole file, read-only. */
    MemorySegment bytes() {
        if (!arena.scope().isAlive()) {
            throw new ClosedException(path + ": used after it was closed");
        }
        return bytes;
    }

    /** Takes a slice's pages out of memory, where it is of a file; what reads it next reads the file again. */
    static void unload(MemorySegment slice) {
        if (slice.isMapped()) {
            slice.unload();
        }
    }

    long size() {
        return bytes.byteSize();
    }

    @Override
    public synchronized void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
