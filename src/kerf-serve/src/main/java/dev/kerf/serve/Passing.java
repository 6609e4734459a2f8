package dev.kerf.serve;

import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.concurrent.Semaphore;

/** Pictures that come inside of a request, as other programs' protocols have them: the latest are kept for the next request. */
final class Passing implements AutoCloseable {
    private static final int KEPT = 16;
    /** Requests that are read at once. */
    private static final int AT_ONCE = 4;

    private final ServeOptions.Limits limits;
    private final ImageStore store;
    private final LinkedHashMap<String, Path> files = new LinkedHashMap<>(16, 0.75f, true);
    private final Semaphore room = new Semaphore(AT_ONCE);
    private Path directory;

    Passing(ServeOptions.Limits limits, ImageStore store) {
        this.limits = limits;
        this.store = store;
    }

    /** A request that may hold a picture. Throws {@link Refusal} 429 if too many are being read. */
    Json request(Call call) throws IOException {
        if (!room.tryAcquire()) {
            throw new Refusal(429, "too many pictures are being sent", 1);
        }
        try {
            return call.json(limits.uploadBytes() / 3 * 4 + limits.jsonBytes());
        } finally {
            room.release();
        }
    }

    /** Makes a picture known. Throws {@link Refusal} if it is none, or too large. */
    synchronized Original take(String base64) {
        byte[] bytes;
        try {
            bytes = Base64.getMimeDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new BadInputException("the picture isn't base 64");
        }
        try {
            String id = Original.id(new ByteArrayInputStream(bytes), OutputStream.nullOutputStream(), limits.uploadBytes());
            Path file = files.get(id);
            if (file == null) {
                directory = directory == null ? Files.createTempDirectory("kerf-serve-") : directory;
                file = directory.resolve(id);
                AtomicFile.write(file, bytes);
                files.put(id, file);
                if (files.size() > KEPT) {
                    Files.deleteIfExists(files.pollFirstEntry().getValue());
                }
            }
            Original original = Original.of(id, file, "the picture", true, limits.pixels());
            store.add(original);
            return original;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized void close() {
        try {
            for (Path file : files.values()) {
                Files.deleteIfExists(file);
            }
            if (directory != null) {
                Files.deleteIfExists(directory);
            }
        } catch (IOException e) {
            // What is left lies in the directory for temporary files.
            files.clear();
        }
    }
}
