package dev.kerf.image;

import dev.kerf.error.BadInputException;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Encodes PNG: 8- and 16-bit pixels as they are, and labels with a palette. Decoding gives the same samples back.
 */
final class Png {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

    private Png() {
    }

    /** The image as a PNG file of the same channels and bits (blue-first ones as red-first). */
    static byte[] encode(Image image) {
        PixelFormat format = image.format();
        int colour = new int[] {0, 4, 2, 6}[format.channels() - 1];
        Stream png = new Stream(image.width(), image.height(), format.bits(), colour);
        byte[] row = new byte[image.width() * format.pixelBytes()];
        Filter filter = new Filter(row.length, format.pixelBytes());
        for (int y = 0; y < image.height(); y++) {
            if (format.isBlueFirst()) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = (byte) image.sample(i / format.channels(), y, i % format.channels());
                }
            } else {
                MemorySegment.copy(image.data(), ValueLayout.JAVA_BYTE, y * image.rowStride(), row, 0, row.length);
                for (int i = 0; format.bits() == 16 && i < row.length; i += 2) {
                    // In memory the low byte comes first, in the file the high one.
                    byte low = row[i];
                    row[i] = row[i + 1];
                    row[i + 1] = low;
                }
            }
            filter.apply(row, png);
        }
        return png.end();
    }

    /**
     * Labels as a palette PNG of 1, 2, 4 or 8 bits a pixel, whichever is the least that the palette's size needs.
     *
     * @param indices rows from the top, tightly packed; each less than {@code palette.length}
     * @param palette 1 to 256 colours, 0xRRGGBB
     * @throws BadInputException if an index is outside the palette or the array is of another size
     */
    static byte[] encodeIndexed(int width, int height, byte[] indices, int[] palette) {
        if (palette.length < 1 || palette.length > 256) {
            throw new BadInputException("a palette has 1 to 256 colours, not " + palette.length);
        } else if (width < 1 || height < 1 || indices.length != (long) width * height) {
            throw new BadInputException(indices.length + " indices for " + width + "x" + height + " pixels");
        }
        int depth = palette.length <= 2 ? 1 : palette.length <= 4 ? 2 : palette.length <= 16 ? 4 : 8;
        Stream png = new Stream(width, height, depth, 3);
        byte[] colours = new byte[palette.length * 3];
        for (int i = 0; i < palette.length; i++) {
            colours[3 * i] = (byte) (palette[i] >> 16);
            colours[3 * i + 1] = (byte) (palette[i] >> 8);
            colours[3 * i + 2] = (byte) palette[i];
        }
        png.chunk("PLTE", colours, colours.length);
        byte[] row = new byte[1 + (int) (((long) width * depth + 7) / 8)];
        for (int y = 0; y < height; y++) {
            Arrays.fill(row, (byte) 0);
            for (int x = 0; x < width; x++) {
                int v = indices[y * width + x] & 0xFF;
                if (v >= palette.length) {
                    throw new BadInputException("index " + v + " at column " + x + ", row " + y
                            + " of a palette of "
                            + palette.length);
                }
                long bit = (long) x * depth;
                row[1 + (int) (bit >> 3)] |= (byte) (v << (8 - depth - (int) (bit & 7)));
            }
            // Neighbouring indices say nothing about each other by value: no filter.
            png.compress(row);
        }
        return png.end();
    }

    /** The file as it grows. */
    private static final class Stream {
        private final ByteArrayOutputStream file = new ByteArrayOutputStream();
        private final ByteArrayOutputStream pixels = new ByteArrayOutputStream();
        private final Deflater deflater = new Deflater();
        private final byte[] buffer = new byte[1 << 16];

        Stream(int width, int height, int depth, int colour) {
            file.writeBytes(SIGNATURE);
            byte[] header = new byte[13];
            for (int i = 0; i < 4; i++) {
                header[i] = (byte) (width >> (24 - 8 * i));
                header[4 + i] = (byte) (height >> (24 - 8 * i));
            }
            header[8] = (byte) depth;
            header[9] = (byte) colour;
            chunk("IHDR", header, header.length);
        }

        void compress(byte[] row) {
            deflater.setInput(row);
            drain();
        }

        private void drain() {
            int n = deflater.deflate(buffer);
            while (n > 0) {
                pixels.write(buffer, 0, n);
                if (pixels.size() >= 1 << 20) {
                    flush();
                }
                n = deflater.deflate(buffer);
            }
        }

        private void flush() {
            byte[] data = pixels.toByteArray();
            chunk("IDAT", data, data.length);
            pixels.reset();
        }

        byte[] end() {
            deflater.finish();
            drain();
            deflater.end();
            if (pixels.size() > 0) {
                flush();
            }
            chunk("IEND", new byte[0], 0);
            return file.toByteArray();
        }

        void chunk(String type, byte[] data, int length) {
            byte[] name = type.getBytes(StandardCharsets.US_ASCII);
            CRC32 crc = new CRC32();
            crc.update(name);
            crc.update(data, 0, length);
            int32(length);
            file.writeBytes(name);
            file.write(data, 0, length);
            int32((int) crc.getValue());
        }

        private void int32(int v) {
            for (int shift = 24; shift >= 0; shift -= 8) {
                file.write(v >> shift);
            }
        }
    }

    /**
     * Chooses for each row the filter whose residues are smallest in sum, the heuristic that the PNG standard suggests.
     */
    private static final class Filter {
        private final int unit;
        private final byte[][] candidates;
        private final byte[] above;

        Filter(int rowBytes, int unit) {
            this.unit = unit;
            this.candidates = new byte[5][rowBytes + 1];
            this.above = new byte[rowBytes];
            for (int f = 0; f < 5; f++) {
                candidates[f][0] = (byte) f;
            }
        }

        void apply(byte[] row, Stream png) {
            long[] sums = new long[5];
            for (int i = 0; i < row.length; i++) {
                int v = row[i] & 0xFF;
                int left = i >= unit ? row[i - unit] & 0xFF : 0;
                int up = above[i] & 0xFF;
                int corner = i >= unit ? above[i - unit] & 0xFF : 0;
                candidates[0][i + 1] = (byte) v;
                candidates[1][i + 1] = (byte) (v - left);
                candidates[2][i + 1] = (byte) (v - up);
                candidates[3][i + 1] = (byte) (v - (left + up >> 1));
                candidates[4][i + 1] = (byte) (v - PngDecoder.paeth(left, up, corner));
                for (int f = 0; f < 5; f++) {
                    sums[f] += Math.abs(candidates[f][i + 1]);
                }
            }
            int best = 0;
            for (int f = 1; f < 5; f++) {
                best = sums[f] < sums[best] ? f : best;
            }
            png.compress(candidates[best]);
            System.arraycopy(row, 0, above, 0, row.length);
        }
    }
}
