package dev.kerf.backend.gpu.kernel;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Named integers of a launch: extents, strides, paddings. Those that are named like an integer argument of the kernel become
 * that argument; all are known to the manifest's formulas.
 *
 * <pre>{@code Sizes.of().set("outer", 8).set("n", 100)}</pre>
 */
public final class Sizes {
    private final Map<String, Long> values = new LinkedHashMap<>();

    private Sizes() {}

    /** None yet. */
    public static Sizes of() {
        return new Sizes();
    }

    /** Sets one. */
    public Sizes set(String name, long value) {
        values.put(name, value);
        return this;
    }

    /** All of them. */
    public Map<String, Long> map() {
        return Collections.unmodifiableMap(values);
    }
}
