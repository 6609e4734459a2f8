package dev.kerf.fuzz;

import com.sun.management.ThreadMXBean;
import dev.kerf.error.KerfException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What any input at all may cost: an exception of the library's family at most, memory and time in proportion to the input, no
 * file left.
 *
 * @param memory bytes of the Java heap that one byte of input may take: what the format's own compression allows, times what
 *               a pixel or element takes while it is decoded
 * @param least  bytes that any input counts as, where the reader says so
 */
public record Held(long memory, long least) {
    /** Bytes that even an empty input may take. */
    private static final long MEMORY = 8 << 20;
    /** Processor time of any input and of each of its bytes, with the fuzzer's counters in the code. */
    private static final long NANOS = 2_000_000_000L;
    private static final long BYTE_NANOS = 100_000;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final Path FOLDER = folder();

    /** Without a least size. */
    public Held(long memory) {
        this(memory, 0);
    }

    /** Reads an input to its end. */
    public interface Reader {
        void read() throws IOException;
    }

    /** Reads an input from a file. */
    public interface FileReader {
        void read(Path file) throws IOException;
    }

    /** Holds the reading of bytes to it; a first reading, which may load classes, only if the second doesn't do better. */
    public void reading(byte[] input, Reader reader) {
        String wrong = cost(input, reader);
        if (wrong != null) {
            wrong = cost(input, reader);
        }
        if (wrong != null) {
            throw new AssertionError(wrong);
        }
    }

    /** What is wrong with the cost of a reading; null if nothing is. */
    private String cost(byte[] input, Reader reader) {
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        long nanos = THREADS.getCurrentThreadCpuTime();
        try {
            reader.read();
        } catch (KerfException e) {
            if (e.getMessage() == null || e.getMessage().isBlank()) {
                throw new AssertionError("an exception that says nothing", e);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        bytes = THREADS.getCurrentThreadAllocatedBytes() - bytes;
        nanos = THREADS.getCurrentThreadCpuTime() - nanos;
        if (bytes > MEMORY + memory * Math.max(least, input.length)) {
            return input.length + " bytes took " + bytes + " bytes of memory";
        }
        return nanos > NANOS + BYTE_NANOS * input.length
                ? input.length + " bytes took " + nanos / 1_000_000 + " ms"
                : null;
    }

    /** The same with the input in a file, beside which none may be left. */
    public void readingFile(byte[] input, String name, FileReader reader) {
        Path file = FOLDER.resolve(name);
        try {
            Files.write(file, input);
            reading(input, () -> reader.read(file));
            try (Stream<Path> there = Files.list(FOLDER)) {
                List<Path> left = there.filter(f -> !f.equals(file)).toList();
                if (!left.isEmpty()) {
                    throw new AssertionError("left behind: " + left);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            file.toFile().delete();
        }
    }

    private static Path folder() {
        try {
            Path folder = Files.createTempDirectory("kerf-fuzz");
            folder.toFile().deleteOnExit();
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
