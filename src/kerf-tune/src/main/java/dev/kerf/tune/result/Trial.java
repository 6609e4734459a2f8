package dev.kerf.tune.result;

import dev.kerf.json.Json;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What one configuration gave.
 *
 * @param configuration values by parameter
 * @param validity      whether it counts, and why not
 * @param objective     what is minimised; seconds where it is a time; NaN where it doesn't count
 * @param times         what it took
 * @param timestamp     when, ISO 8601; empty where nobody knows
 * @param error         what was wrong, in words; empty if nothing
 * @param details       what else is known of it
 */
public record Trial(
        Map<String, Json> configuration, Validity validity, double objective, Times times, String timestamp, String error,
        Details details) {
    /** A trial of which nothing else is known. */
    public Trial(Map<String, Json> configuration, Validity validity, double objective, Times times, String timestamp,
            String error) {
        this(configuration, validity, objective, times, timestamp, error, Details.NONE);
    }

    /**
     * What is known beside times.
     *
     * @param build    of the compiled kernel, by the names of T4's {@code compilation_data}: {@code global_size} and
     *                 {@code local_size} ({@code {"x": …, "y": …, "z": …}}), {@code local_memory_size} in bytes,
     *                 {@code registers} of a thread
     * @param measures further numbers by name, such as what a model counted
     */
    public record Details(Map<String, Json> build, Map<String, Double> measures) {
        /** Nothing. */
        public static final Details NONE = new Details(Map.of(), Map.of());

        /** Copies the maps. */
        public Details {
            build = Collections.unmodifiableMap(new LinkedHashMap<>(build));
            measures = Collections.unmodifiableMap(new LinkedHashMap<>(measures));
        }

        /** As JSON of one object each; read back by {@link #of}. */
        Json builtJson() {
            Json all = Json.object();
            build.forEach(all::put);
            return all;
        }

        /** Likewise what was counted. */
        Json measuredJson() {
            Json all = Json.object();
            measures.forEach(all::put);
            return all;
        }

        /** Of two objects of JSON; what isn't there is nothing. */
        static Details of(Optional<Json> build, Optional<Json> measures) {
            Map<String, Double> numbers = new LinkedHashMap<>();
            measures.ifPresent(m -> m.members().forEach((name, value) -> numbers.put(name, value.asDouble())));
            return new Details(build.map(Json::members).orElse(Map.of()), numbers);
        }
    }

    /** Whether a configuration counts, by the names that T4 has for it. */
    public enum Validity {
        /** It compiled, ran and was right. */
        CORRECT,
        /** It took longer than allowed. */
        TIMEOUT,
        /** It didn't compile. */
        COMPILE,
        /** It didn't run to its end. */
        RUNTIME,
        /** What it computed was wrong. */
        CORRECTNESS,
        /** It breaks a constraint. */
        CONSTRAINTS;

        /** As T4 spells it. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What a trial took, in seconds.
     *
     * @param compilation  of the kernel
     * @param verification running it and holding the result to the reference
     * @param benchmark    all of the timed part
     * @param search       saying which configuration to try
     * @param framework    all the rest
     * @param runs         every timed run
     */
    public record Times(double compilation, double verification, double benchmark, double search, double framework,
            List<Double> runs) {
        /** Copies the list. */
        public Times {
            runs = List.copyOf(runs);
        }

        /** What a simulation charges: compiling, verifying and timing. */
        public double charged() {
            return compilation + verification + benchmark;
        }
    }

    /** What a search is told: the objective, infinite where the configuration doesn't count. */
    public double cost() {
        return validity == Validity.CORRECT ? objective : Double.POSITIVE_INFINITY;
    }
}
