package dev.kerf.cli.tune;

import dev.kerf.backend.Device;
import dev.kerf.json.Json;
import dev.kerf.tune.device.Evaluation;
import dev.kerf.tune.device.Problem;
import dev.kerf.tune.result.T4;
import dev.kerf.tune.result.Trial;
import java.util.Map;

/** What says how quick a set is: the clock of a device, or a model of a card. */
sealed interface Means extends AutoCloseable permits Measured, Modelled {
    /** Whose kernels, facts and tuned files count. */
    Device device();

    /** Who is meant by what was found, as files name it. */
    String name();

    /** Begins with a problem. */
    Evaluation open(Problem problem);

    /** Holds the best set against today's. */
    Verdict verdict(Evaluation of, Timed today, Trial best);

    /** Why a set mustn't be accepted though it is better; empty if it may. */
    String refused(Evaluation of, Map<String, Json> set);

    /** The file of tuned parameters that sets for it go into, without its folder. */
    String file();

    /** What must hold for a set besides the sizes; empty for nothing. */
    String also();

    /** Where sets come from, as files of tuned parameters say it. */
    String source();

    /** In words what isn't measured, for every report; empty where all is. */
    String warning();

    /** Who made a T4 file. */
    T4.Maker maker();

    /** Adds to a report what it is of besides the device. */
    default void describe(Json report) {}

    @Override
    default void close() {}

    /**
     * The best set and today's.
     *
     * @param ratio  how many times as long today's takes
     * @param won    whether the best is better beyond the noise
     * @param before today's
     * @param best   the other
     * @param text   how they were compared and what came out
     */
    record Verdict(double ratio, boolean won, Timed before, Timed best, String text) {}
}
