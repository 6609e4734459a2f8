package dev.kerf.cli.fetch;

import dev.kerf.error.BadFileException;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * What a part of a file is a part of.
 *
 * @param source    where it comes from
 * @param validator an entity tag or date by which the server knows whether its file is still the same; empty where it gave none
 * @param bytes     of the whole file, or -1
 */
record PartRecord(String source, String validator, long bytes) {
    private static final Pattern VALIDATOR = Pattern.compile("[ -~]{1,1000}");

    PartRecord(HttpResponse<?> response, URI source, long bytes) {
        this(source.toString(), validator(response), bytes);
    }

    /** If-Range takes no weak tags; a date is as good as the server's clock. What isn't plain text is none of the two. */
    private static String validator(HttpResponse<?> response) {
        String tag = response.headers().firstValue("ETag").orElse("");
        String text = tag.startsWith("\"") ? tag : response.headers().firstValue("Last-Modified").orElse("");
        return VALIDATOR.matcher(text).matches() ? text : "";
    }

    /** Whether a part can be gone on with. */
    boolean continues(PublishedWeights weights) {
        return source.equals(weights.source().toString()) && VALIDATOR.matcher(validator).matches()
                && (bytes < 0 || weights.bytes() < 0 || bytes == weights.bytes());
    }

    private static Path of(Path part) {
        return part.resolveSibling(part.getFileName() + ".json");
    }

    void write(Path part) {
        AtomicFile.write(of(part), Json.object().put("source", source).put("validator", validator).put("bytes", bytes)
                .toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Null if there is none that makes sense: then the part is of no use. */
    static PartRecord read(Path part) {
        try {
            Json json = Json.read(of(part));
            return new PartRecord(json.at("source").asString(), json.at("validator").asString(), json.at("bytes").asLong());
        } catch (BadFileException e) {
            return null;
        }
    }

    static void delete(Path part) throws IOException {
        Files.deleteIfExists(of(part));
    }
}
