package dev.kerf.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    private Path directory;

    private List<String> names() throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void replacesAndLeavesNothingBeside() throws IOException {
        Path file = directory.resolve("a");
        AtomicFile.write(file, new byte[] {1});
        AtomicFile.write(file, new byte[] {2, 3});
        assertEquals(2, Files.size(file));
        assertEquals(List.of("a"), names());
    }

    @Test
    void permissionsStay() throws IOException {
        Path file = Files.writeString(directory.resolve("a"), "old");
        Set<PosixFilePermission> permissions = PosixFilePermissions.fromString("rw-r-----");
        Files.setPosixFilePermissions(file, permissions);
        AtomicFile.write(file, new byte[] {1});
        assertEquals(permissions, Files.getPosixFilePermissions(file));
    }

    @Test
    void aFailureKeepsTheOldFile() throws IOException {
        Path file = directory.resolve("a");
        Files.writeString(file, "old");
        BadFileException e = assertThrows(BadFileException.class, () -> AtomicFile.write(file, out -> {
            out.write(new byte[100_000]);
            throw new IOException("no space left");
        }));
        assertTrue(e.getMessage().contains("no space left"), e.getMessage());
        assertThrows(IllegalStateException.class, () -> AtomicFile.write(file, out -> {
            throw new IllegalStateException();
        }));
        assertThrows(OutOfMemoryError.class, () -> AtomicFile.write(file, out -> {
            out.write(new byte[100_000]);
            throw new OutOfMemoryError("as if");
        }));
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("a"), names());
    }

    @Test
    void piecesAppearWhenTheyAreCommitted() throws IOException {
        Path file = directory.resolve("a.mp4");
        try (AtomicFile pending = new AtomicFile(file)) {
            assertTrue(pending.path().getFileName().toString().endsWith(".tmp.mp4"));
            pending.out().write('n');
            pending.out().write('w');
            assertFalse(Files.exists(file));
            pending.commit();
        }
        assertEquals("nw", Files.readString(file));
        try (AtomicFile pending = new AtomicFile(file)) {
            Files.writeString(pending.path(), "by a program");
        }
        assertEquals("nw", Files.readString(file));
        try (AtomicFile pending = new AtomicFile(file)) {
            Files.writeString(pending.path(), "by a program");
            pending.commit();
        }
        assertEquals("by a program", Files.readString(file));
        assertEquals(List.of("a.mp4"), names());
    }

    @Test
    void aLinkIsFollowed() throws IOException {
        Path there = Files.createDirectory(directory.resolve("there"));
        Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("second"));
        Files.createSymbolicLink(directory.resolve("second"), Path.of("there/target"));
        for (byte[] content : new byte[][] {{7}, {8, 9}}) {
            AtomicFile.write(link, content);
            assertTrue(Files.isSymbolicLink(link));
            assertArrayEquals(content, Files.readAllBytes(there.resolve("target")));
        }
        assertEquals(List.of("link", "second", "there"), names());
        Path round = directory.resolve("round");
        Files.createSymbolicLink(round, Path.of("round"));
        said("too many symbolic links", round);
    }

    @Test
    void aPipeIsWrittenTo() throws Exception {
        Path pipe = directory.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).inheritIO().start().waitFor());
        CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> {
            try {
                return Files.readAllBytes(pipe);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        byte[] content = new byte[200_000];
        content[199_999] = 5;
        AtomicFile.write(pipe, content);
        assertArrayEquals(content, read.get(1, TimeUnit.MINUTES));
        assertFalse(Files.isRegularFile(pipe));
        assertEquals(List.of("pipe"), names());
    }

    @Test
    void namesMayBeAsLongAsTheSystemHasThem() throws IOException {
        Path file = directory.resolve("n".repeat(251) + ".png");
        AtomicFile.write(file, new byte[3]);
        assertEquals(List.of(file.getFileName().toString()), names());
        Path ending = directory.resolve("n." + "e".repeat(253));
        AtomicFile.write(ending, new byte[3]);
        assertEquals(3, Files.size(ending));
    }

    @Test
    void whatDeadProcessesLeftIsRemovedAndWhatLiveOnesWriteIsNot() throws Exception {
        Files.writeString(directory.resolve(".kerf-1a2b3c.tmp.png"), "of a process that was killed");
        Files.writeString(directory.resolve(".kerf-notes"), "of somebody else");
        Process live = writer("waits");
        try {
            String unfinished = live.inputReader().readLine();
            assertEquals(List.of(unfinished, ".kerf-notes"), names());
            assertEquals(0, writer("finishes").waitFor());
            assertEquals(List.of(unfinished, ".kerf-notes", "finishes"), names());
        } finally {
            live.destroyForcibly().waitFor();
        }
        assertEquals(3, names().size());
        assertEquals(0, writer("finishes").waitFor());
        assertEquals(List.of(".kerf-notes", "finishes"), names());
    }

    private Process writer(String name) throws IOException {
        return new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-cp",
                System.getProperty("java.class.path"), Writer.class.getName(), directory.resolve(name).toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    /** Writes a file; one of the name {@code waits} is never finished. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] args) throws IOException, InterruptedException {
            try (AtomicFile file = new AtomicFile(Path.of(args[0]))) {
                file.out().write('x');
                if (args[0].endsWith("waits")) {
                    System.out.println(file.path().getFileName());
                    Thread.sleep(Long.MAX_VALUE);
                }
                file.commit();
            }
        }
    }

    @Test
    void anInterruptDoesNotStopIt() throws IOException {
        Thread.currentThread().interrupt();
        AtomicFile.write(directory.resolve("a"), new byte[70_000]);
        assertTrue(Thread.interrupted());
        assertEquals(70_000, Files.size(directory.resolve("a")));
    }

    @Test
    void otherFileSystemsTakeItToo() throws IOException {
        try (FileSystem zip = FileSystems.newFileSystem(directory.resolve("a.zip"), Map.of("create", "true"))) {
            AtomicFile.write(zip.getPath("/a.txt"), new byte[] {1, 2});
            AtomicFile.write(zip.getPath("/a.txt"), new byte[] {3});
            assertArrayEquals(new byte[] {3}, Files.readAllBytes(zip.getPath("/a.txt")));
        }
    }

    @Test
    void segmentsOfAnySize() throws IOException {
        byte[] content = new byte[(1 << 20) + 7];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i * 31 >> 3);
        }
        AtomicFile.write(directory.resolve("a"), out -> {
            AtomicFile.copy(MemorySegment.ofArray(new byte[0]), out);
            AtomicFile.copy(MemorySegment.ofArray(content), out);
        });
        assertArrayEquals(content, Files.readAllBytes(directory.resolve("a")));
    }

    @Test
    void placesThatAreNoneAreNamed() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "");
        said("is a directory", directory);
        said("doesn't exist", directory.resolve("no").resolve("a"));
        said("is not a directory", file.resolve("a"));
        said("is a directory", Path.of("/"));
    }

    private static void said(String part, Path file) {
        BadFileException e = assertThrows(BadFileException.class, () -> AtomicFile.write(file, new byte[1]));
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }
}
