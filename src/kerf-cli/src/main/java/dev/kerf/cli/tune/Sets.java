package dev.kerf.cli.tune;

import dev.kerf.cli.console.Text;
import dev.kerf.json.Json;
import dev.kerf.tune.result.Results;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Parameter sets and costs as people read them. */
final class Sets {
    private Sets() {}

    /** {@code GROUP=64 ITEMS=4}. */
    static String text(Map<String, Json> set) {
        return set.entrySet().stream()
                .map(e -> e.getKey() + "=" + (e.getValue().isString() ? e.getValue().asString() : e.getValue()))
                .collect(Collectors.joining(" "));
    }

    /** A name as files have it. */
    static String file(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_");
    }

    static Json json(Map<String, Json> set) {
        Json all = Json.object();
        set.forEach(all::put);
        return all;
    }

    /** A time with its unit, in three digits or so. */
    static String time(double seconds) {
        return seconds >= 100
                ? Text.fixed(seconds, 0) + " s"
                : seconds >= 0.1
                        ? Text.fixed(seconds, 2) + " s"
                        : seconds >= 1e-4 ? Text.fixed(seconds * 1e3, 3) + " ms" : Text.fixed(seconds * 1e6, 2) + " µs";
    }

    /** What is minimised: a time, or a number without a unit. */
    static String cost(String objective, double cost) {
        return Results.isTime(objective) ? time(cost) : Double.toString(cost);
    }
}
