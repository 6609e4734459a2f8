package dev.kerf.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kerf.image.video.FrameSource;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Videos that the library decodes itself. */
class VideoFuzzTest {
    private static final int FRAMES = 8;
    /** The screen has up to 4096 pixels for each byte, of 4096 at least; it is kept, restored, and given out with each frame. */
    private static final Held GIF = new Held(4096 * 4 * (FRAMES + 2), 4096);
    private static final Held Y4M = new Held(64);

    private static void frames(byte[] input, String magic, String name, Held held) {
        // Whatever begins otherwise is ffmpeg's.
        if (new String(input, StandardCharsets.ISO_8859_1).startsWith(magic)) {
            held.readingFile(input, name, file -> {
                try (FrameSource video = FrameSource.open(file)) {
                    for (int i = 0; i < FRAMES && video.hasNext(); i++) {
                        video.next();
                    }
                }
            });
        }
    }

    static Stream<byte[]> gifs() {
        return Seeds.files("dev/kerf/image", ".gif");
    }

    @MethodSource("gifs")
    @FuzzTest
    void gif(byte[] input) {
        frames(input, "GIF8", "fuzz.gif", GIF);
    }

    static Stream<byte[]> y4ms() {
        return Seeds.texts(
                "YUV4MPEG2 W4 H2 F25:1 Ip A1:1 C420jpeg\nFRAME\n" + "abcdefgh" + "ij" + "kl" + "FRAME\n" + "abcdefghijkl",
                "YUV4MPEG2 W2 H2 F30000:1001 C444p10 XYSCSS=444P10\nFRAME Ip\n" + "a\0b\0c\0d\0".repeat(3),
                "YUV4MPEG2 W3 H1 Cmono\nFRAME\nabc");
    }

    @MethodSource("y4ms")
    @FuzzTest
    void y4m(byte[] input) {
        frames(input, "YUV4MPEG2", "fuzz.y4m", Y4M);
    }
}
