package dev.kerf.tornado.kernel;

import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Errors that a run finds on the device. The cell is four ints: code, node, what was found, 0. The first node to raise
 * one keeps the cell; work-items of one node may overwrite one another, each with a finding that holds.
 */
public final class Errors {
    /** A fixed capacity is too small. */
    public static final int CAPACITY = 1;
    /** An index is out of range. */
    public static final int INDEX = 2;

    private Errors() {
    }

    /** Raises one. */
    public static void raise(IntArray cell, int code, int node, int found) {
        if (cell.get(0) == 0 || cell.get(1) == node) {
            cell.set(1, node);
            cell.set(2, found);
            cell.set(0, code);
        }
    }
}
