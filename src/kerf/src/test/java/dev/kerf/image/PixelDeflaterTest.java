package dev.kerf.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PixelDeflaterTest {
    /** Few different pixels, many, runs of one, and what comes again from as far as deflate reaches, and from farther. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 6, 8})
    void zlibReadsItBack(int unit) throws DataFormatException {
        Random random = new Random(unit);
        for (int pixels : new int[] {1, 2, 7, 100, 5461, 20000 / unit}) {
            for (int kinds : new int[] {1, 2, 50, 100_000}) {
                byte[][] colours = new byte[kinds][unit];
                for (byte[] c : colours) {
                    random.nextBytes(c);
                }
                int row = 1 + pixels * unit;
                int rows = Math.max(1, Math.min(40, PixelDeflater.BLOCK / row));
                byte[] data = new byte[rows * row + PixelDeflater.SLACK];
                for (int y = 0; y < rows; y++) {
                    data[y * row] = (byte) (y % 5);
                    for (int x = 0; x < pixels; x++) {
                        System.arraycopy(colours[random.nextInt(kinds)], 0, data, y * row + 1 + x * unit, unit);
                    }
                    if (y % 7 == 6) {
                        System.arraycopy(data, (y - random.nextInt(6)) * row, data, y * row, row);
                    }
                }
                assertArrayEquals(Arrays.copyOf(data, rows * row), inflated(deflated(data, row, rows, unit), rows * row),
                        pixels + " pixels of " + kinds);
            }
        }
    }

    /** Counts that grow like Fibonacci's numbers want codes of one bit more for each symbol, more than deflate has. */
    @Test
    void noCodeIsTooLong() throws DataFormatException {
        int[] counts = new int[25];
        Arrays.setAll(counts, i -> 1);
        for (int i = 2; i < counts.length; i++) {
            counts[i] = counts[i - 1] + counts[i - 2];
        }
        HuffmanCode code = HuffmanCode.ofCounts(counts);
        assertEquals(HuffmanCode.LONGEST, IntStream.of(code.lengths()).max().orElseThrow());
        assertEquals(1 << HuffmanCode.LONGEST,
                IntStream.of(code.lengths()).map(l -> 1 << HuffmanCode.LONGEST - l).sum(), "all codes are used, none twice");
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < 24; i++) {
            for (int k = 0; k < counts[i]; k++) {
                all.write(i * 7);
            }
        }
        byte[] pixels = Arrays.copyOf(all.toByteArray(), PixelDeflater.BLOCK + PixelDeflater.SLACK);
        shuffle(pixels, all.size());
        assertArrayEquals(Arrays.copyOf(pixels, PixelDeflater.BLOCK),
                inflated(deflated(pixels, PixelDeflater.BLOCK, 1, 1), PixelDeflater.BLOCK));
    }

    private static void shuffle(byte[] bytes, int n) {
        Random random = new Random(3);
        for (int i = Math.min(n, PixelDeflater.BLOCK) - 1; i > 0; i--) {
            int k = random.nextInt(i + 1);
            byte b = bytes[i];
            bytes[i] = bytes[k];
            bytes[k] = b;
        }
    }

    @Test
    void oneSymbolHasACodeAndNoneHasOne() {
        assertArrayEquals(new int[] {1, 0, 1, 0}, HuffmanCode.ofCounts(new int[] {0, 0, 5, 0}).lengths());
        assertArrayEquals(new int[] {1, 1, 0, 0}, HuffmanCode.ofCounts(new int[] {3, 0, 0, 0}).lengths());
        assertArrayEquals(new int[] {1, 1, 0, 0}, HuffmanCode.ofCounts(new int[4]).lengths());
    }

    /** What repeats costs little, and what doesn't no more than it is. */
    @Test
    void repetitionsAreFound() {
        byte[] data = new byte[100 * 901 + PixelDeflater.SLACK];
        new Random(1).nextBytes(data);
        int noise = deflated(data, 901, 100, 3).length;
        assertTrue(noise < 100 * 901 * 1.01, noise + " bytes");
        for (int y = 1; y < 100; y++) {
            System.arraycopy(data, 0, data, y * 901, 901);
        }
        int repeated = deflated(data, 901, 100, 3).length;
        assertTrue(repeated < 3000, repeated + " bytes");
    }

    @Test
    void rowsLongerThanABlockComeBack() {
        Image wide = Pictures.random(150_001, 3, PixelFormat.RGB8, 2);
        Image flat = Image.blank(400_000, 2, PixelFormat.RGBA16);
        for (Image image : new Image[] {wide, flat}) {
            Image read = Image.read(Png.encode(image), "wide.png");
            assertArrayEquals(image.data().toArray(ValueLayout.JAVA_BYTE), read.data().toArray(ValueLayout.JAVA_BYTE));
        }
    }

    private static byte[] deflated(byte[] data, int row, int rows, int unit) {
        PixelDeflater deflater = new PixelDeflater(unit);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        // Two blocks where that is possible, the second being the last.
        int first = rows / 2;
        if (first > 0) {
            deflater.add(data, row, first * row, false);
            write(deflater.take(), out);
        }
        byte[] rest = Arrays.copyOfRange(data, first * row, data.length);
        deflater.add(rest, row, (rows - first) * row, true);
        write(deflater.take(), out);
        return out.toByteArray();
    }

    private static void write(ByteBuffer made, ByteArrayOutputStream out) {
        out.write(made.array(), 0, made.limit());
    }

    private static byte[] inflated(byte[] deflated, int bytes) throws DataFormatException {
        byte[] out = new byte[bytes + 1];
        try (Inflater inflater = new Inflater(true)) {
            inflater.setInput(deflated);
            int n = 0;
            for (int more = inflater.inflate(out); more > 0; more = inflater.inflate(out, n, out.length - n)) {
                n += more;
            }
            assertTrue(inflater.finished(), "it ends");
            assertEquals(0, inflater.getRemaining());
            return Arrays.copyOf(out, n);
        }
    }
}
