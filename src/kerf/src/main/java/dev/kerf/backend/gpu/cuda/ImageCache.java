package dev.kerf.backend.gpu.cuda;

import dev.kerf.error.BadFileException;
import dev.kerf.file.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * Compiled kernels on disk, so that each is compiled once for a user: {@code kerf/kernels} in {@code $XDG_CACHE_HOME}
 * (or {@code ~/.cache}), or what the system property {@code kerf.cache} names. It may be deleted at any time.
 *
 * <p>An entry is a file named for the kernel and the hash of all that its code depends on; it starts with a line that
 * holds the hash of the rest. It comes into being by a move, so that other processes see all of it or nothing; what was
 * damaged since is noticed by the hash and compiled again. Where nothing can be written, that is logged once, and
 * kernels are compiled in each process.
 */
final class ImageCache {
    private static final System.Logger LOG = System.getLogger(ImageCache.class.getName());
    private static final String HEAD = "// kerf image ";
    private static final int HASH_LENGTH = 64;

    private final Path folder;
    private final AtomicBoolean complained = new AtomicBoolean();

    ImageCache(Path folder) {
        this.folder = folder;
    }

    /** The user's cache. */
    static ImageCache ofUser() {
        return new ImageCache(folder(System.getProperties().getProperty("kerf.cache", ""), System.getenv(),
                System.getProperty("user.home")));
    }

    /**
     * Where the cache is. A relative {@code XDG_CACHE_HOME} is ignored, as the XDG Base Directory specification says.
     */
    static Path folder(String named, Map<String, String> environment, String home) {
        if (!named.isEmpty()) {
            return Path.of(named);
        }
        String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path base = !xdg.isEmpty() && Path.of(xdg).isAbsolute() ? Path.of(xdg) : Path.of(home, ".cache");
        return base.resolve("kerf").resolve("kernels");
    }

    /** The file of an entry: all that its code depends on makes its name. */
    Path file(String kernel, String type, List<String> dependencies) {
        MessageDigest sha = sha256();
        for (String d : dependencies) {
            byte[] bytes = d.getBytes(StandardCharsets.UTF_8);
            sha.update((bytes.length + "\n").getBytes(StandardCharsets.US_ASCII));
            sha.update(bytes);
        }
        return folder.resolve(kernel + "-" + HexFormat.of().formatHex(sha.digest(), 0, 16) + "." + type);
    }

    /** What a driver's compiler makes of PTX for a chip; made if it isn't kept. */
    KernelImages.Image assembled(String kernel, KernelImages.Image image, KernelImages.Chip chip,
            Supplier<byte[]> assembler) {
        Path file = assembled(kernel, image, chip);
        Optional<byte[]> kept = read(file);
        if (kept.isPresent()) {
            return new KernelImages.Image(kept.get(), file.toString());
        }
        byte[] cubin = assembler.get();
        write(file, cubin);
        return new KernelImages.Image(cubin, image.origin());
    }

    private Path assembled(String kernel, KernelImages.Image image, KernelImages.Chip chip) {
        return file(kernel, "cubin", List.of(new String(image.bytes(), StandardCharsets.ISO_8859_1), chip.architecture(),
                "driver " + chip.driver()));
    }

    /** Deletes what is kept of PTX, so that it is made again. */
    void forget(String kernel, KernelImages.Image image, KernelImages.Chip chip) {
        Path file = assembled(kernel, image, chip);
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "{0} can''t be deleted: {1}", file, e);
        }
    }

    /** What an entry holds; empty if there is none or it is damaged. */
    Optional<byte[]> read(Path file) {
        byte[] all;
        try {
            all = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "{0} can''t be read: {1}", file, e);
            return Optional.empty();
        }
        int start = HEAD.length() + HASH_LENGTH + 1;
        if (all.length > start) {
            byte[] content = Arrays.copyOfRange(all, start, all.length);
            if (new String(all, 0, start, StandardCharsets.ISO_8859_1).equals(head(content))) {
                return Optional.of(content);
            }
        }
        LOG.log(System.Logger.Level.WARNING, "{0} is damaged; the kernel is compiled again", file);
        return Optional.empty();
    }

    /** Makes or replaces an entry. */
    void write(Path file, byte[] content) {
        try {
            Files.createDirectories(folder);
            AtomicFile.write(file, out -> {
                out.write(head(content).getBytes(StandardCharsets.US_ASCII));
                out.write(content);
            });
        } catch (IOException | BadFileException e) {
            if (!complained.getAndSet(true)) {
                LOG.log(System.Logger.Level.WARNING, "compiled kernels can''t be kept in {0} ({1}); each process "
                        + "compiles them anew. Name another folder by -Dkerf.cache=FOLDER", folder, e);
            }
        }
    }

    private static String head(byte[] content) {
        return HEAD + HexFormat.of().formatHex(sha256().digest(content)) + "\n";
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
