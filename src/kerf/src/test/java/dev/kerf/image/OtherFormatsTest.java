package dev.kerf.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** BMP, TIFF and GIF, from files as the JDK writes them and from some made by hand. */
class OtherFormatsTest {
    private static final int W = 21;
    private static final int H = 13;

    private static BufferedImage picture(Image image, int type) {
        return Pictures.into(image, new BufferedImage(image.width(), image.height(), type));
    }

    static Stream<String> others() throws IOException {
        return new String(resource("others.txt"), StandardCharsets.UTF_8).lines();
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = OtherFormatsTest.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        }
    }

    /** Orientation, screens, masks, runs: the right pixels are what Pillow sees (make_images.py). */
    @ParameterizedTest
    @MethodSource("others")
    void everyPixelIsWhatPillowSees(String name, @TempDir Path directory) throws IOException {
        Image expected = Image.read(resource(name + ".png"), "expected");
        Image read = Image.read(resource(name), name);
        assertEquals(expected.width() + "x" + expected.height(), read.width() + "x" + read.height());
        assertEquals(expected.format().hasAlpha(), read.format().hasAlpha());
        for (int i = 0; i < read.width() * read.height(); i++) {
            int x = i % read.width();
            int y = i / read.width();
            int alpha = read.format().hasAlpha() ? read.sample(x, y, read.channels() - 1) : 255;
            assertEquals(expected.format().hasAlpha() ? expected.sample(x, y, 3) : 255, alpha);
            for (int c = 0; c < 3 && alpha > 0; c++) {
                assertEquals(expected.sample(x, y, c), read.sample(x, y, read.format().isGrey() ? 0 : c), x + "," + y);
            }
        }
        Path file = directory.resolve(name);
        Files.write(file, resource(name));
        ImageInfo info = Image.info(file);
        assertEquals(read.toString(), info.width() + "x" + info.height() + " " + info.format());
        Image indices = Image.readIndices(file);
        assertEquals(expected.width() + "x" + expected.height(), indices.width() + "x" + indices.height());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "LZW", "Deflate", "PackBits", "ZLib"})
    void tiff(String compression) {
        String c = compression.isEmpty() ? null : compression;
        Image rgb = Pictures.random(W, H, PixelFormat.RGB8, 1);
        Image rgba = Pictures.random(W, H, PixelFormat.RGBA8, 2);
        Image grey = Pictures.random(W, H, PixelFormat.GRAY8, 3);
        Image deep = Pictures.random(W, H, PixelFormat.GRAY16, 4);
        same(rgb, Pictures.encode(picture(rgb, BufferedImage.TYPE_INT_RGB), "tiff", false, c));
        same(rgba, Pictures.encode(picture(rgba, BufferedImage.TYPE_INT_ARGB), "tiff", false, c));
        same(grey, Pictures.encode(picture(grey, BufferedImage.TYPE_BYTE_GRAY), "tiff", false, c));
        same(deep, Pictures.encode(picture(deep, BufferedImage.TYPE_USHORT_GRAY), "tiff", false, c));
        for (PixelFormat format : new PixelFormat[] {PixelFormat.RGB16, PixelFormat.RGBA16, PixelFormat.GRAY_ALPHA8,
            PixelFormat.GRAY_ALPHA16}) {
            Image image = Pictures.random(W, H, format, 5);
            same(image, Pictures.encode(Pictures.components(image), "tiff", false, c));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bmp", "tiff", "gif", "png"})
    void oneBitAndPalettes(String format, @TempDir Path directory) throws Exception {
        Image bits = Image.blank(W, H, PixelFormat.GRAY8);
        Image black = Image.blank(W, H, PixelFormat.GRAY8);
        for (int i = 0; i < W * H; i++) {
            int v = i * i % 7 & 1;
            bits.setSample(i % W, i / W, 0, v);
            black.setSample(i % W, i / W, 0, 255 * v);
        }
        byte[] file = Pictures.encode(picture(bits, BufferedImage.TYPE_BYTE_BINARY), format, false, null);
        same(black, file);
        // More than 16 colours: of fewer the JDK writes BMP files that nobody can read.
        int n = 20;
        byte[] r = new byte[n];
        byte[] g = new byte[n];
        byte[] b = new byte[n];
        for (int i = 0; i < n; i++) {
            r[i] = (byte) (i * 13);
            g[i] = (byte) (255 - i);
            b[i] = (byte) (i * i);
        }
        Image indices = Image.blank(W, H, PixelFormat.GRAY8);
        Image colours = Image.blank(W, H, PixelFormat.RGB8);
        for (int i = 0; i < W * H; i++) {
            int v = i * i % 23 % n;
            indices.setSample(i % W, i / W, 0, v);
            colours.setSample(i % W, i / W, 0, r[v] & 0xFF);
            colours.setSample(i % W, i / W, 1, g[v] & 0xFF);
            colours.setSample(i % W, i / W, 2, b[v] & 0xFF);
        }
        byte[] coloured = Pictures.encode(Pictures.into(indices,
                new BufferedImage(W, H, BufferedImage.TYPE_BYTE_INDEXED,
                        new IndexColorModel(8, n, r, g, b))),
                format, false, null);
        same(colours, coloured);
        Path path = directory.resolve("indexed");
        Files.write(path, coloured);
        assertEquals(0, Pictures.difference(indices, Image.readIndices(path)));
    }

    @Test
    void bmpAndGif() {
        Image rgb = Pictures.random(W, H, PixelFormat.RGB8, 1);
        same(rgb, Pictures.encode(picture(rgb, BufferedImage.TYPE_INT_RGB), "bmp", false, null));
        Image grey = Pictures.random(W, H, PixelFormat.GRAY8, 3);
        same(grey, Pictures.encode(picture(grey, BufferedImage.TYPE_BYTE_GRAY), "bmp", false, null));
        same(grey, Pictures.encode(picture(grey, BufferedImage.TYPE_BYTE_GRAY), "gif", false, null));
    }

    /** What a piece doesn't cover of its screen costs next to nothing: here 16,516,852 pixels of 57 bytes. */
    @Test
    void aLargeScreenOfLittle() {
        byte[] file = Base64.getDecoder()
                .decode("R0lGODdhBP/9AIEAAJK2hXttWq8pVzo8uSwAAAAABgAEAAAIEgABBBhIcOCAgwAECkCoUGGAAAA7");
        Image read = Image.read(file, "x");
        assertEquals("65284x253 RGB8", read.toString());
        for (int c = 0; c < 3; c++) {
            int first = new int[] {0x92, 0xB6, 0x85}[c];
            assertEquals(first, read.sample(0, 0, c), "its first pixel has index 0");
            assertEquals(first, read.sample(65_283, 252, c));
            assertEquals(new int[] {58, 60, 185}[c], read.sample(5, 2, c), "as Pillow sees it");
        }
    }

    /** A TIFF of one strip, uncompressed. */
    private static byte[] tiff(int width, int height, int bits, int photometric, int orientation, byte[] strip,
            short... colourMap) {
        ByteBuffer b = ByteBuffer.allocate(200 + strip.length + 2 * colourMap.length).order(ByteOrder.LITTLE_ENDIAN);
        int[][] tags = {{256, 4, 1, width}, {257, 4, 1, height}, {258, 3, 1, bits}, {259, 3, 1, 1},
            {262, 3, 1, photometric},
            {273, 4, 1, 200}, {274, 3, 1, orientation}, {277, 3, 1, 1}, {278, 4, 1, height}, {279, 4, 1, strip.length},
            {320, 3, colourMap.length, 200 + strip.length}};
        int entries = colourMap.length > 0 ? tags.length : tags.length - 1;
        b.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8).putShort((short) entries);
        for (int i = 0; i < entries; i++) {
            b.putShort((short) tags[i][0]).putShort((short) tags[i][1]).putInt(tags[i][2]).putInt(tags[i][3]);
        }
        b.putInt(0).position(200).put(strip);
        for (short c : colourMap) {
            b.putShort(c);
        }
        return b.array();
    }

    @Test
    void tiffPalettesOfBothScalings() {
        // Writers store a byte v as 257 v or as 256 v: both are v.
        short[] map = new short[3 * 256];
        map[3] = (short) 0xFFFF;
        map[256 + 3] = (short) 0xFF00;
        map[512 + 3] = (short) 0x8000;
        map[5] = (short) 0x8080;
        Image read = Image.read(tiff(2, 1, 8, 3, 1, new byte[] {3, 5}, map), "a.tif");
        assertEquals(PixelFormat.RGB8, read.format());
        assertEquals(255, read.sample(0, 0, 0));
        assertEquals(255, read.sample(0, 0, 1));
        assertEquals(128, read.sample(0, 0, 2));
        assertEquals(128, read.sample(1, 0, 0));
    }

    @Test
    void tiffWhiteIsZeroAndOrientation() {
        byte[] samples = {0, 100, (byte) 200, 1, 2, 3};
        Image plain = Image.read(tiff(3, 2, 8, 1, 1, samples), "a.tif");
        Image inverted = Image.read(tiff(3, 2, 8, 0, 1, samples), "a.tif");
        Image turned = Image.read(tiff(3, 2, 8, 1, 6, samples), "a.tif");
        for (int i = 0; i < 6; i++) {
            assertEquals(samples[i] & 0xFF, plain.sample(i % 3, i / 3, 0));
            assertEquals(255 - (samples[i] & 0xFF), inverted.sample(i % 3, i / 3, 0));
            assertEquals(samples[i] & 0xFF, turned.sample(1 - i / 3, i % 3, 0));
        }
        Image deep = Image.read(tiff(2, 1, 16, 1, 1, new byte[] {1, 2, 3, 4}), "a.tif");
        assertEquals(0x0201, deep.sample(0, 0, 0));
        assertEquals(0x0403, deep.sample(1, 0, 0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"bmp", "tiff", "gif"})
    void truncationsAreErrors(String format) {
        Image grey = Pictures.random(W, H, PixelFormat.GRAY8, 3);
        byte[] file = Pictures.encode(picture(grey, BufferedImage.TYPE_BYTE_GRAY), format, false,
                format.equals("tiff") ? "LZW" : null);
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            String where = format + " cut to " + length + " of " + file.length;
            try {
                // What a codec can do without at the file's end is no pixel.
                assertEquals(0, Pictures.difference(grey, Image.read(cut, "cut")), where);
                assertTrue(length >= file.length - 4, where + " was read");
            } catch (BadFileException e) {
                assertEquals(1, e.getMessage().lines().count(), where);
            }
        }
    }

    @Test
    void hugeHeadersAreRefused() {
        refused("60000x60000", tiff(60_000, 60_000, 8, 1, 1, new byte[4]));
        refused("40000x40000 pixels, but the file is only", tiff(40_000, 40_000, 8, 1, 1, new byte[4]));
        byte[] bmp = Pictures.encode(picture(Pictures.smooth(2, 2), BufferedImage.TYPE_INT_RGB), "bmp", false, null);
        ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN).putInt(18, 60_000).putInt(22, 60_000);
        refused("60000x60000", bmp);
        byte[] gif = Pictures.encode(picture(Pictures.smooth(2, 2).toGrey(), BufferedImage.TYPE_BYTE_GRAY), "gif",
                false, null);
        int frame = gif.length - 1;
        while (gif[frame] != 0x2C) {
            frame--;
        }
        ByteBuffer.wrap(gif).order(ByteOrder.LITTLE_ENDIAN).putShort(6, (short) 60_000).putShort(8, (short) 60_000)
                .putShort(frame + 5, (short) 60_000).putShort(frame + 7, (short) 60_000);
        refused("60000x60000", gif);
    }

    private static void same(Image expected, byte[] file) {
        Image read = Image.read(file, "a");
        assertEquals(expected.format(), read.format());
        assertEquals(0, Pictures.difference(expected, read));
    }

    private static void refused(String part, byte[] file) {
        BadFileException e = assertThrows(BadFileException.class, () -> Image.read(file, "x"));
        assertTrue(e.getMessage().contains(part), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }
}
