package dev.kerf.image.video;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.KerfException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.gif.GifCodes;
import dev.kerf.image.video.FrameSource.Frame;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** GIFs written block by block. */
class GifTest {
    /** Colours 0 black, 1 red, 2 green, 3 blue. */
    private static final int[] PALETTE = {0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255};
    private static final int NONE = -1;

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream gif = new ByteArrayOutputStream();

    private void bytes(int... values) {
        for (int v : values) {
            gif.write(v);
        }
    }

    private void screen(int width, int height) {
        bytes('G', 'I', 'F', '8', '9', 'a', width & 0xFF, width >> 8, height & 0xFF, height >> 8, 0x81, 0, 0);
        bytes(PALETTE);
    }

    private void control(int disposal, int delay, int transparent) {
        bytes(0x21, 0xF9, 4, disposal << 2 | (transparent >= 0 ? 1 : 0), delay, 0, Math.max(0, transparent), 0);
    }

    private void piece(int left, int top, int width, int height, int flags, int... indices) {
        bytes(0x2C, left, 0, top, 0, width, 0, height, 0, flags);
        byte[] pixels = new byte[indices.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) indices[i];
        }
        try {
            GifCodes.encode(pixels, gif);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private List<Frame> read() {
        try (FrameSource video = FrameSource.open(Files.write(directory.resolve("v.gif"), gif.toByteArray()))) {
            return Clips.all(video);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** A frame's colours by their first letters, row by row. */
    private static String colours(Frame frame) {
        StringBuilder out = new StringBuilder();
        Image image = frame.image();
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                int rgb = image.sample(x, y, 0) << 16 | image.sample(x, y, 1) << 8 | image.sample(x, y, 2);
                out.append(switch (rgb) {
                    case 0 -> '.';
                    case 0xFF0000 -> 'r';
                    case 0x00FF00 -> 'g';
                    case 0x0000FF -> 'b';
                    default -> '?';
                });
            }
        }
        return out.toString();
    }

    @Test
    void piecesAreLeftClearedOrRestored() {
        screen(4, 1);
        control(1, 10, NONE);
        piece(0, 0, 4, 1, 0, 1, 1, 1, 1);
        control(3, 20, NONE);
        piece(1, 0, 1, 1, 0, 2);
        control(2, 30, NONE);
        piece(2, 0, 2, 1, 0, 3, 3);
        control(0, 40, NONE);
        piece(0, 0, 1, 1, 0, 2);
        piece(3, 0, 1, 1, 0, 3);
        bytes(0x3B);
        List<Frame> frames = read();
        assertEquals(List.of("rrrr", "rgrr", "rrbb", "gr..", "gr.b"), frames.stream().map(GifTest::colours).toList());
        assertEquals(List.of(0.0, 0.1, 0.3, 0.6, 1.0), frames.stream().map(Frame::time).toList());
        // Without a control a frame lasts as long as browsers show it.
        assertEquals(0.1, frames.getLast().duration());
    }

    @Test
    void transparentPixelsShowWhatIsBelow() {
        screen(3, 1);
        control(1, 10, 0);
        piece(0, 0, 3, 1, 0, 1, 0, 1);
        control(1, 10, 2);
        piece(0, 0, 3, 1, 0, 2, 3, 2);
        bytes(0x3B);
        assertEquals(List.of("r.r", "rbr"), read().stream().map(GifTest::colours).toList());
    }

    @Test
    void interlacedRowsComeInFourPasses() {
        screen(1, 10);
        // Rows 0 8, 4, 2 6, 1 3 5 7 9.
        piece(0, 0, 1, 10, 0x40, 1, 2, 3, 1, 2, 3, 3, 1, 1, 2);
        bytes(0x3B);
        assertEquals("r" + "b" + "r" + "b" + "b" + "r" + "g" + "r" + "g" + "g", colours(read().getFirst()));
    }

    @Test
    void otherBlocksAreLeftOut() {
        screen(1, 1);
        bytes(0x21, 0xFE, 2, 'h', 'i', 0, 0x21, 0x01, 3, 1, 2, 3, 0);
        piece(0, 0, 1, 1, 0, 2);
        bytes(0x3B, 'j', 'u', 'n', 'k');
        assertEquals(List.of("g"), read().stream().map(GifTest::colours).toList());
    }

    /** The screen grows for the first piece; of the next, what is beyond is left out, and cleared no further. */
    @Test
    void piecesBeyondTheScreen() {
        screen(2, 1);
        control(2, 5, NONE);
        piece(0, 0, 3, 1, 0, 1, 2, 3);
        control(2, 5, NONE);
        piece(2, 0, 3, 2, 0, 1, 2, 3, 1, 1, 1);
        piece(0, 0, 1, 1, 0, 2);
        bytes(0x3B);
        assertEquals(List.of("rgb", "..r", "g.."), read().stream().map(GifTest::colours).toList());
    }

    private void refused(String... texts) {
        VideoTest.failsWith(this::read, texts);
        gif.reset();
    }

    @Test
    void damageIsNamed() {
        screen(4, 4);
        piece(2, 2, 3, 0, 0, 1);
        refused("frame 0 has 3x0 pixels");
        screen(2, 1);
        piece(0, 0, 2, 1, 0, 1, 9);
        refused("colour 9 of a palette of 4");
        bytes('G', 'I', 'F', '8', '9', 'a', 1, 0, 1, 0, 0, 0, 0);
        piece(0, 0, 1, 1, 0, 0);
        refused("no palette");
        screen(2, 1);
        piece(0, 0, 2, 1, 0, 1);
        refused("ends after 1 of 2 pixels");
        screen(1, 1);
        bytes(0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 12, 1, 0, 0);
        refused("12 bits");
        screen(1, 1);
        bytes(0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 1, 0xFF, 0);
        refused("code 7 where 6 are known");
        screen(1, 1);
        bytes(0x77);
        refused("unknown kind 119");
        screen(1, 1);
        bytes(0x21, 0xF9, 3, 0, 0, 0, 0);
        refused("control of 3 bytes");
        screen(1, 1);
        bytes(0x3B);
        refused("no frames");
        bytes('G', 'I', 'F', '8', '8', 'a', 1, 0, 1, 0, 0, 0, 0);
        refused("GIF88a");
        bytes('G', 'I', 'F', '8', '9', 'a', 0xFF, 0xFF, 0xFF, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0);
        piece(0, 0, 1, 1, 0, 0);
        refused("65535x65535");
    }

    @Test
    void codesComeBackWhateverTheyAre() throws IOException {
        Random random = new Random(5);
        for (int colours : new int[] {1, 2, 3, 17, 256}) {
            for (int n : new int[] {1, 2, 255, 256, 257, 4000, 70_000}) {
                byte[] pixels = new byte[n];
                for (int i = 0; i < n; i++) {
                    pixels[i] = (byte) random.nextInt(colours);
                }
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                GifCodes.encode(pixels, out);
                byte[] back = new byte[n];
                assertNull(GifCodes.decode(8, new Blocks(out.toByteArray()), back));
                assertArrayEquals(pixels, back);
            }
        }
    }

    /** Sub-blocks put together. */
    private static final class Blocks extends ByteArrayInputStream {
        Blocks(byte[] blocks) {
            super(join(blocks));
        }

        private static byte[] join(byte[] blocks) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            for (int at = 1; blocks[at] != 0; at += 1 + (blocks[at] & 0xFF)) {
                out.write(blocks, at + 1, blocks[at] & 0xFF);
            }
            return out.toByteArray();
        }
    }

    /** Whatever byte is changed, the file is read or refused in words. */
    @Test
    void noChangedByteBreaksTheReader() throws IOException {
        screen(6, 5);
        control(3, 5, 2);
        piece(1, 1, 4, 3, 0x40, 0, 1, 2, 3, 3, 2, 1, 0, 1, 1, 1, 1);
        control(2, 5, NONE);
        piece(0, 0, 6, 5, 0, new int[30]);
        bytes(0x3B);
        byte[] whole = gif.toByteArray();
        Random random = new Random(9);
        int refused = 0;
        for (int i = 6; i < whole.length; i++) {
            byte[] changed = whole.clone();
            changed[i] ^= (byte) (1 + random.nextInt(255));
            try (GifReader reader = new GifReader("changed", new ByteArrayInputStream(changed), changed.length)) {
                while (reader.read() != null) {
                    continue;
                }
            } catch (KerfException | IOException e) {
                refused++;
            }
        }
        assertTrue(refused > whole.length / 10 && refused < whole.length, refused + " of " + whole.length);
    }

    /** A few bytes would otherwise make frames of any size. */
    @Test
    void aScreenThatTheFileCannotFillIsRefused() throws IOException {
        screen(8000, 8000);
        piece(0, 0, 2, 1, 0, 1, 2);
        bytes(0x3B);
        Path file = Files.write(directory.resolve("bomb.gif"), gif.toByteArray());
        BadFileException e = assertThrows(BadFileException.class, () -> FrameSource.open(file).close());
        assertTrue(e.getMessage().contains("8000x8000 pixels") && e.getMessage().contains("not genuine"), e.getMessage());
    }

    @Test
    void coloursAreCutWhereTheyAreMany() {
        Image image = Image.blank(256, 64, PixelFormat.RGB8);
        for (int y = 0; y < 64; y++) {
            for (int x = 0; x < 256; x++) {
                image.setSample(x, y, 0, x);
                image.setSample(x, y, 1, 4 * y);
            }
        }
        Colours colours = Colours.of(image);
        assertEquals(256, colours.palette().length);
        List<Integer> off = new ArrayList<>();
        for (int i = 0; i < 256 * 64; i++) {
            int c = colours.palette()[colours.indices()[i] & 0xFF];
            off.add(Math.max(Math.abs((c >> 16) - i % 256), Math.abs((c >> 8 & 255) - 4 * (i / 256))));
            assertEquals(0, c & 255);
        }
        // 256 boxes over 32 x 32 cells of 8 levels: four cells each, two by two, so at most 8 and a rounding from the mean.
        assertTrue(off.stream().mapToInt(v -> v).max().getAsInt() <= 9, "off by up to " + off.stream().mapToInt(v -> v).max());
        assertEquals(1, Arrays.stream(Colours.of(Image.blank(4, 4, PixelFormat.RGB8)).palette()).count());
    }
}
