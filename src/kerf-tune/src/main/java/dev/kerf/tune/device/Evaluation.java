package dev.kerf.tune.device;

import dev.kerf.json.Json;
import dev.kerf.tune.result.Trial;
import java.util.Map;

/** What says how quick a problem is with some parameters, and whether the result is right. */
public sealed interface Evaluation extends AutoCloseable permits DeviceObjective, ModelObjective {
    /** Tries parameters; what fails says why. */
    Trial evaluate(Map<String, Json> configuration);

    /** Who says what is right. */
    String checkedBy();

    /** The objective's name in files. */
    String objective();

    @Override
    void close();
}
