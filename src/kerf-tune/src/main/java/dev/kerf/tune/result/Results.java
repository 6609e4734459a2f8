package dev.kerf.tune.result;

import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import dev.kerf.tune.space.Space;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;

/**
 * The trials of a kernel for one problem size on one device.
 *
 * @param about  what they are of
 * @param trials in the order in which they were made
 */
public record Results(About about, List<Trial> trials) {
    /** The objective that is a time in seconds here, in milliseconds in files. */
    public static final String TIME = "time";
    /** The time that a model predicts, which nothing was measured for; in seconds and milliseconds likewise. */
    public static final String PREDICTED = "predicted_time";

    /**
     * What trials are of.
     *
     * @param device     its name; empty where a file doesn't say
     * @param kernel     likewise
     * @param problem    sizes by name
     * @param parameters with all values, in the order that keys have
     * @param objective  what is minimised
     * @param source     a hash of the kernel's source; empty where a file doesn't say
     */
    public record About(String device, String kernel, Map<String, Long> problem, List<Space.Parameter> parameters,
            String objective, String source) {
        /** Trials of a kernel of whatever source. */
        public About(String device, String kernel, Map<String, Long> problem, List<Space.Parameter> parameters,
                String objective) {
            this(device, kernel, problem, parameters, objective, "");
        }

        /** Copies the lists. */
        public About {
            problem = Collections.unmodifiableMap(new LinkedHashMap<>(problem));
            parameters = List.copyOf(parameters);
        }
    }

    /** Copies the list. */
    public Results {
        trials = List.copyOf(trials);
    }

    /**
     * Reads a cache of Kernel Tuner's or a T4 file, packed by gzip or not; which it is, the file says itself.
     *
     * @throws BadFileException if it is neither, or something in it is wrong
     */
    public static Results read(Path file) {
        String text;
        try {
            byte[] bytes = Files.readAllBytes(file);
            if (bytes.length > 1 && bytes[0] == 0x1f && bytes[1] == (byte) 0x8b) {
                try (GZIPInputStream unpacked = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
                    bytes = unpacked.readAllBytes();
                }
            }
            text = new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new BadFileException(file + " can't be read (" + e + ")", e);
        }
        Json json = KernelTunerCache.closed(text, file.toString());
        return json.find("cache").isPresent() ? KernelTunerCache.read(json) : T4.read(json);
    }

    /** Whether an objective is seconds here and milliseconds in files. */
    public static boolean isTime(String objective) {
        return objective.equals(TIME) || objective.equals(PREDICTED);
    }

    /** The space that these trials are all of. */
    public Space space() {
        return Space.listed(about.parameters(), trials.stream().map(Trial::configuration).toList());
    }

    /** Parameters with the values that occur, for files that don't list them. */
    static List<Space.Parameter> occurring(List<Map<String, Json>> configurations) {
        Map<String, Set<Json>> values = new LinkedHashMap<>();
        configurations.forEach(c -> c.forEach((name, v) -> values.computeIfAbsent(name, _ -> new LinkedHashSet<>()).add(v)));
        List<Space.Parameter> all = new ArrayList<>();
        values.forEach((name, of) -> all.add(new Space.Parameter(name,
                of.stream().allMatch(Json::isNumber)
                        ? of.stream().sorted(Comparator.comparingDouble(Json::asDouble)).toList()
                        : List.copyOf(of))));
        return all;
    }

    /** Whether an objective is better the larger it is, which no search here looks for. */
    static void checkMinimised(String objective, Json where) {
        if (objective.endsWith("/s") || objective.endsWith("/W") || objective.endsWith("/J")) {
            throw where.error("the objective '" + objective + "' is better the larger it is; only what is to be small, such as "
                    + "a time, can be searched for");
        }
    }
}
