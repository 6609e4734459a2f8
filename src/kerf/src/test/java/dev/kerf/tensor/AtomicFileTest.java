package dev.kerf.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("a"), names());
    }

    @Test
    void aLinkIsFollowed() throws IOException {
        Path target = Files.writeString(directory.resolve("target"), "old");
        Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("target"));
        AtomicFile.write(link, new byte[] {7});
        assertTrue(Files.isSymbolicLink(link));
        assertEquals(1, Files.size(target));
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
