package dev.kerf.tune.device;

import dev.kerf.backend.gpu.TunedParameters;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A file of tuned parameters, as {@code TunedParameters} reads it. */
public final class TunedFile {
    private TunedFile() {}

    /**
     * Puts a set first among a kernel's entries, in place of one for the same sizes. The set must have passed its parity test: who
     * calls this says so by a trial that counts. For other sizes nothing changes: what no entry of a file is for is looked up in the
     * files after it.
     *
     * @param file   made if it isn't there
     * @param also   what must hold besides the sizes; empty for nothing
     * @param source where the set comes from: {@link TunedParameters#MEASURED}, or what predicted it
     */
    public static void accept(Path file, Problem problem, Map<String, Json> configuration, String also, String source) {
        Json all = Files.exists(file) ? Json.read(file) : Json.object();
        Json parameters = Json.object();
        configuration.forEach(parameters::put);
        String when = Stream.of(problem.when(), also).filter(c -> !c.isEmpty()).collect(Collectors.joining(" && "));
        Json entry = Json.object();
        if (!when.isEmpty()) {
            entry.put("when", when);
        }
        Json entries = Json.array().add(entry.put("parameters", parameters).put("source", source));
        all.find(problem.variant()).ifPresent(before -> before.items().stream()
                .filter(e -> !e.find("when").map(Json::asString).orElse("").equals(when)).forEach(entries::add));
        Json written = Json.object();
        all.members().forEach((kernel, list) -> written.put(kernel, kernel.equals(problem.variant()) ? entries : list));
        if (all.find(problem.variant()).isEmpty()) {
            written.put(problem.variant(), entries);
        }
        AtomicFile.write(file, (written.pretty() + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
