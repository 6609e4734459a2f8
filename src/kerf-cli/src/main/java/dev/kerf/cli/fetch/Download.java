package dev.kerf.cli.fetch;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Fetches one file by HTTP. It grows as {@code FILE.part}; {@code FILE.part.json} says what it is a part of, so that a later
 * attempt asks for the rest only (Range and If-Range, RFC 9110, sections 14.2 and 13.1.5). When it is complete and has the
 * right SHA-256 it takes its name. {@code FILE.lock} keeps others from fetching the same at the same time.
 */
public final class Download {
    /** Told how far it has come. */
    @FunctionalInterface
    public interface Listener {
        /**
         * Some bytes more are there.
         *
         * @param done  bytes that are there, those of earlier attempts included
         * @param total bytes of the file, or -1 while nobody knows
         */
        void progress(long done, long total);
    }

    /** How a part is written to. */
    @FunctionalInterface
    interface Disk {
        OutputStream append(Path file) throws IOException;
    }

    private static final int ATTEMPTS = 5;
    private static final int REQUESTS = 1000;
    /** Of a file whose size nobody tells. */
    private static final long MOST_BYTES = 16L << 30;
    private static final Duration CONNECT = Duration.ofSeconds(30);
    private static final Map<Path, Object> BUSY = new ConcurrentHashMap<>();

    private final PublishedWeights weights;
    private final Path target;
    private final Path part;
    private final Listener listener;
    private final Disk disk;
    private final Duration pause;
    private final Duration stall;
    /** Whether the last answer went on from a part. */
    private boolean continued;

    Download(PublishedWeights weights, Path target, Listener listener) {
        this(weights, target, listener, f -> Files.newOutputStream(f, StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                Duration.ofSeconds(1), Duration.ofSeconds(60));
    }

    /**
     * @param disk  how to write
     * @param pause before another attempt; each is twice as long as the one before
     * @param stall how long to wait for the next byte
     */
    Download(PublishedWeights weights, Path target, Listener listener, Disk disk, Duration pause, Duration stall) {
        this.weights = weights;
        this.target = target.toAbsolutePath().normalize();
        this.part = this.target.resolveSibling(this.target.getFileName() + ".part");
        this.listener = listener;
        this.disk = disk;
        this.pause = pause;
        this.stall = stall;
    }

    /** Fetches the file unless it is there; the path of the complete file. */
    Path fetch() {
        try {
            Files.createDirectories(target.getParent());
            // File locks are the process's: its threads wait for each other here.
            synchronized (BUSY.computeIfAbsent(target, _ -> new Object())) {
                Path lock = target.resolveSibling(target.getFileName() + ".lock");
                try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                        FileLock _ = channel.lock()) {
                    if (!Files.isRegularFile(target) || !sha256(target).equals(weights.sha256())) {
                        fetchPart();
                        check();
                        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                        PartRecord.delete(part);
                    }
                }
            }
            return target;
        } catch (IOException e) {
            throw new BadFileException(target + ": can't be written: " + reason(e)
                    + "; what has arrived is kept, so that the same command goes on from there", e);
        }
    }

    /** Asks until the part is complete, as long as trouble may pass. */
    private void fetchPart() throws IOException {
        IOException trouble = null;
        long reached = 0;
        try (HttpClient client = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL)
                .connectTimeout(CONNECT).build()) {
            for (int requests = 0, idle = 0; requests < REQUESTS && idle < ATTEMPTS; requests++) {
                continued = false;
                try {
                    if (ask(client)) {
                        return;
                    }
                    trouble = new IOException("the server keeps ending too early");
                } catch (Interruption e) {
                    trouble = e.cause;
                    if (trouble instanceof ConnectException && requests == 0) {
                        // A wrong address or no network at all: another attempt won't help.
                        break;
                    }
                }
                // What gets further than ever by going on may do so for long; what begins anew may not.
                idle = continued && size() > reached ? 1 : idle + 1;
                reached = Math.max(reached, size());
                if (idle < ATTEMPTS) {
                    rest(idle);
                }
            }
        }
        throw new BadFileException(weights.source() + ": can't be fetched: " + reason(trouble)
                + (size() == 0
                        ? ""
                        : "; " + size()
                                + " bytes have arrived and are kept, so that the same command goes on from there"),
                trouble);
    }

    /** Trouble with the connection, which may pass, rather than with the disk. */
    private static final class Interruption extends Exception {
        private static final long serialVersionUID = 1L;
        private final IOException cause;

        Interruption(IOException cause) {
            super(cause);
            this.cause = cause;
        }
    }

    private void rest(int attempts) {
        try {
            Thread.sleep(pause.multipliedBy(1L << attempts - 1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BadFileException(weights.source() + ": interrupted while it was fetched", e);
        }
    }

    /** One request; whether the part is complete now. */
    private boolean ask(HttpClient client) throws IOException, Interruption {
        PartRecord record = PartRecord.read(part);
        long have = size();
        if (have > 0 && (record == null || !record.continues(weights))) {
            Files.delete(part);
            have = 0;
        }
        if (have > 0 && have == record.bytes()) {
            return true;
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(weights.source()).header("User-Agent", "kerf")
                .header("Accept-Encoding", "identity").timeout(stall);
        if (have > 0) {
            request.header("Range", "bytes=" + have + "-").header("If-Range", record.validator());
        }
        HttpResponse<InputStream> response = send(client, request.build());
        try (InputStream body = response.body()) {
            return take(response, body, have);
        }
    }

    private HttpResponse<InputStream> send(HttpClient client, HttpRequest request) throws Interruption {
        try {
            return client.send(request, answer -> new BodyStream());
        } catch (IOException e) {
            throw new Interruption(e);
        } catch (IllegalArgumentException e) {
            // So the client says that an answer's head is malformed, such as the address that it redirects to.
            throw new Interruption(new IOException("the server's answer can't be understood: " + e.getMessage(), e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BadFileException(weights.source() + ": interrupted while it was fetched", e);
        }
    }

    private boolean take(HttpResponse<InputStream> response, InputStream body, long have) throws IOException, Interruption {
        Answer answer;
        try {
            answer = Answer.of(response);
        } catch (IOException e) {
            throw new Interruption(e);
        }
        int status = answer.status();
        if (status == 416 || status == 206 && answer.start() != have) {
            // The part doesn't fit the server's file: from the beginning.
            discard();
            throw new Interruption(new IOException("the server doesn't send the part that it is asked for"));
        } else if (answer.isOverload()) {
            throw new Interruption(new IOException("the server answered " + status));
        } else if (status != 200 && status != 206) {
            throw new BadFileException(weights.source() + ": can't be fetched: the server answered " + status
                    + answer.reason() + "; give another address with --url or --mirror");
        }
        continued = have > 0 && status == 206;
        if (status == 200) {
            // A server that knows no ranges, or has another file by now, sends all of it.
            discard();
        }
        long total = answer.total() < 0 ? weights.bytes() : answer.total();
        if (weights.bytes() >= 0 && total != weights.bytes()) {
            throw new BadFileException(weights.source() + ": is " + total + " bytes long, " + weights.name() + " "
                    + weights.bytes() + ": it is another file");
        }
        new PartRecord(response, weights.source(), total).write(part);
        checkSpace(total - answer.start());
        copy(body, answer.start(), total);
        return total < 0 || size() == total;
    }

    private void discard() throws IOException {
        Files.deleteIfExists(part);
        PartRecord.delete(part);
    }

    private void checkSpace(long bytes) throws IOException {
        long free = Files.getFileStore(target.getParent()).getUsableSpace();
        if (bytes > free) {
            throw new BadFileException(target + ": " + bytes + " more bytes are needed, " + free + " are free in "
                    + target.getParent() + "; make room, or set XDG_CACHE_HOME to a directory elsewhere");
        }
    }

    private void copy(InputStream body, long start, long total) throws IOException, Interruption {
        long done = start;
        try (OutputStream out = disk.append(part); Watch watch = new Watch(body, stall)) {
            listener.progress(done, total);
            byte[] buffer = new byte[1 << 16];
            while (true) {
                int n;
                try {
                    n = body.read(buffer);
                } catch (IOException e) {
                    throw new Interruption(new IOException(watch.barked()
                            ? "nothing came for " + stall.toSeconds() + " s"
                            : "the connection broke off (" + reason(e) + ")", e));
                }
                if (n < 0) {
                    return;
                }
                watch.feed();
                if (n > (total < 0 ? MOST_BYTES : total) - done) {
                    discard();
                    throw new BadFileException(weights.source() + ": sends more than "
                            + (total < 0 ? MOST_BYTES + " bytes, the most" : "the " + total + " bytes") + " that "
                            + weights.name() + " may have; it was thrown away");
                }
                out.write(buffer, 0, n);
                done += n;
                listener.progress(done, total);
            }
        }
    }

    private void check() throws IOException {
        String actual = sha256(part);
        if (!actual.equals(weights.sha256())) {
            discard();
            throw new BadFileException(weights.source() + ": what came has SHA-256 " + actual + ", " + weights.name() + " "
                    + weights.sha256() + "; it was thrown away");
        }
    }

    private long size() throws IOException {
        return Files.exists(part) ? Files.size(part) : 0;
    }

    /** Of a file's content, in hexadecimal. */
    static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }

    private static String reason(IOException e) {
        if (e instanceof ConnectException) {
            return "there is no connection to that address" + (e.getMessage() == null ? "" : " (" + e.getMessage() + ")");
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}
