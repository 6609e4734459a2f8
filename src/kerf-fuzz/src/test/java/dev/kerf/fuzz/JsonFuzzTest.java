package dev.kerf.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kerf.json.Json;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** JSON. */
class JsonFuzzTest {
    /** An empty object of two bytes becomes a map, and is written once narrow, once with line breaks. */
    private static final Held HELD = new Held(1024);

    static Stream<byte[]> texts() {
        return Seeds.texts("{\"a\": [1, -2.5e-3, true, false, null, \"\\u00e9\\n\\\\\"], \"\": {}}", "[[[[]]]]", "1e400",
                "\"\\ud83d\\ude00\"",
                "-0", "18446744073709551616", "\uFEFF{}");
    }

    /** What was read is written so that it is read as the same. */
    @MethodSource("texts")
    @FuzzTest
    void json(byte[] input) {
        HELD.reading(input, () -> {
            Json read = Json.parse(input);
            if (!Json.parse(read.toString()).equals(read) || !Json.parse(read.pretty()).equals(read)) {
                throw new AssertionError(read + " is read as something else");
            }
        });
    }
}
