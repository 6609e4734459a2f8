package dev.kerf.backend;

import dev.kerf.error.BadInputException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * How a graph is compiled.
 *
 * <pre>{@code CompileOptions.of().keep("down1", "logits").precision(Precision.FLOAT16)}</pre>
 *
 * @param precision   how numbers are stored and multiplied
 * @param keepStages  stages whose results the caller will read besides the outputs; all others may be fused away
 * @param memoryLimit most bytes for activations, scratch included; 0 for no limit
 * @param profile     whether each node is timed ({@link Executable#timings}); costs a few microseconds a node
 * @param fuse        whether ops may be merged; off for comparing every node
 */
public record CompileOptions(
        Precision precision, Set<String> keepStages, long memoryLimit, boolean profile, boolean fuse) {
    private static final CompileOptions DEFAULT = new CompileOptions(Precision.FLOAT32, Set.of(), 0, false, true);

    /** Copies the set, keeping its order. */
    public CompileOptions {
        keepStages = java.util.Collections.unmodifiableSet(new LinkedHashSet<>(keepStages));
        if (memoryLimit < 0) {
            throw new BadInputException("a memory limit of " + memoryLimit + " bytes: 0 for none, or more");
        }
    }

    /** float32, no stages, no limit, no profile, fused. */
    public static CompileOptions of() {
        return DEFAULT;
    }

    /** This with another precision. */
    public CompileOptions precision(Precision p) {
        return new CompileOptions(p, keepStages, memoryLimit, profile, fuse);
    }

    /** This keeping just these stages. */
    public CompileOptions keep(String... stages) {
        return new CompileOptions(precision, new LinkedHashSet<>(List.of(stages)), memoryLimit, profile, fuse);
    }

    /** This with another limit. */
    public CompileOptions memoryLimit(long bytes) {
        return new CompileOptions(precision, keepStages, bytes, profile, fuse);
    }

    /** This with each node timed. */
    public CompileOptions profiled() {
        return new CompileOptions(precision, keepStages, memoryLimit, true, fuse);
    }

    /** This with every node by itself. */
    public CompileOptions unfused() {
        return new CompileOptions(precision, keepStages, memoryLimit, profile, false);
    }
}
