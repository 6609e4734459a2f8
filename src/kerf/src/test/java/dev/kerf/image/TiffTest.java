package dev.kerf.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.mask.LabelMap;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** TIFF as tifffile and libtiff write it, and as nobody should. */
class TiffTest {
    private static byte[] resource(String name) {
        try (InputStream in = TiffTest.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<String> cases() {
        return new String(resource("tiff.txt"), StandardCharsets.UTF_8).lines();
    }

    /** Every line says what make_images.py read with tifffile or Pillow. */
    @ParameterizedTest
    @MethodSource("cases")
    void everySampleIsWhatOthersRead(String line, @TempDir Path directory) throws Exception {
        String[] words = line.split(" ");
        Path file = directory.resolve(words[0]);
        Files.write(file, resource(words[0]));
        boolean whole = words[1].equals("pixels");
        String[] place = words[1].split(":");
        Image read = whole
                ? Image.read(file)
                : words[1].equals("labels")
                        ? Image.readIndices(file)
                        : Image.read(file, Integer.parseInt(place[0]), place.length == 1
                                ? new int[0]
                                : Arrays.stream(place[1].split(",")).mapToInt(Integer::parseInt).toArray());
        int n = Integer.parseInt(words[4]);
        assertEquals(words[2] + "x" + words[3] + " " + PixelFormat.of(n, Integer.parseInt(words[5])), read.toString());
        if (whole) {
            ImageInfo info = Image.info(file);
            assertEquals(read.toString(), info.width() + "x" + info.height() + " " + info.format());
        }
        for (int i = 6; i < words.length; i++) {
            int at = (i - 6) / n;
            assertEquals(Integer.parseInt(words[i]), read.sample(at % read.width(), at / read.width(), (i - 6) % n),
                    words[0] + ": sample " + (i - 6));
        }
    }

    /** A little-endian file of one uncompressed strip; each tag is number, type, count, value. */
    static byte[] tiff(byte[] strip, int[]... tags) {
        ByteBuffer b = ByteBuffer.allocate(8 + 2 + 12 * tags.length + 4 + strip.length).order(ByteOrder.LITTLE_ENDIAN);
        int data = b.capacity() - strip.length;
        b.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8).putShort((short) tags.length);
        for (int[] t : tags) {
            b.putShort((short) t[0]).putShort((short) t[1]).putInt(t[2]).putInt(t[0] == 273 ? data : t[3]);
        }
        return b.putInt(0).put(strip).array();
    }

    private static byte[] plain(int width, int height, int bits, int format, byte[] strip, int[]... more) {
        int[][] tags = {{256, 4, 1, width}, {257, 4, 1, height}, {258, 3, 1, bits}, {259, 3, 1, 1}, {262, 3, 1, 1},
            {273, 4, 1, 0}, {278, 4, 1, height}, {279, 4, 1, strip.length}, {339, 3, 1, format}};
        Map<Integer, int[]> all = new TreeMap<>();
        Stream.concat(Arrays.stream(tags), Arrays.stream(more)).forEach(t -> all.put(t[0], t));
        return tiff(strip, all.values().toArray(int[][]::new));
    }

    private static void refused(String part, byte[] file) {
        BadFileException e = assertThrows(BadFileException.class, () -> Image.read(file, "x"));
        assertTrue(e.getMessage().contains(part), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }

    @Test
    void whatCanNotBeReadIsNamed(@TempDir Path directory) throws Exception {
        refused("whole numbers of 24 bits", plain(1, 1, 24, 1, new byte[3]));
        refused("floats of 24 bits", plain(1, 1, 24, 3, new byte[3]));
        refused("complex floats of 64 bits", plain(1, 1, 64, 6, new byte[8]));
        refused("0x5 pixels", plain(0, 5, 8, 1, new byte[8]));
        refused("5x0 pixels", plain(5, 0, 8, 1, new byte[8]));
        refused("method 34712", plain(1, 1, 8, 1, new byte[1], new int[] {259, 3, 1, 34712}));
        refused("NaN", plain(1, 1, 32, 3, new byte[] {0, 0, (byte) 0xC0, 0x7F}));
        refused("strip", plain(2, 2, 8, 1, new byte[3]));
        refused("5 channels", plain(1, 1, 8, 1, new byte[5], new int[] {277, 3, 1, 5}));
        Path negative = directory.resolve("labels.tif");
        Files.write(negative, plain(1, 1, 16, 2, new byte[] {-1, -1}));
        BadFileException e = assertThrows(BadFileException.class, () -> Image.readIndices(negative));
        assertTrue(e.getMessage().contains("from -1.0 to -1.0"), e.getMessage());
        Files.write(negative, plain(1, 1, 32, 3, new byte[] {0, 0, 0, 0x3F}));
        assertThrows(BadFileException.class, () -> Image.readIndices(negative));
    }

    private static byte[] little(long bytesEach, long... values) {
        ByteBuffer b = ByteBuffer.allocate((int) bytesEach * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long v : values) {
            if (bytesEach == 4) {
                b.putInt((int) v);
            } else {
                b.putLong(v);
            }
        }
        return b.array();
    }

    @Test
    void labelsOfThirtyTwoBitsAndMoreStayWhatTheyAre(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("labels.tif");
        long[] some = {0, 65_535, 65_536, 70_001, 16_777_217, Integer.MAX_VALUE};
        int[] floats = {0, Float.floatToIntBits(300), Float.floatToIntBits(70_001), Float.floatToIntBits(1 << 24)};
        for (int format = 1; format <= 2; format++) {
            for (int bytes = 4; bytes <= 8; bytes += 4) {
                Files.write(file, plain(3, 2, 8 * bytes, format, little(bytes, some)));
                HostTensor read = Image.readLabels(file);
                assertEquals(DType.I32, read.dtype());
                assertEquals(Shape.of(2, 3), read.shape());
                assertArrayEquals(Arrays.stream(some).mapToInt(v -> (int) v).toArray(), new LabelMap(read).toArray());
                Files.write(file, plain(3, 2, 8 * bytes, format, little(bytes, some), new int[] {274, 3, 1, 6}));
                assertArrayEquals(new int[] {70_001, 0, 16_777_217, 65_535, Integer.MAX_VALUE, 65_536},
                        LabelMap.read(file).toArray(), "turned");
            }
        }
        Files.write(file, plain(4, 1, 32, 3, little(4, Arrays.stream(floats).asLongStream().toArray())));
        assertArrayEquals(new int[] {0, 300, 70_001, 1 << 24}, LabelMap.read(file).toArray());
        for (byte[] wrong : List.of(plain(1, 1, 32, 1, little(4, 1L << 31)), plain(1, 1, 64, 2, little(8, 1L << 40)),
                plain(1, 1, 32, 2, little(4, -1)), plain(1, 1, 32, 3, little(4, Float.floatToIntBits(0.5f))))) {
            Files.write(file, wrong);
            BadFileException e = assertThrows(BadFileException.class, () -> LabelMap.read(file));
            assertTrue(e.getMessage().startsWith(file + ": TIFF: its numbers go from "), e.getMessage());
            assertTrue(e.getMessage().contains("labels are whole numbers of 0 to 2147483647"), e.getMessage());
        }
    }

    /** However many pages ImageJ's text claims, there are as many as the file has bytes for; none of them is kept. */
    @Test
    void pagesThatATextClaims(@TempDir Path directory) throws Exception {
        byte[] text = "ImageJ=1.54\nimages=999999999\n\0".getBytes(StandardCharsets.US_ASCII);
        byte[] strip = new byte[text.length + 50];
        System.arraycopy(text, 0, strip, 0, text.length);
        strip[text.length + 49] = 7;
        int data = 8 + 2 + 12 * 10 + 4;
        byte[] file = plain(2, 1, 8, 1, strip, new int[] {270, 2, text.length, data}, new int[] {279, 4, 1, 2});
        // The pixels stand behind the text.
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(8 + 2 + 12 * 6 + 8, data + text.length);
        Path stack = directory.resolve("stack.tif");
        Files.write(stack, file);
        assertEquals(25, Image.pages(stack));
        assertEquals(7, Image.read(stack, 24).sample(1, 0, 0));
        assertThrows(BadInputException.class, () -> Image.read(stack, 25));
    }

    /** Directories, strips and codes of white rows cost work each, however little there is of them. */
    @Test
    void whatLiesOnOneAnotherIsRefused() {
        byte[] directories = new byte[200_000];
        Arrays.fill(directories, (byte) ' ');
        ByteBuffer b = ByteBuffer.wrap(directories).order(ByteOrder.LITTLE_ENDIAN).put((byte) 'I').put((byte) 'I')
                .putShort((short) 42).putInt(8);
        for (int at = 8, next = at + 2 + 12 * 0x2020; next < directories.length - 4; at += 4, next += 4) {
            b.putInt(next, at + 4);
        }
        refused("on those of another", directories);
        ByteBuffer places = ByteBuffer.allocate(2 * 64 * 4).order(ByteOrder.LITTLE_ENDIAN);
        int data = 8 + 2 + 12 * 9 + 4;
        byte[][] files = new byte[2][];
        for (int count : new int[] {8, 400}) {
            for (int i = 0; i < 64; i++) {
                places.putInt(4 * i, 0).putInt(256 + 4 * i, count);
            }
            files[count / 400] = plain(8, 64, 8, 1, places.array(), new int[] {273, 4, 64, 0}, new int[] {278, 4, 1, 1},
                    new int[] {279, 4, 64, data + 256});
        }
        assertEquals(42, Image.read(files[0], "x").sample(2, 63, 0), "alike strips may lie at one place");
        refused("its strips or tiles have 25600 bytes, the file has 634", files[1]);
        refused("not genuine", plain(65_535, 2000, 1, 1, new byte[50], new int[] {259, 3, 1, 4}));
    }

    /** A file of many strips that all lie at the same place would stand for more than it can hold. */
    @Test
    void aSmallFileCanNotStandForALargePicture() {
        refused("not genuine", plain(20_000, 20_000, 8, 1, new byte[1000]));
        byte[] shared = plain(1000, 1000, 8, 1, new byte[1000], new int[] {278, 4, 1, 1});
        refused("of 1000 strips", shared);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rgb5.tif", "rgb10.tif", "f4little.tif", "pillowjpeg.tif", "bits12.tif", "group4.tif",
        "group3mixed.tif"})
    void everyTruncationAndFlippedByteIsAnErrorOrAPicture(String name) {
        byte[] file = resource(name);
        Image whole = Image.read(file, name);
        for (int length = 0; length < file.length; length++) {
            try {
                assertEquals(0, Pictures.difference(whole, Image.read(Arrays.copyOf(file, length), "cut")), "cut to " + length);
            } catch (BadFileException e) {
                assertEquals(1, e.getMessage().lines().count());
            }
        }
        for (int i = 4; i < file.length; i++) {
            byte[] flipped = file.clone();
            flipped[i] ^= (byte) (1 << i % 8);
            try {
                Image.read(flipped, "flipped");
            } catch (BadFileException e) {
                assertEquals(1, e.getMessage().lines().count());
            }
        }
    }

    @Test
    void onlyTheTilesUnderAWindowAreRead() {
        byte[] file = resource("rgb1.tif");
        TiffPage page = new TiffDecoder("a", file).page(0);
        var whole = page.window(0, 0, 7, 5);
        var part = page.window(2, 1, 4, 3);
        assertEquals("[3, 4, 3]", part.shape().toString());
        for (int i = 0; i < 36; i++) {
            assertEquals(whole.getLong(((1 + i / 12) * 7L + 2 + i / 3 % 4) * 3 + i % 3), part.getLong(i));
        }
        TiffDecoder twelve = new TiffDecoder("a", resource("bits12.tif"));
        assertEquals(1, twelve.pages());
        assertEquals(12, twelve.page(0).bits());
    }

    @Test
    void pagesAndPicturesAreCounted(@TempDir Path directory) throws Exception {
        for (String name : new String[] {"imagej.tif", "hyperstack.tif", "ome.tif", "omeczt.tif"}) {
            Path file = directory.resolve(name);
            Files.write(file, resource(name));
            assertEquals(6, Image.pages(file));
            assertEquals(2, Image.pictures(file));
            assertThrows(BadInputException.class, () -> Image.read(file, 6));
            assertThrows(BadInputException.class, () -> Image.read(file, 2, 1));
            assertThrows(BadInputException.class, () -> Image.read(file, 0, 4));
            assertThrows(BadInputException.class, () -> Image.read(file, 0, 1, 2));
        }
        Path five = directory.resolve("five.tif");
        Files.write(five, resource("five.tif"));
        assertEquals(1, Image.pages(five));
        assertTrue(assertThrows(BadFileException.class, () -> Image.read(five)).getMessage().contains("5 channels"));
        Path png = directory.resolve("a.png");
        Image.blank(1, 1, PixelFormat.GRAY8).writePng(png);
        assertEquals(1, Image.pages(png));
        assertThrows(BadInputException.class, () -> Image.read(png, 1));
    }
}
