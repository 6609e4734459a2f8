package dev.kerf.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PngTest {
    @ParameterizedTest
    @EnumSource(PixelFormat.class)
    void readsWhatTheJdkWritesInterlacedOrNot(PixelFormat format) {
        int[][] sizes = {{1, 1}, {2, 3}, {5, 1}, {1, 9}, {8, 8}, {33, 17}};
        for (int[] size : sizes) {
            Image image = Pictures.random(size[0], size[1], format, size[0]);
            for (boolean interlaced : new boolean[] {false, true}) {
                byte[] file = Pictures.encode(Pictures.components(image), "png", interlaced, null);
                Image read = Image.read(file, "a.png");
                assertEquals(PixelFormat.of(format.channels(), format.bits()), read.format());
                assertEquals(0, Pictures.difference(image, read));
                if (interlaced) {
                    assertEquals(1, file[28], "the file is interlaced");
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(PixelFormat.class)
    void writesWhatTheJdkAndWeRead(PixelFormat format) throws IOException {
        for (int side : new int[] {1, 2, 7, 40}) {
            Image image = Pictures.random(side, side + 3, format, side);
            byte[] file = Png.encode(image);
            assertEquals(0, Pictures.difference(image, Image.read(file, "a.png")));
            Raster raster = ImageIO.read(new ByteArrayInputStream(file)).getRaster();
            for (int y = 0; y < image.height(); y++) {
                for (int x = 0; x < image.width(); x++) {
                    for (int c = 0; c < image.channels(); c++) {
                        assertEquals(image.sample(x, y, c), raster.getSample(x, y, c));
                    }
                }
            }
        }
    }

    @Test
    void writesSmoothPicturesSmallerThanTheirPixels() {
        Image image = Pictures.smooth(256, 256);
        assertTrue(Png.encode(image).length < 256 * 256 * 3 / 20);
    }

    @Test
    void aPictureOfManyMegabytesKeepsItsPixels() {
        Image image = Pictures.random(1500, 1200, PixelFormat.RGB8, 5);
        assertEquals(0, Pictures.difference(image, Image.read(Png.encode(image), "a.png")));
    }

    @ParameterizedTest
    @CsvSource({"1,1", "2,1", "3,2", "4,2", "5,4", "16,4", "17,8", "256,8"})
    void palettesTakeTheFewestBitsAndComeBack(int colours, int bits, @TempDir Path directory) throws IOException {
        Random random = new Random(colours);
        int[] palette = random.ints(colours, 0, 1 << 24).toArray();
        palette[0] = 0x102030;
        int width = 13;
        int height = 7;
        byte[] indices = new byte[width * height];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = (byte) random.nextInt(colours);
        }
        byte[] file = Png.encodeIndexed(width, height, indices, palette);
        assertEquals(bits, file[24]);
        Path path = directory.resolve("labels");
        Files.write(path, file);
        Image raw = Image.readIndices(path);
        assertEquals(PixelFormat.GRAY8, raw.format());
        assertArrayEquals(indices, raw.data().toArray(ValueLayout.JAVA_BYTE));
        Image colour = Image.read(path);
        assertEquals(PixelFormat.RGB8, colour.format());
        BufferedImage jdk = ImageIO.read(new ByteArrayInputStream(file));
        for (int i = 0; i < indices.length; i++) {
            int expected = palette[indices[i] & 0xFF];
            int x = i % width;
            int y = i / width;
            assertEquals(expected, colour.sample(x, y, 0) << 16 | colour.sample(x, y, 1) << 8 | colour.sample(x, y, 2));
            assertEquals(expected, jdk.getRGB(i % width, i / width) & 0xFFFFFF);
        }
        byte[] outside = indices.clone();
        outside[5] = (byte) colours;
        if (colours < 256) {
            assertThrows(BadInputException.class, () -> Png.encodeIndexed(width, height, outside, palette));
        }
    }

    @ParameterizedTest
    @CsvSource({"1,true", "2,true", "4,true", "8,true", "1,false", "4,false", "8,false"})
    void palettesWithTransparencyAndGreyPalettes(int bits, boolean interlaced) {
        int n = 1 << bits;
        byte[] r = new byte[n];
        byte[] g = new byte[n];
        byte[] a = new byte[n];
        for (int i = 0; i < n; i++) {
            r[i] = (byte) (i * 37 + 1);
            g[i] = (byte) (i * 11);
            a[i] = (byte) (i % 2 == 0 ? 255 : i);
        }
        Image indices = Image.blank(19, 11, PixelFormat.GRAY8);
        Random random = new Random(bits);
        for (int i = 0; i < 19 * 11; i++) {
            indices.setSample(i % 19, i / 19, 0, random.nextInt(n));
        }
        int kind = bits == 8 ? BufferedImage.TYPE_BYTE_INDEXED : BufferedImage.TYPE_BYTE_BINARY;
        Image clear = Image.read(Pictures.encode(Pictures.into(indices,
                new BufferedImage(19, 11, kind, new IndexColorModel(bits, n, r, g, r, a))), "png", interlaced, null),
                "a");
        Image grey = Image.read(Pictures.encode(Pictures.into(indices,
                new BufferedImage(19, 11, kind, new IndexColorModel(bits, n, r, r, r))), "png", interlaced, null), "a");
        assertEquals(PixelFormat.RGBA8, clear.format());
        assertEquals(PixelFormat.GRAY8, grey.format());
        for (int i = 0; i < 19 * 11; i++) {
            int x = i % 19;
            int y = i / 19;
            int v = indices.sample(x, y, 0);
            assertEquals(r[v] & 0xFF, clear.sample(x, y, 0));
            assertEquals(g[v] & 0xFF, clear.sample(x, y, 1));
            assertEquals(r[v] & 0xFF, clear.sample(x, y, 2));
            assertEquals(a[v] & 0xFF, clear.sample(x, y, 3));
            assertEquals(r[v] & 0xFF, grey.sample(x, y, 0));
        }
    }

    @ParameterizedTest
    @CsvSource({"0,1", "0,2", "0,4", "0,8", "0,16", "2,8", "2,16"})
    void oneTransparentColour(int colour, int depth) {
        // Two pixels by hand; the first is the transparent one.
        int samples = colour == 2 ? 3 : 1;
        int bytes = depth == 16 ? 2 : 1;
        byte[] row;
        byte[] key = new byte[samples * 2];
        if (depth < 8) {
            // First pixel 1, second 0.
            row = new byte[] {0, (byte) (1 << (8 - depth))};
            key[1] = 1;
        } else {
            row = new byte[1 + 2 * samples * bytes];
            for (int i = 0; i < samples * bytes; i++) {
                row[1 + i] = (byte) (10 + i);
                row[1 + samples * bytes + i] = (byte) (10 + i + (i == samples * bytes - 1 ? 1 : 0));
                key[depth == 16 ? i : 2 * i + 1] = (byte) (10 + i);
            }
        }
        Image read = Image.read(file(2, 1, depth, colour, 0, null, key, row), "a");
        assertEquals(samples + 1, read.channels());
        assertEquals(0, read.sample(0, 0, samples));
        assertEquals(read.format().max(), read.sample(1, 0, samples));
        int first = depth < 8 ? 255 / ((1 << depth) - 1) : depth == 8 ? 10 : 10 << 8 | 11;
        assertEquals(first, read.sample(0, 0, 0));
    }

    @Test
    void smallGreysFillTheRange() {
        byte[] row = {0, 0b00_01_10_11};
        Image read = Image.read(file(4, 1, 2, 0, 0, null, null, row), "a");
        assertArrayEquals(new int[] {0, 85, 170, 255}, new int[] {
            read.sample(0, 0, 0), read.sample(1, 0, 0), read.sample(2, 0, 0), read.sample(3, 0, 0)});
    }

    @Test
    void indicesOfSmallGreysAreTheStoredNumbers(@TempDir Path directory) throws IOException {
        Path path = directory.resolve("mask.png");
        Files.write(path, file(4, 1, 2, 0, 0, null, null, new byte[] {0, 0b00_01_10_11}));
        assertArrayEquals(new byte[] {0, 1, 2, 3},
                Image.readIndices(path).data().toArray(ValueLayout.JAVA_BYTE));
    }

    /** As browsers write them: the stream's end, which holds no pixels, may stand in a chunk of its own. */
    @Test
    void pixelsInChunksOfAnyLengths() {
        Image image = Pictures.random(9, 7, PixelFormat.RGB8, 3);
        byte[] file = Png.encode(image);
        ByteBuffer in = ByteBuffer.wrap(file);
        int idat = 33;
        assertEquals("IDAT", new String(file, idat + 4, 4, StandardCharsets.US_ASCII));
        int length = in.getInt(idat);
        byte[] data = Arrays.copyOfRange(file, idat + 8, idat + 8 + length);
        for (int cut = 0; cut <= length; cut++) {
            for (int second : new int[] {cut, Math.min(cut + 1, length), length}) {
                ByteBuffer out = ByteBuffer.allocate(file.length + 24).put(file, 0, idat);
                chunk(out, "IDAT", Arrays.copyOfRange(data, 0, cut));
                chunk(out, "IDAT", Arrays.copyOfRange(data, cut, second));
                chunk(out, "IDAT", Arrays.copyOfRange(data, second, length));
                out.put(file, idat + 12 + length, file.length - idat - 12 - length);
                assertArrayEquals(image.data().toArray(ValueLayout.JAVA_BYTE),
                        Image.read(out.array(), "cut.png").data().toArray(ValueLayout.JAVA_BYTE), cut + " and " + second);
            }
        }
    }

    @Test
    void everyTruncationIsAnError() {
        byte[] file = Png.encode(Pictures.random(9, 9, PixelFormat.RGB8, 3));
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            BadFileException e = assertThrows(BadFileException.class, () -> Image.read(cut, "cut.png"));
            assertTrue(e.getMessage().startsWith("cut.png: "), e.getMessage());
        }
    }

    @Test
    void everyFlippedBitIsAnError() {
        Image image = Pictures.random(4, 4, PixelFormat.GRAY8, 3);
        byte[] file = Png.encode(image);
        for (int bit = 0; bit < file.length * 8; bit++) {
            byte[] bad = file.clone();
            bad[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThrows(BadFileException.class, () -> Image.read(bad, "bad.png"), "bit " + bit);
        }
    }

    @Test
    void malformedFilesAreNamed() {
        byte[] row = {0, 1};
        refused("bit depth 3", file(1, 1, 3, 0, 0, null, null, row));
        refused("colour type 5", file(1, 1, 8, 5, 0, null, null, row));
        refused("palette is missing", file(1, 1, 8, 3, 0, null, null, row));
        refused("palette is 4 bytes", file(1, 1, 8, 3, 0, new byte[4], null, row));
        refused("colour 1 of a palette of 1", file(1, 1, 8, 3, 0, new byte[3], null, row));
        refused("transparency", file(1, 1, 8, 0, 0, null, new byte[1], row));
        refused("0x1 pixels", file(0, 1, 8, 0, 0, null, null, row));
        refused("-1x1 pixels", file(-1, 1, 8, 0, 0, null, null, row));
        refused("filter type 9", file(1, 1, 8, 0, 0, null, null, new byte[] {9, 1}));
        refused("more pixels", file(1, 1, 8, 0, 0, null, null, new byte[] {0, 1, 0, 1}));
        refused("end in row 1 of 2", file(1, 2, 8, 0, 0, null, null, row));
    }

    @Test
    void hugeHeadersAreRefusedAtOnce() {
        // An array of any of these sizes would end the test with an OutOfMemoryError or take seconds.
        refused("60000x60000", file(60_000, 60_000, 8, 0, 0, null, null, new byte[] {0, 1}));
        refused("60000x60000", file(60_000, 60_000, 16, 6, 0, null, null, new byte[] {0, 1}));
        refused("40000x40000 pixels, but the file is only",
                file(40_000, 40_000, 8, 0, 0, null, null, new byte[] {0, 1}));
        refused("2147483647x2147483647",
                file(Integer.MAX_VALUE, Integer.MAX_VALUE, 16, 6, 0, null, null, new byte[] {0}));
    }

    private static void refused(String part, byte[] file) {
        BadFileException e = assertThrows(BadFileException.class, () -> Image.read(file, "x.png"));
        assertTrue(e.getMessage().contains(part), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }

    /** A PNG file of these parts; the rows carry their filter bytes. */
    static byte[] file(int width, int height, int depth, int colour, int interlace, byte[] palette, byte[] key,
            byte[] rows) {
        ByteBuffer out = ByteBuffer.allocate(2000);
        out.put(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
        chunk(out, "IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) depth).put((byte) colour)
                .put((byte) 0).put((byte) 0).put((byte) interlace).array());
        if (palette != null) {
            chunk(out, "PLTE", palette);
        }
        if (key != null) {
            chunk(out, "tRNS", key);
        }
        byte[] packed = new byte[1000];
        try (Deflater deflater = new Deflater()) {
            deflater.setInput(rows);
            deflater.finish();
            chunk(out, "IDAT", Arrays.copyOf(packed, deflater.deflate(packed)));
        }
        chunk(out, "IEND", new byte[0]);
        return Arrays.copyOf(out.array(), out.position());
    }

    private static void chunk(ByteBuffer out, String type, byte[] data) {
        int start = out.position();
        out.putInt(data.length).put(type.getBytes(StandardCharsets.US_ASCII)).put(data);
        CRC32 crc = new CRC32();
        crc.update(out.array(), start + 4, data.length + 4);
        out.putInt((int) crc.getValue());
    }
}
