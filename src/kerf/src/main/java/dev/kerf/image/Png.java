package dev.kerf.image;

import dev.kerf.error.BadInputException;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Encodes PNG: 8- and 16-bit pixels as they are, and labels with a palette. Decoding gives the same samples back.
 */
final class Png {
    /** Of indices: a tenth more than the usual level makes, in a fifth of its time. */
    private static final int INDEXED_LEVEL = 4;
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

    private Png() {
    }

    /** The image as a PNG file of the same channels and bits (blue-first ones as red-first). */
    static byte[] encode(Image image) {
        PixelFormat format = image.format();
        int colour = new int[] {0, 4, 2, 6}[format.channels() - 1];
        Stream png = new Stream(image.width(), image.height(), format.bits(), colour, Deflater.BEST_SPEED);
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
        Stream png = new Stream(width, height, depth, 3, INDEXED_LEVEL);
        byte[] colours = new byte[palette.length * 3];
        for (int i = 0; i < palette.length; i++) {
            colours[3 * i] = (byte) (palette[i] >> 16);
            colours[3 * i + 1] = (byte) (palette[i] >> 8);
            colours[3 * i + 2] = (byte) palette[i];
        }
        png.chunk("PLTE", colours, colours.length);
        byte[] row = new byte[1 + (int) (((long) width * depth + 7) / 8)];
        int together = 8 / depth;
        for (int y = 0; y < height; y++) {
            for (int at = 1, x = 0; x < width; at++) {
                int bits = 0;
                int end = Math.min(width, x + together);
                for (int shift = 8 - depth; x < end; x++, shift -= depth) {
                    int v = indices[y * width + x] & 0xFF;
                    if (v >= palette.length) {
                        throw new BadInputException("index " + v + " at column " + x + ", row " + y
                                + " of a palette of "
                                + palette.length);
                    }
                    bits |= v << shift;
                }
                row[at] = (byte) bits;
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
        private final Deflater deflater;
        private final byte[] buffer = new byte[1 << 16];

        /** @param level of compression: of samples, the least takes a fifth of the usual one's time for files that are a little larger */
        Stream(int width, int height, int depth, int colour, int level) {
            deflater = new Deflater(level);
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
     * Chooses for each row the filter whose residues are smallest in sum, the heuristic that the PNG standard suggests, by every
     * {@value #STEP}th byte; those that take the most time have to be better by an eighth.
     */
    private static final class Filter {
        private static final int FILTERS = 5;
        /** Has no factor in common with the bytes of a pixel, so that all channels are looked at. */
        private static final int STEP = 17;
        private static final int SLOW = 3;

        private final int unit;
        private final byte[] filtered;
        private final byte[] above;

        Filter(int rowBytes, int unit) {
            this.unit = unit;
            this.filtered = new byte[rowBytes + 1];
            this.above = new byte[rowBytes];
        }

        void apply(byte[] row, Stream png) {
            int best = best(row);
            filtered[0] = (byte) best;
            // What is left of the row is 0 to every filter.
            int head = Math.min(unit, row.length);
            for (int i = 0; i < head; i++) {
                filtered[i + 1] = residue(best, row[i] & 0xFF, 0, above[i] & 0xFF, 0);
            }
            switch (best) {
                case 0 -> System.arraycopy(row, head, filtered, head + 1, row.length - head);
                case 1 -> {
                    for (int i = unit; i < row.length; i++) {
                        filtered[i + 1] = (byte) (row[i] - row[i - unit]);
                    }
                }
                case 2 -> {
                    for (int i = unit; i < row.length; i++) {
                        filtered[i + 1] = (byte) (row[i] - above[i]);
                    }
                }
                default -> {
                    for (int i = unit; i < row.length; i++) {
                        filtered[i + 1] = residue(best, row[i] & 0xFF, row[i - unit] & 0xFF, above[i] & 0xFF,
                                above[i - unit] & 0xFF);
                    }
                }
            }
            png.compress(filtered);
            System.arraycopy(row, 0, above, 0, row.length);
        }

        private int best(byte[] row) {
            int best = 0;
            long least = Long.MAX_VALUE;
            for (int f = 0; f < FILTERS; f++) {
                long sum = 0;
                for (int i = 0; i < row.length; i += STEP) {
                    int left = i >= unit ? row[i - unit] & 0xFF : 0;
                    int corner = i >= unit ? above[i - unit] & 0xFF : 0;
                    sum += Math.abs(residue(f, row[i] & 0xFF, left, above[i] & 0xFF, corner));
                }
                if (f < SLOW ? sum < least : sum < least - least / 8) {
                    least = sum;
                    best = f;
                }
            }
            return best;
        }

        private static byte residue(int filter, int v, int left, int up, int corner) {
            return (byte) (v - switch (filter) {
                case 0 -> 0;
                case 1 -> left;
                case 2 -> up;
                case 3 -> left + up >> 1;
                default -> PngDecoder.paeth(left, up, corner);
            });
        }
    }
}
