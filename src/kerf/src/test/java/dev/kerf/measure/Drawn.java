package dev.kerf.measure;

import dev.kerf.json.Json;
import dev.kerf.mask.Mask;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/** Masks as lines of text, and the figures beside these tests. */
final class Drawn {
    private Drawn() {}

    /** Of {@code #} and others. */
    static Mask mask(String... rows) {
        Mask mask = Mask.empty(rows[0].length(), rows.length);
        for (int y = 0; y < rows.length; y++) {
            for (int x = 0; x < rows[y].length(); x++) {
                mask.set(x, y, rows[y].charAt(x) == '#');
            }
        }
        return mask;
    }

    static Mask mask(Json rows) {
        return mask(rows.items().stream().map(Json::asString).toArray(String[]::new));
    }

    /** Numbers from lines of which each character is one, 0 of code 48. */
    static int[] numbers(Json rows) {
        return rows.items().stream().map(Json::asString).collect(Collectors.joining()).chars().map(c -> c - 48).toArray();
    }

    static List<Json> figures(String name) throws IOException {
        try (var in = Drawn.class.getResourceAsStream(name)) {
            return Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), name).items();
        }
    }
}
