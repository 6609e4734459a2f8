package dev.kerf.cli.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DownloadTest {
    private static final Download.Disk DISK = f -> Files.newOutputStream(f, StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);

    @TempDir
    private Path directory;

    private final byte[] content = random(300_000, 1);
    private final FileServer server = new FileServer(content);

    @AfterEach
    void stop() {
        server.close();
    }

    private static byte[] random(int size, long seed) {
        byte[] out = new byte[size];
        new Random(seed).nextBytes(out);
        return out;
    }

    private PublishedWeights weights(String path, long bytes) {
        return new PublishedWeights("net", "a network", URI.create(server.address(path)), bytes, sha256(content), "free");
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private Path target() {
        return directory.resolve("cache").resolve("net.pt");
    }

    private Path fetch(PublishedWeights w, Download.Disk disk) {
        return new Download(w, target(), (done, total) -> {}, disk, Duration.ofMillis(1), Duration.ofSeconds(20)).fetch();
    }

    private void fetched(PublishedWeights w) throws IOException {
        Path file = fetch(w, DISK);
        assertEquals(target(), file);
        assertArrayEquals(content, Files.readAllBytes(file));
        assertEquals(List.of("net.pt", "net.pt.lock"), names());
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(target().getParent())) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    private void failsWith(PublishedWeights w, Download.Disk disk, String... texts) {
        BadFileException e = assertThrows(BadFileException.class, () -> fetch(w, disk));
        for (String text : texts) {
            assertTrue(e.getMessage().contains(text), () -> "expected '" + text + "' in: " + e.getMessage());
        }
        assertFalse(Files.exists(target()));
    }

    @Test
    void aFileComesWhole() throws IOException {
        fetched(weights("/file", content.length));
        fetched(weights("/file", content.length));
        assertEquals(List.of(""), server.asked, "the second time it was there");
    }

    @Test
    void redirectsAreFollowed() throws IOException {
        fetched(weights("/moved", -1));
    }

    @Test
    void aCutConnectionIsGoneOnWith() throws IOException {
        server.cuts.addAll(List.of(100_000, 50_000, 1));
        fetched(weights("/file", content.length));
        assertEquals(List.of("", "bytes=100000-", "bytes=150000-", "bytes=150001-"), server.asked);
    }

    @Test
    void anotherRunGoesOnWithWhatTheFirstLeft() throws IOException {
        server.cuts.addAll(List.of(120_000, 0, 0, 0, 0, 0));
        failsWith(weights("/file", -1), DISK, "/file", "120000 bytes have arrived and are kept");
        assertEquals(List.of("net.pt.lock", "net.pt.part", "net.pt.part.json"), names());
        server.cuts.clear();
        server.asked.clear();
        fetched(weights("/file", -1));
        assertEquals(List.of("bytes=120000-"), server.asked);
    }

    @Test
    void aServerWithoutRangesSendsAllOfIt() throws IOException {
        server.ranges = false;
        server.cuts.add(100_000);
        fetched(weights("/file", content.length));
    }

    @Test
    void aFileThatChangedBetweenIsFetchedAnew() throws IOException {
        server.content = random(300_000, 2);
        server.cuts.addAll(List.of(120_000, 0, 0, 0, 0, 0));
        failsWith(weights("/file", -1), DISK, "are kept");
        server.content = content;
        server.tag = "\"v2\"";
        server.cuts.clear();
        fetched(weights("/file", -1));
    }

    @Test
    void withoutATagNothingIsGoneOnWith() throws IOException {
        server.tag = null;
        server.cuts.add(100_000);
        fetched(weights("/file", -1));
        assertEquals(List.of("", ""), server.asked);
    }

    @Test
    void aPartFromElsewhereIsNotUsed() throws IOException {
        server.cuts.addAll(List.of(120_000, 0, 0, 0, 0, 0));
        failsWith(weights("/file", -1), DISK, "are kept");
        server.cuts.clear();
        server.asked.clear();
        fetched(weights("/file/mirror", -1));
        assertEquals(List.of(""), server.asked);
    }

    @Test
    void aDamagedRecordOfAPartIsNone() throws IOException {
        Files.createDirectories(target().getParent());
        Files.write(target().resolveSibling("net.pt.part"), random(500, 3));
        Files.writeString(target().resolveSibling("net.pt.part.json"), "{\"source\":");
        fetched(weights("/file", -1));
    }

    @Test
    void aPartLongerThanTheFileIsThrownAway() throws IOException {
        Files.createDirectories(target().getParent());
        Path part = Files.write(target().resolveSibling("net.pt.part"), random(400_000, 3));
        new PartRecord(server.address("/file"), "\"v1\"", 300_000).write(part);
        fetched(weights("/file", -1));
        assertEquals(List.of("bytes=400000-", ""), server.asked);
    }

    @Test
    void aWrongHashIsThrownAway() throws IOException {
        server.content = random(300_000, 2);
        failsWith(weights("/file", content.length), DISK, "SHA-256 " + sha256(server.content), sha256(content), "thrown away");
        assertEquals(List.of("net.pt.lock"), names());
    }

    @Test
    void aWrongSizeIsNoticedBeforeItComes() throws IOException {
        failsWith(weights("/file", 12345), DISK, "300000 bytes", "12345", "another file");
        assertEquals(List.of("net.pt.lock"), names());
    }

    @Test
    void aFileDamagedInTheCacheIsFetchedAgain() throws IOException {
        Files.createDirectories(target().getParent());
        Files.write(target(), new byte[10]);
        fetched(weights("/file", -1));
    }

    @Test
    void aFullDiskIsSaid() throws IOException {
        Download.Disk full = f -> new FilterOutputStream(DISK.append(f)) {
            private int left = 100_000;

            @Override
            public void write(byte[] b, int from, int n) throws IOException {
                out.write(b, from, Math.min(left, n));
                left -= Math.min(left, n);
                if (left == 0) {
                    throw new IOException("No space left on device");
                }
            }
        };
        failsWith(weights("/file", -1), full, "net.pt", "No space left on device", "kept");
        assertEquals(List.of(""), server.asked, "a full disk doesn't pass by asking again");
        server.asked.clear();
        fetched(weights("/file", -1));
        assertEquals(List.of("bytes=100000-"), server.asked);
    }

    @Test
    void refusalsAreSaidAtOnce() {
        server.statuses.add(404);
        failsWith(weights("/file", -1), DISK, "404 (not found)", "--mirror");
        assertEquals(1, server.asked.size());
    }

    @Test
    void overloadPasses() throws IOException {
        server.statuses.addAll(List.of(503, 500, 429));
        fetched(weights("/file", -1));
    }

    @Test
    void overloadThatStaysIsSaid() {
        server.statuses.addAll(List.of(503, 503, 503, 503, 503));
        failsWith(weights("/file", -1), DISK, "answered 503");
        assertEquals(5, server.asked.size());
    }

    @Test
    void nobodyThereIsSaidAtOnce() {
        PublishedWeights w = weights("/file", -1);
        server.close();
        failsWith(w, DISK, "no connection to that address");
    }

    @Test
    void silenceIsNotWaitedForEndlessly() {
        server.hangs = true;
        Download d = new Download(weights("/file", -1), target(), (done, total) -> {}, DISK, Duration.ofMillis(1),
                Duration.ofMillis(300));
        // Halves keep coming, until there is only one byte, of which half is none.
        BadFileException e = assertThrows(BadFileException.class, d::fetch);
        assertTrue(e.getMessage().contains("299999 bytes have arrived"), e.getMessage());
    }

    @Test
    void fetchedByManyAtOnceItComesOnce() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Path>> same = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                same.add(() -> fetch(weights("/file", -1), DISK));
            }
            for (Future<Path> f : threads.invokeAll(same)) {
                assertArrayEquals(content, Files.readAllBytes(f.get()));
            }
        }
        assertEquals(1, server.asked.size());
    }

    @Test
    void progressEndsAtTheWhole() {
        server.cuts.add(100_000);
        List<Long> done = new ArrayList<>();
        new Download(weights("/file", -1), target(), (n, total) -> {
            assertEquals(content.length, total);
            done.add(n);
        }, DISK, Duration.ofMillis(1), Duration.ofSeconds(20)).fetch();
        assertEquals(content.length, done.getLast());
        assertEquals(done.stream().sorted().toList(), done);
    }

    @Test
    void theCacheIsWhereItShouldBe() {
        assertEquals(Path.of("/x/kerf/weights"), WeightsCache.of(Map.of("XDG_CACHE_HOME", "/x"), "/home/u").directory());
        assertEquals(Path.of("/home/u/.cache/kerf/weights"), WeightsCache.of(Map.of(), "/home/u").directory());
        assertEquals(Path.of("/home/u/.cache/kerf/weights"),
                WeightsCache.of(Map.of("XDG_CACHE_HOME", "relative"), "/home/u").directory());
    }

    @Test
    void namesBecomeFilesOnceFetched() throws IOException {
        WeightsCache cache = new WeightsCache(directory);
        BadInputException e = assertThrows(BadInputException.class, () -> cache.resolve("sam2.1-tiny"));
        assertTrue(e.getMessage().contains("kerf weights fetch sam2.1-tiny"), e.getMessage());
        Path file = Files.write(directory.resolve("sam2.1_hiera_tiny.pt"), new byte[1]);
        assertEquals(file, cache.resolve("sam2.1-tiny"));
        assertEquals(Path.of("some.pt"), cache.resolve("some.pt"));
    }

    /** torchvision's files have the first digits of their SHA-256 in their names. */
    @Test
    void theListIsSound() {
        assertEquals(PublishedWeights.all().size(),
                PublishedWeights.all().stream().map(PublishedWeights::file).distinct().count());
        for (PublishedWeights w : PublishedWeights.all()) {
            assertEquals(w, PublishedWeights.find(w.name()).orElseThrow());
            assertTrue(w.sha256().matches("[0-9a-f]{64}"), w.name());
            assertEquals("https", w.source().getScheme());
            if (w.source().getHost().equals("download.pytorch.org")) {
                assertTrue(w.file().endsWith("-" + w.sha256().substring(0, 8) + ".pth"), w.file());
            }
        }
        for (String bad : List.of("ftp://x/y", "file:///etc/passwd", "no address", "https:///x")) {
            assertThrows(BadInputException.class, () -> PublishedWeights.all().getFirst().from(bad), bad);
        }
        assertThrows(BadInputException.class, () -> PublishedWeights.all().getFirst().checkedBy("abc"));
    }
}
