package dev.kerf.tune;

import dev.kerf.tune.result.Trial;

/** What a configuration costs: measured on a device, counted by a model, or read from a file. */
@FunctionalInterface
public interface Objective {
    /** Tries a configuration of the space that is searched. */
    Trial evaluate(int configuration);
}
