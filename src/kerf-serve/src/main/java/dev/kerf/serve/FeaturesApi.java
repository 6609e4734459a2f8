package dev.kerf.serve;

import dev.kerf.backend.Limit;
import dev.kerf.error.BadFileException;
import dev.kerf.file.AtomicFile;
import dev.kerf.serve.look.Pointer;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Semaphore;

/**
 * What looking at a picture gave, as a safetensors file: given out, and taken in again in place of looking. Such a file says which weights
 * it is of, by their SHA-256, and which picture; others aren't taken.
 */
final class FeaturesApi {
    private static final String TYPE = "application/octet-stream";
    /** Files that are in memory at once. */
    private static final int AT_ONCE = 2;

    private final ServeOptions options;
    private final Networks networks;
    private final Pointer pointer;
    private final ImageStore store;
    private final WorkQueue queue;
    private final Semaphore room = new Semaphore(AT_ONCE);
    private String hash;

    FeaturesApi(ServeOptions options, Networks networks, Pointer pointer, ImageStore store, WorkQueue queue) {
        this.options = options;
        this.networks = networks;
        this.pointer = pointer;
        this.store = store;
        this.queue = queue;
    }

    List<Route> routes() {
        return List.of(new Route("GET", "/api/images/{id}/features", this::get),
                new Route("PUT", "/api/images/{id}/features", this::put));
    }

    /** Of every tensor of the weights, with its name, type and shape; reading them takes a moment, once. */
    private synchronized String hash() {
        if (hash == null) {
            Weights weights = networks.weights().orElseThrow(() -> new Refusal(404,
                    "features are kept of SAM alone, and by a server that knows its weights"));
            try {
                MessageDigest sha = MessageDigest.getInstance("SHA-256");
                OutputStream digest = new DigestOutputStream(OutputStream.nullOutputStream(), sha);
                for (String name : weights.names().stream().sorted().toList()) {
                    HostTensor t = weights.tensor(name);
                    sha.update((name + " " + t.dtype() + " " + t.shape() + "\n").getBytes(StandardCharsets.UTF_8));
                    AtomicFile.copy(t.data(), digest);
                }
                hash = HexFormat.of().formatHex(sha.digest());
            } catch (NoSuchAlgorithmException | IOException e) {
                throw new IllegalStateException(e);
            }
        }
        return hash;
    }

    private Map<String, String> description(Original o) {
        return Map.of("weights", hash(), "network", pointer.name(), "picture", o.id(), "size", o.width() + "x" + o.height());
    }

    private void get(Call call) throws IOException {
        Original o = store.original(call.path("id"));
        Map<String, String> says = description(o);
        Map<String, HostTensor> features = queue.call(Limit.within(options.limits().task()),
                () -> store.use(o.id(), held -> store.look(held).features()));
        Files.createDirectories(options.work());
        Path file = options.work().resolve(".features-" + UUID.randomUUID());
        try {
            Safetensors.write(file, features, says);
            try (InputStream in = Files.newInputStream(file)) {
                call.answer(200, TYPE, in, Files.size(file));
            }
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private void put(Call call) throws IOException {
        Original o = store.original(call.path("id"));
        Map<String, String> wanted = description(o);
        long most = options.limits().uploadBytes();
        if (!room.tryAcquire()) {
            throw new Refusal(429, "too many files are being sent", 1);
        }
        try {
            byte[] bytes = call.body(most).readNBytes((int) Math.min(most + 1, Integer.MAX_VALUE - 16));
            if (bytes.length > most) {
                throw new Refusal(413, "more than " + most + " bytes");
            }
            try (Safetensors file = Safetensors.of(bytes, "the file")) {
                wanted.forEach((name, value) -> {
                    String said = file.metadata().getOrDefault(name, "nothing");
                    if (!said.equals(value)) {
                        throw new Refusal(409, "these features are of other " + name + ": " + said + ", here it is " + value);
                    }
                });
                Map<String, HostTensor> features = new LinkedHashMap<>();
                file.names().forEach(n -> features.put(n, file.tensor(n)));
                queue.call(Limit.within(options.limits().answer()), () -> store.use(o.id(), held -> {
                    held.restore(pointer, features);
                    return true;
                }));
            } catch (BadFileException e) {
                throw new Refusal(422, e.getMessage());
            }
        } finally {
            room.release();
        }
        call.answer(204, TYPE, new byte[0]);
    }
}
