package dev.kerf.image.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.image.Image;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Y4M files written byte by byte, against BT.601 worked by hand. */
class Y4mTest {
    @TempDir
    private Path directory;

    private Path file(String header, int... samples) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes((header + "\nFRAME\n").getBytes(StandardCharsets.ISO_8859_1));
        for (int s : samples) {
            out.write(s);
        }
        try {
            return Files.write(directory.resolve("v.y4m"), out.toByteArray());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Image first(String header, int... samples) {
        try (FrameSource video = FrameSource.open(file(header, samples))) {
            return video.next().image();
        }
    }

    private static List<Integer> pixel(Image image, int x, int y) {
        return List.of(image.sample(x, y, 0), image.sample(x, y, 1), image.sample(x, y, 2));
    }

    private void refused(String header, String... texts) {
        Path file = file(header, new int[64]);
        VideoTest.failsWith(() -> {
            try (FrameSource video = FrameSource.open(file)) {
                Clips.all(video);
            }
        }, texts);
    }

    @Test
    void greyHasNoColour() {
        Image image = first("YUV4MPEG2 W3 H1 F25:1 Cmono", 16, 126, 235);
        assertEquals(List.of(0, 0, 0), pixel(image, 0, 0));
        // (126 - 16) x 255/219 = 128.08
        assertEquals(List.of(128, 128, 128), pixel(image, 1, 0));
        assertEquals(List.of(255, 255, 255), pixel(image, 2, 0));
    }

    @Test
    void fullColourIsBt601() {
        // Pure red of BT.601: Y 81.48, Cb 90.2, Cr 240, rounded.
        Image image = first("YUV4MPEG2 W1 H1 F25:1 C444", 81, 90, 240);
        // Y' 75.68, Cb' -43.26, Cr' 127.5: R 254.4, G -0.5, B -1.0
        assertEquals(List.of(254, 0, 0), pixel(image, 0, 0));
        Image full = first("YUV4MPEG2 W1 H1 F25:1 C444 XCOLORRANGE=FULL", 100, 138, 118);
        // R 100 - 14.02, G 100 - 3.44 + 7.14, B 100 + 17.72
        assertEquals(List.of(86, 104, 118), pixel(full, 0, 0));
    }

    /** In the middle of two columns: a quarter of the way from one to the other; on the first of two: half way. */
    @Test
    void chromaLiesWhereTheTagSays() {
        int[] samples = {100, 100, 100, 100, 100, 100, 100, 100, 128, 168, 128, 128};
        Image centred = first("YUV4MPEG2 W4 H2 F25:1 C420jpeg XCOLORRANGE=FULL", samples);
        Image left = first("YUV4MPEG2 W4 H2 F25:1 C420mpeg2 XCOLORRANGE=FULL", samples);
        // Blue: 100 + 1.772 x 40 x (0, 1/4, 3/4, 1) and x (0, 1/2, 1, 1).
        int[] middle = {100, 118, 153, 171};
        int[] first = {100, 135, 171, 171};
        for (int x = 0; x < 4; x++) {
            for (int y = 0; y < 2; y++) {
                assertEquals(middle[x], centred.sample(x, y, 2));
                assertEquals(first[x], left.sample(x, y, 2));
            }
        }
        Image four = first("YUV4MPEG2 W4 H1 F25:1 C422 XCOLORRANGE=FULL", 100, 100, 100, 100, 128, 168, 128, 128);
        for (int x = 0; x < 4; x++) {
            assertEquals(first[x], four.sample(x, 0, 2));
        }
    }

    @Test
    void rowsOfChromaLieBetweenRows() {
        Image image = first("YUV4MPEG2 W1 H4 F25:1 C420jpeg XCOLORRANGE=FULL", 100, 100, 100, 100, 128, 168, 128, 128);
        int[] expected = {100, 118, 153, 171};
        for (int y = 0; y < 4; y++) {
            assertEquals(expected[y], image.sample(0, y, 2));
        }
    }

    @Test
    void oddSizesHaveHalfAChromaSampleMore() {
        Image image = first("YUV4MPEG2 W3 H3 F25:1 C420jpeg", 16, 16, 16, 16, 16, 16, 16, 16, 235, 128, 128, 128, 128, 128, 128,
                128, 128);
        assertEquals(List.of(255, 255, 255), pixel(image, 2, 2));
        assertEquals(List.of(0, 0, 0), pixel(image, 1, 2));
    }

    @Test
    void tenBitsAreReadAndAlphaIsLeftOut() {
        // 940 is white in ten bits; low byte first.
        assertEquals(List.of(255, 255, 255), pixel(first("YUV4MPEG2 W1 H1 F25:1 Cmono10", 0xAC, 0x03), 0, 0));
        assertEquals(List.of(255, 255, 255),
                pixel(first("YUV4MPEG2 W1 H1 F25:1 C444p10", 0xAC, 0x03, 0, 2, 0, 2), 0, 0));
        try (FrameSource video = FrameSource.open(file("YUV4MPEG2 W1 H1 F25:1 C444alpha", 235, 128, 128, 7))) {
            assertEquals(1, Clips.all(video).size());
        }
    }

    @Test
    void tagsOfAllKindsAreTaken() {
        Path file = file("YUV4MPEG2 H1 W1 Ip A0:0 F0:0 XYSCSS=420JPEG XSOMETHING Cmono", 235);
        try (FrameSource video = FrameSource.open(file)) {
            assertEquals(new FrameSource.Rate(25, 1), video.rate());
            assertEquals(1, Clips.all(video).size());
        }
    }

    @Test
    void hostileHeadersAreRefused() {
        refused("YUV4MPEG2 W0 H4 F25:1", "0x4 pixels");
        refused("YUV4MPEG2 H4 F25:1", "0x4 pixels");
        refused("YUV4MPEG2 W-1 H4", "'W-1'", "no size");
        refused("YUV4MPEG2 W99999999999 H4", "no size");
        refused("YUV4MPEG2 W999999999 H999999999", "too large");
        refused("YUV4MPEG2 W10000 H10000", "truncated or not genuine");
        refused("YUV4MPEG2 W4 H4 F1", "'F1'", "no rate");
        refused("YUV4MPEG2 W4 H4 C420p11", "'C420p11'");
        refused("YUV4MPEG2 W4 H4 Crgb", "'Crgb'");
        refused("YUV4MPEG2 W4 H4 It", "interlaced", "yadif");
        refused("YUV4MPEG2 W4 H4 X" + "x".repeat(10_000), "no end");
        refused("YUV4MPEG2W4 H4", "begin with");
    }

    @Test
    void whatFollowsAFrameIsAFrame() {
        Path file = file("YUV4MPEG2 W2 H2 Cmono", 1, 2, 3, 4, 'J', 'U', 'N', 'K', '\n');
        VideoTest.failsWith(() -> {
            try (FrameSource video = FrameSource.open(file)) {
                Clips.all(video);
            }
        }, "frame 1 doesn't begin with 'FRAME'");
        assertTrue(Files.exists(file));
    }
}
