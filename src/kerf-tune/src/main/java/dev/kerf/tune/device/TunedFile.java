package dev.kerf.tune.device;

import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A file of tuned parameters, as {@code TunedParameters} reads it. */
public final class TunedFile {
    private TunedFile() {}

    /**
     * Puts a set first among a kernel's entries, in place of one for the same sizes. The set must have passed its parity test: who
     * calls this says so by a trial that counts.
     *
     * @param file made if it isn't there
     */
    public static void accept(Path file, Problem problem, Map<String, Json> configuration) {
        Json all = Files.exists(file) ? Json.read(file) : Json.object();
        Json parameters = Json.object();
        configuration.forEach(parameters::put);
        Json entries = Json.array().add(Json.object().put("when", problem.when()).put("parameters", parameters));
        all.find(problem.variant()).ifPresent(before -> before.items().stream()
                .filter(e -> !e.find("when").map(Json::asString).orElse("").equals(problem.when())).forEach(entries::add));
        Json written = Json.object();
        all.members().forEach((kernel, list) -> written.put(kernel, kernel.equals(problem.variant()) ? entries : list));
        if (all.find(problem.variant()).isEmpty()) {
            written.put(problem.variant(), entries);
        }
        AtomicFile.write(file, (written.pretty() + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
