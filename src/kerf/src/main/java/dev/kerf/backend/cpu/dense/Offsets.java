package dev.kerf.backend.cpu.dense;

import java.util.Arrays;

/**
 * What {@link Tiles} adds, for each term of a sum, to where a vector begins.
 *
 * @param table a number for each term
 * @param pairs whether vectors lie in pairs, a pair's second behind its first, and each term's pair behind that of the term before
 */
record Offsets(int[] table, boolean pairs) {
    /** Those of terms that lie anywhere. */
    static Offsets of(int... table) {
        return new Offsets(table, false);
    }

    /** Those of so many terms of a pair of vectors each. */
    static Offsets pairs(int terms) {
        int[] table = new int[terms];
        Arrays.setAll(table, k -> 2 * Tiles.LANES * k);
        return new Offsets(table, true);
    }
}
