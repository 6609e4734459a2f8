package dev.kerf.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.ImageInfo.FileType;
import dev.kerf.tensor.HostTensor;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ImageTest {
    @Test
    void callersMemoryIsSeenWithStrideAndChannelOrder() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(3 * 16);
            Image frame = new Image(3, 3, PixelFormat.BGRA8, 16, memory);
            memory.set(ValueLayout.JAVA_BYTE, 16 + 4, (byte) 200);
            assertEquals(200, frame.sample(1, 1, 2), "blue lies first in memory and is channel 2");
            frame.setSample(2, 2, 3, 255);
            assertEquals(-1, memory.get(ValueLayout.JAVA_BYTE, 32 + 8 + 3));
            assertFalse(frame.isPacked());
            Image packed = frame.packed();
            assertEquals(PixelFormat.RGBA8, packed.format());
            assertEquals(12, packed.rowStride());
            assertEquals(0, Pictures.difference(frame, packed));
            assertSame(packed, packed.packed());
        }
    }

    @Test
    void memoryThatIsTooSmallIsRefused() {
        assertThrows(BadInputException.class, () -> Image.of(2, 2, PixelFormat.RGB8, new byte[11]));
        assertThrows(BadInputException.class,
                () -> new Image(2, 2, PixelFormat.RGB8, 5, MemorySegment.ofArray(new byte[100])));
        assertThrows(BadInputException.class, () -> Image.blank(0, 1, PixelFormat.GRAY8));
        Image image = new Image(2, 2, PixelFormat.GRAY8, 10, MemorySegment.ofArray(new byte[12]));
        assertThrows(BadInputException.class, () -> image.sample(2, 0, 0));
        assertThrows(BadInputException.class, () -> image.sample(0, 0, 1));
        assertThrows(BadInputException.class, () -> image.sample(0, 2, 0));
    }

    @Test
    void greyIsRoundedLuma() {
        // Worked by hand from (19595 R + 38470 G + 7471 B + 32768) >> 16.
        int[][] cases = {{0, 0, 0, 0}, {255, 255, 255, 255}, {255, 0, 0, 76}, {0, 255, 0, 150}, {0, 0, 255, 29},
            {10, 20, 30, 18}, {1, 1, 1, 1}, {200, 100, 50, 124}};
        for (int[] c : cases) {
            Image rgb = Image.blank(1, 1, PixelFormat.BGR8);
            Image deep = Image.blank(1, 1, PixelFormat.RGBA16);
            for (int i = 0; i < 3; i++) {
                rgb.setSample(0, 0, i, c[i]);
                deep.setSample(0, 0, i, c[i] * 257);
            }
            assertEquals(c[3], rgb.toGrey().sample(0, 0, 0));
            Image grey = deep.toGrey();
            assertEquals(PixelFormat.GRAY16, grey.format());
            int exact = (int) ((19595L * c[0] * 257 + 38470L * c[1] * 257 + 7471L * c[2] * 257 + 32768) >> 16);
            assertEquals(exact, grey.sample(0, 0, 0));
        }
    }

    @ParameterizedTest
    @EnumSource(PixelFormat.class)
    void conversionsKeepWhatTheyShould(PixelFormat format) {
        Image image = Pictures.random(6, 5, format, 1);
        Image rgb = image.toRgb();
        Image small = image.toRgb8();
        Image opaque = image.dropAlpha();
        assertEquals(PixelFormat.of(3, format.bits()), rgb.format());
        assertEquals(PixelFormat.RGB8, small.format());
        assertFalse(opaque.format().hasAlpha());
        for (int i = 0; i < 30; i++) {
            int x = i % 6;
            int y = i / 6;
            for (int c = 0; c < 3; c++) {
                int v = image.sample(x, y, format.isGrey() ? 0 : c);
                assertEquals(v, rgb.sample(x, y, c));
                assertEquals(format.bits() == 8 ? v : (int) Math.round(v / 257.0), small.sample(x, y, c));
                if (c < opaque.channels()) {
                    assertEquals(v, opaque.sample(x, y, c));
                }
            }
            if (format.hasAlpha()) {
                int alpha = image.sample(x, y, format.channels() - 1);
                assertEquals(format.bits() == 8 ? alpha : (int) Math.round(alpha / 257.0),
                        image.to8Bit().sample(x, y, format.channels() - 1));
            }
        }
        HostTensor tensor = image.toTensor();
        assertEquals("[5, 6, " + format.channels() + "]", tensor.shape().toString());
        assertEquals(image.sample(4, 3, 0), tensor.getLong((3 * 6 + 4) * (long) format.channels()));
    }

    @Test
    void whatIsNoImageFileIsNamed(@TempDir Path directory) throws Exception {
        refused("is a directory", directory);
        refused("no such file", directory.resolve("missing.png"));
        Path file = directory.resolve("empty.png");
        Files.createFile(file);
        refused("is empty", file);
        Files.writeString(file, "Hello, this is text");
        refused("known are PNG, JPEG, BMP, TIFF and GIF", file);
        Files.write(file, new byte[] {1});
        refused("known are PNG", file);
    }

    @Test
    void contentDecidesNotTheName(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("really-a-png.jpg");
        Image image = Pictures.random(3, 2, PixelFormat.GRAY16, 1);
        image.writePng(file);
        assertEquals(new ImageInfo(FileType.PNG, 3, 2, PixelFormat.GRAY16, 1), Image.info(file));
        assertEquals(0, Pictures.difference(image, Image.read(file)));
        assertEquals(0, Pictures.difference(image,
                Image.read(new ByteArrayInputStream(Files.readAllBytes(file)), "s")));
    }

    @Test
    void infoNeedsTheHeaderAlone(@TempDir Path directory) throws Exception {
        byte[] png = Png.encode(Pictures.random(300, 300, PixelFormat.RGB8, 1));
        Path file = directory.resolve("start.png");
        Files.write(file, Arrays.copyOf(png, 60));
        assertEquals(300, Image.info(file).width());
        assertThrows(BadFileException.class, () -> Image.read(file));
    }

    @Test
    void sizesOfNoPixelsAreNoInfo(@TempDir Path directory) throws Exception {
        // Where width and height stand in the files that the JDK writes, and in how many bytes.
        byte[] png = Png.encode(Image.blank(3, 2, PixelFormat.GRAY8));
        for (int[] place : new int[][] {{16, 0}, {20, 0}, {16, -1}, {20, 0x80}}) {
            byte[] changed = png.clone();
            changed[place[0]] = (byte) place[1];
            changed[place[0] + 3] = (byte) 0;
            CRC32 crc = new CRC32();
            crc.update(changed, 12, 17);
            ByteBuffer.wrap(changed).putInt(29, (int) crc.getValue());
            noInfo(directory, changed);
        }
        BufferedImage picture = Image.blank(3, 2, PixelFormat.RGB8).toBufferedImage();
        for (int at : new int[] {18, 22}) {
            byte[] bmp = Pictures.encode(picture, "bmp", false, null);
            bmp[at] = 0;
            noInfo(directory, bmp);
        }
        byte[] jpeg = Pictures.encode(picture, "jpeg", false, null);
        for (int at = 2; (jpeg[at + 1] & 0xFF) != 0xDA; at += 2 + (jpeg[at + 2] << 8 | jpeg[at + 3] & 0xFF)) {
            if ((jpeg[at + 1] & 0xFF) == 0xC0) {
                jpeg[at + 6] = 0;
            }
        }
        noInfo(directory, jpeg);
    }

    private static void noInfo(Path directory, byte[] content) throws Exception {
        Path file = directory.resolve("none");
        Files.write(file, content);
        BadFileException e = assertThrows(BadFileException.class, () -> Image.info(file));
        assertTrue(e.getMessage().contains("header says"), e.getMessage());
    }

    @Test
    void labelsAreNoJpeg(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("labels.png");
        Files.write(file, Pictures.encode(Image.blank(3, 2, PixelFormat.GRAY8).toBufferedImage(), "jpeg", false, null));
        assertEquals(3, Image.read(file).width());
        assertTrue(assertThrows(BadFileException.class, () -> Image.readIndices(file)).getMessage().contains("JPEG changes"));
    }

    @Test
    void writingIntoNowhereLeavesNothing(@TempDir Path directory) throws Exception {
        Image image = Pictures.random(3, 2, PixelFormat.GRAY8, 1);
        BadFileException e = assertThrows(BadFileException.class,
                () -> image.writePng(directory.resolve("none").resolve("a.png")));
        assertTrue(e.getMessage().contains("doesn't exist"), e.getMessage());
        assertThrows(BadFileException.class, () -> image.writePng(directory));
        try (var left = Files.list(directory)) {
            assertEquals(0, left.count());
        }
    }

    private static void refused(String part, Path file) {
        for (boolean header : new boolean[] {true, false}) {
            BadFileException e = assertThrows(BadFileException.class, () -> {
                if (header) {
                    Image.info(file);
                } else {
                    Image.read(file);
                }
            });
            assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
    }
}
