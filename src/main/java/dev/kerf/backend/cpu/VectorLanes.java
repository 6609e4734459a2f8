package dev.kerf.backend.cpu;

import jdk.incubator.vector.FloatVector;

/** Loaded only where the Vector API is. */
final class VectorLanes {
    private VectorLanes() {}

    static String description() {
        return "vectors of " + FloatVector.SPECIES_PREFERRED.vectorBitSize() + " bits";
    }
}
