package dev.kerf.cli.fetch;

import dev.kerf.cli.option.PathConverter;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where fetched weights lie: {@code $XDG_CACHE_HOME/kerf/weights}, or {@code ~/.cache/kerf/weights}; the system property
 * {@value #DIRECTORY} names another directory.
 *
 * <pre>{@code
 * WeightsCache cache = WeightsCache.ofUser();
 * Path file = cache.fetch(PublishedWeights.find("sam2.1-tiny").orElseThrow(), (done, total) -> { });
 * Weights weights = Weights.open(file);
 * }</pre>
 *
 * @param directory made when something is fetched
 */
public record WeightsCache(Path directory) {
    /** System property: the directory of {@link #ofUser}. */
    public static final String DIRECTORY = "kerf.weights.cache";

    /** The cache of whoever runs this. */
    public static WeightsCache ofUser() {
        String given = System.getProperty(DIRECTORY);
        return given != null ? new WeightsCache(Path.of(given)) : of(System.getenv(), System.getProperty("user.home"));
    }

    /** Relative values of XDG_CACHE_HOME don't count, as the XDG Base Directory Specification has it. */
    static WeightsCache of(Map<String, String> environment, String home) {
        String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path base = !xdg.isEmpty() && Path.of(xdg).isAbsolute() ? Path.of(xdg) : Path.of(home, ".cache");
        return new WeightsCache(base.resolve("kerf").resolve("weights"));
    }

    /** Where the file of these weights is or will be. */
    public Path path(PublishedWeights weights) {
        String file = PublishedWeights.find(weights.name()).orElse(weights).file();
        return directory.resolve(file);
    }

    /** The file of these weights, if it has been fetched. */
    public Optional<Path> find(PublishedWeights weights) {
        return Optional.of(path(weights)).filter(Files::isRegularFile);
    }

    /**
     * The file that a user means: one that is there, or the name of fetched weights.
     *
     * @throws BadInputException if it is the name of weights that haven't been fetched; the message says how to
     */
    public Path resolve(String fileOrName) {
        Path file = PathConverter.path(fileOrName);
        Optional<PublishedWeights> published = PublishedWeights.find(fileOrName);
        if (published.isEmpty() || Files.exists(file)) {
            return file;
        }
        return find(published.get()).orElseThrow(() -> new BadInputException(fileOrName
                + ": these weights haven't been fetched yet; do that once with: kerf weights fetch " + fileOrName));
    }

    /**
     * Fetches weights unless they are there, and checks their SHA-256. What an attempt that was cut off left is gone on with.
     * Several processes and threads may do this at once: one fetches, the others wait for it.
     *
     * @return the file, complete and checked
     * @throws BadFileException if it can't be fetched or written, or is not what it should be
     */
    public Path fetch(PublishedWeights weights, Download.Listener listener) {
        return new Download(weights, path(weights), listener).fetch();
    }
}
