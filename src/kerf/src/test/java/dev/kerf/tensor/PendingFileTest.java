package dev.kerf.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PendingFileTest {
    @TempDir
    private Path directory;

    private List<String> names() throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void itAppearsWhenItIsCommitted() throws IOException {
        Path file = directory.resolve("a.mp4");
        try (PendingFile pending = new PendingFile(file)) {
            assertTrue(pending.path().getFileName().toString().endsWith(".tmp.a.mp4"));
            Files.writeString(pending.path(), "new");
            assertFalse(Files.exists(file));
            pending.commit();
        }
        assertEquals("new", Files.readString(file));
        assertEquals(List.of("a.mp4"), names());
    }

    @Test
    void givenUpItLeavesTheOldFile() throws IOException {
        Path file = Files.writeString(directory.resolve("a"), "old");
        try (PendingFile pending = new PendingFile(file)) {
            Files.writeString(pending.path(), "new");
        }
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("a"), names());
    }

    @Test
    void aLinkIsFollowed() throws IOException {
        Path target = Files.writeString(directory.resolve("target"), "old");
        Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("target"));
        try (PendingFile pending = new PendingFile(link)) {
            Files.writeString(pending.path(), "new");
            pending.commit();
        }
        assertTrue(Files.isSymbolicLink(link));
        assertEquals("new", Files.readString(target));
    }

    @Test
    void placesThatAreNoneAreNamed() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "");
        said("is a directory", directory);
        said("doesn't exist", directory.resolve("no").resolve("a"));
        said("is not a directory", file.resolve("a"));
        said("no ordinary file", Path.of("/dev/null"));
    }

    private static void said(String part, Path file) {
        BadFileException e = assertThrows(BadFileException.class, () -> new PendingFile(file).close());
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }
}
