package dev.kerf.cli.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers that are broken or mean harm: bounded requests and bytes, an error that says what was wrong, no file. */
class HostileServerTest {
    private static final int SIZE = 300_000;
    private static final int FIRST = 60_000;

    @TempDir
    private Path directory;

    private final byte[] content = new byte[SIZE];
    private String sha256;

    @BeforeEach
    void draw() throws Exception {
        new Random(1).nextBytes(content);
        sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }

    private Path target() {
        return directory.resolve("cache").resolve("net.pt");
    }

    private Path fetch(String address, long bytes) {
        PublishedWeights w = new PublishedWeights("net", "a network", URI.create(address), bytes, sha256, "free");
        return new Download(w, target(), (done, total) -> {}, f -> Files.newOutputStream(f, StandardOpenOption.CREATE,
                StandardOpenOption.APPEND), Duration.ofMillis(1), Duration.ofSeconds(20)).fetch();
    }

    private void fails(String address, long bytes, String... texts) {
        BadFileException e = assertThrows(BadFileException.class, () -> fetch(address, bytes));
        for (String text : texts) {
            assertTrue(e.getMessage().contains(text), () -> "expected '" + text + "' in: " + e.getMessage());
        }
        assertFalse(Files.exists(target()));
    }

    /** Fails, whether or not the size is known, after so many requests at most; the client itself repeats some of them once. */
    private void alwaysFails(RawServer.Answer answer, int requests, String... texts) {
        for (long known : new long[] {-1, SIZE}) {
            try (RawServer server = new RawServer(answer)) {
                fails(server.address("/net.pt"), known, texts);
                assertTrue(server.asked.size() <= requests, () -> server.asked.size() + " requests: " + server.asked);
            }
        }
    }

    private List<String> left() throws IOException {
        try (Stream<Path> files = Files.list(target().getParent())) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    private static String ok(Object length) {
        return "HTTP/1.1 200 OK\nETag: \"e1\"\nContent-Length: " + length;
    }

    private byte[] from(int start) {
        return Arrays.copyOfRange(content, start, SIZE);
    }

    @Test
    void aBodyWithoutEndIsStoppedAtTheKnownSize() throws IOException {
        AtomicLong sent = new AtomicLong();
        byte[] chunk = new byte[1 << 16];
        RawServer.Answer endless = (out, path, range) -> {
            RawServer.head(out, "HTTP/1.1 200 OK\nETag: \"e1\"\nTransfer-Encoding: chunked");
            while (sent.addAndGet(chunk.length) < 1L << 30) {
                out.write("10000\r\n".getBytes());
                out.write(chunk);
                out.write("\r\n".getBytes());
            }
        };
        try (RawServer server = new RawServer(endless)) {
            fails(server.address("/net.pt"), SIZE, "sends more than the 300000 bytes", "thrown away");
            assertEquals(List.of(""), server.asked);
        }
        assertEquals(List.of("net.pt.lock"), left());
        assertTrue(sent.get() < 64L << 20, () -> sent + " bytes were taken");
    }

    @Test
    void aWrongRangeIsNotAskedForEndlessly() {
        for (String range : List.of("bytes 0-5/300000", "bytes 60001-299999/300000", "bytes 60000-59999/300000",
                "bytes 60000-299999/60000", "bytes 999999999999999999999-1/2", "pages 1-2/3", "")) {
            alwaysFails((out, path, asked) -> {
                RawServer.head(out, asked.isEmpty()
                        ? ok(SIZE)
                        : "HTTP/1.1 206 Partial\nContent-Range: " + range + "\nContent-Length: " + (SIZE - FIRST));
                out.write(asked.isEmpty() ? Arrays.copyOf(content, FIRST) : from(FIRST));
            }, 5, "the connection broke off");
        }
    }

    @Test
    void aPartThatNobodyAskedForIsTakenIfItIsTheWhole() throws IOException {
        try (RawServer server = new RawServer(RawServer.fixed(
                "HTTP/1.1 206 Partial\nContent-Range: bytes 0-299999/300000\nContent-Length: 300000", content))) {
            assertArrayEquals(content, Files.readAllBytes(fetch(server.address("/net.pt"), SIZE)));
        }
        Files.delete(target());
        alwaysFails(RawServer.fixed("HTTP/1.1 206 Partial\nContent-Range: bytes 5-299999/300000\nContent-Length: 299995",
                from(5)), 5, "doesn't send the part");
    }

    @Test
    void partsMayBeShorterThanAskedFor() throws IOException {
        RawServer.Answer pieces = (out, path, range) -> {
            int start = range.isEmpty() ? 0 : Integer.parseInt(range.substring(6, range.length() - 1));
            int end = Math.min(start + 70_000, SIZE);
            RawServer.head(out,
                    "HTTP/1.1 206 Partial\nETag: \"e1\"\nContent-Range: bytes " + start + "-" + (end - 1) + "/300000"
                            + "\nContent-Length: " + (end - start));
            out.write(content, start, end - start);
        };
        try (RawServer server = new RawServer(pieces)) {
            assertArrayEquals(content, Files.readAllBytes(fetch(server.address("/net.pt"), SIZE)));
            assertEquals(List.of("", "bytes=70000-", "bytes=140000-", "bytes=210000-", "bytes=280000-"), server.asked);
        }
    }

    @Test
    void wrongBytesInARightRangeAreThrownAway() throws IOException {
        RawServer.Answer corrupt = (out, path, range) -> {
            RawServer.head(out, range.isEmpty()
                    ? ok(SIZE)
                    : "HTTP/1.1 206 Partial\nETag: \"e1\"\nContent-Range: bytes 60000-299999/300000\nContent-Length: 240000");
            out.write(range.isEmpty() ? Arrays.copyOf(content, FIRST) : new byte[SIZE - FIRST]);
        };
        alwaysFails(corrupt, 2, "SHA-256", "thrown away");
        assertEquals(List.of("net.pt.lock"), left());
    }

    @Test
    void beginningAnewForEverIsNoProgress() {
        AtomicLong times = new AtomicLong();
        alwaysFails((out, path, range) -> {
            RawServer.head(out, ok(SIZE));
            out.write(content, 0, FIRST + (int) times.incrementAndGet() * 10);
        }, 5, "bytes have arrived and are kept");
    }

    @Test
    void aFileThatKeepsChangingIsGivenUp() {
        AtomicLong times = new AtomicLong();
        alwaysFails((out, path, range) -> {
            RawServer.head(out, ok(SIZE).replace("e1", "e" + times.incrementAndGet()));
            out.write(content, 0, FIRST);
        }, 5, "bytes have arrived");
    }

    @Test
    void aShortBodyThatEndsWellIsAskedForAgain() {
        try (RawServer server = new RawServer((out, path, range) -> {
            RawServer.head(out, "HTTP/1.1 200 OK\nTransfer-Encoding: chunked");
            out.write("5\r\nhello\r\n0\r\n\r\n".getBytes());
        })) {
            fails(server.address("/net.pt"), SIZE, "keeps ending too early");
            assertEquals(5, server.asked.size());
        }
    }

    @Test
    void aLengthThatIsNoneIsSaid() {
        for (String length : List.of("abc", "-5", "1e9", "99999999999999999999", "300000, 300000", "0x10", "३")) {
            alwaysFails(RawServer.fixed(ok(length), content), 5, "can't be fetched");
        }
        alwaysFails(RawServer.fixed(ok(Long.MAX_VALUE), content), 5);
    }

    @Test
    void aLengthBeyondTheDiskIsRefused() {
        try (RawServer server = new RawServer(RawServer.fixed(ok(Long.MAX_VALUE / 10), content))) {
            fails(server.address("/net.pt"), -1, "922337203685477580 more bytes are needed", "are free");
            fails(server.address("/net.pt"), SIZE, "it is another file");
        }
    }

    @Test
    void nonsenseInPlaceOfAnAnswerIsSaid() {
        for (String head : List.of("\0\1\2 garbage", "HTTP/1.1 abc OK", "HTTP/9.9 200 OK\nContent-Length: 5", "HTTP/1.1 200",
                "HTTP/1.1 200 OK\nno header at all", "HTTP/1.1 200 OK\nA b: c", "HTTP/1.1 99999 ?\nContent-Length: 1")) {
            alwaysFails(RawServer.fixed(head, new byte[0]), 10);
        }
        alwaysFails((out, path, range) -> {}, 10, "can't be fetched");
    }

    @Test
    void redirectsEndSomewhere() {
        for (String to : List.of("/net.pt", "file:///etc/passwd", "ftp://localhost/net.pt", "http://[bad", "http:///x",
                "http://localhost:99999/x", "\t", "mailto:x@y", "http://a b/c", "%zz", "//")) {
            alwaysFails(RawServer.fixed("HTTP/1.1 302 Found\nLocation: " + to + "\nContent-Length: 0", new byte[0]), 40,
                    "can't be fetched");
        }
        alwaysFails(RawServer.fixed("HTTP/1.1 302 Found\nContent-Length: 0", new byte[0]), 5, "can't be fetched");
        alwaysFails((out, path, range) -> RawServer.head(out, "HTTP/1.1 307 There\nContent-Length: 0\nLocation: "
                + (path.equals("/net.pt") ? "/other" : "/net.pt")), 40, "redirection in circles");
    }

    @Test
    void whatIsPackedIsRefused() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(content);
        }
        alwaysFails(RawServer.fixed(ok(packed.size()) + "\nContent-Encoding: gzip", packed.toByteArray()), 5,
                "Content-Encoding: gzip");
    }

    @Test
    void aTagThatIsNoTextIsNotSentBack() throws IOException {
        for (String tag : List.of("\"a\u0001b\"", "\"ä\"", "\"" + "e".repeat(100_000) + "\"", "W/\"weak\"")) {
            AtomicLong times = new AtomicLong();
            RawServer.Answer cut = (out, path, range) -> {
                RawServer.head(out, ok(SIZE).replace("\"e1\"", tag));
                out.write(content, 0, times.incrementAndGet() < 3 ? FIRST : SIZE);
            };
            try (RawServer server = new RawServer(cut)) {
                assertArrayEquals(content, Files.readAllBytes(fetch(server.address("/net.pt"), SIZE)), tag);
                assertEquals(List.of("", "", ""), server.conditions, "such a tag says nothing of the part");
            } catch (BadFileException e) {
                // The client refuses control characters in a header by itself.
                assertTrue(tag.contains("\u0001"), e.getMessage());
            }
            Files.deleteIfExists(target());
        }
    }

    @Test
    void aDamagedRecordOfAPartIsNone() throws IOException {
        Files.createDirectories(target().getParent());
        try (RawServer server = new RawServer(RawServer.fixed(ok(SIZE), content))) {
            String source = "\"source\": \"" + server.address("/net.pt") + "\"";
            for (String record : List.of("", "[]", "{}", "null", "{" + source + "}",
                    "{" + source + ", \"validator\": 5, \"bytes\": 300000}",
                    "{" + source + ", \"validator\": \"\\\"e\\r\\nX: y\\\"\", \"bytes\": 300000}",
                    "{" + source + ", \"validator\": \"\\u0000\", \"bytes\": 300000}",
                    "{" + source + ", \"validator\": \"\\\"e1\\\"\", \"bytes\": 1e99}",
                    "{" + source + ", \"validator\": \"\\\"e1\\\"\", \"bytes\": 500}",
                    "{\"source\": \"::\", \"validator\": \"\\\"e1\\\"\", \"bytes\": 300000}")) {
                server.asked.clear();
                Files.write(target().resolveSibling("net.pt.part"), new byte[500]);
                Files.writeString(target().resolveSibling("net.pt.part.json"), record);
                assertArrayEquals(content, Files.readAllBytes(fetch(server.address("/net.pt"), SIZE)), record);
                assertEquals(List.of(""), server.asked, record);
                Files.delete(target());
            }
        }
    }

    @Test
    void anAddressThatIsNoneIsSaid() {
        PublishedWeights any = PublishedWeights.all().getFirst();
        for (String address : List.of("http://host:99999/x", "http://host:x/y", "http://[::1", "http://a_b/x", "http:x",
                "http://", "http:///x", "", " ", "https://h/%zz", "http://ho st/", "HTTP", "ssh://h/x", "//h/x", "\0")) {
            BadInputException e = assertThrows(BadInputException.class, () -> any.from(address), address);
            assertTrue(e.getMessage().contains("'" + address + "'"), e.getMessage());
        }
        assertEquals("http://h/%C3%A4.pt", any.from("http://h/ä.pt").source().toString());
        assertEquals("h", any.from("HTTPS://h/x").source().getHost());
    }
}
