package dev.kerf.cli.picture;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kerf.fuzz.Held;
import dev.kerf.fuzz.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Prompts as people write them. */
class PromptFuzzTest {
    private static final Held HELD = new Held(1024);

    static Stream<byte[]> texts() {
        return Seeds.texts("210,95", "20,30,200,180", " 1e3 , -0x1p3", "1,2\n3,4\n\n5.5,6\n", ",");
    }

    @MethodSource("texts")
    @FuzzTest
    void numbers(byte[] input) {
        String text = new String(input, StandardCharsets.UTF_8);
        HELD.reading(input, () -> PromptText.numbers(text, 2, "--point"));
        HELD.reading(input, () -> PromptText.numbers(text, 4, "--box"));
    }

    @MethodSource("texts")
    @FuzzTest
    void stroke(byte[] input) {
        HELD.readingFile(input, "stroke.txt", PromptText::stroke);
    }
}
