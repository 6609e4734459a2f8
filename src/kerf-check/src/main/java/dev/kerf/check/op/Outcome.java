package dev.kerf.check.op;

import java.util.List;

/**
 * What came of a check.
 *
 * @param name     what was checked
 * @param worst    the largest error in multiples of what it may be: above 1 the check failed; 0 where nothing is measured
 * @param failures what is wrong and by how much, a line each; none if the check passed
 */
public record Outcome(String name, double worst, List<String> failures) {
    /** Copies the list. */
    public Outcome {
        failures = List.copyOf(failures);
    }

    /** A check without a measure that passed. */
    static Outcome passed(String name) {
        return new Outcome(name, 0, List.of());
    }

    /** A check that failed for a reason. */
    static Outcome failed(String name, String reason) {
        return new Outcome(name, 0, List.of(reason));
    }

    /** Whether nothing is wrong. */
    public boolean passed() {
        return failures.isEmpty();
    }
}
