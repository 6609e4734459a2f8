package dev.kerf.tornado.kernel;

/**
 * Conditions as numbers, to be added up: for if with else TornadoVM makes wrong code of a chain of conditions.
 */
public final class Range {
    private Range() {
    }

    /** 0 where 0 ≤ i &lt; n, otherwise 1. */
    public static int outside(int i, int n) {
        return i < 0 ? 1 : i >= n ? 1 : 0;
    }
}
