package dev.kerf.tune.result;

import dev.kerf.json.Json;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What one configuration gave.
 *
 * @param configuration values by parameter
 * @param validity      whether it counts, and why not
 * @param objective     what is minimised; seconds where it is a time; NaN where it doesn't count
 * @param times         what it took
 * @param timestamp     when, ISO 8601; empty where nobody knows
 * @param error         what was wrong, in words; empty if nothing
 */
public record Trial(
        Map<String, Json> configuration, Validity validity, double objective, Times times, String timestamp, String error) {
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
