package dev.kerf.image;

import dev.kerf.error.BadInputException;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Encodes PNG: 8- and 16-bit pixels as they are, and labels with a palette. Decoding gives the same samples back.
 */
final class Png {
    /** A tenth more than the usual level makes, in a fifth of its time. */
    private static final int INDEXED_LEVEL = 4;
    private static final int PIXELS_OF_CHUNK = 1 << 20;
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

    private Png() {
    }

    /** The image as a PNG file of the same channels and bits (blue-first ones as red-first). */
    static byte[] encode(Image image) {
        PixelFormat format = image.format();
        int colour = new int[] {0, 4, 2, 6}[format.channels() - 1];
        int unit = format.pixelBytes();
        byte[] row = new byte[image.width() * unit];
        byte[] above = new byte[row.length];
        PixelDeflater deflater = new PixelDeflater(unit);
        PngFilter filter = PngFilter.best(deflater, (y, into) -> row(image, y, into), image.height(), row.length, unit);
        Samples samples = new Samples(new Chunks(image.width(), image.height(), format.bits(), colour), deflater,
                row.length + 1);
        for (int y = 0; y < image.height(); y++) {
            row(image, y, row);
            samples.add(filter, row, above, unit);
            byte[] swap = above;
            above = row;
            row = swap;
        }
        return samples.end();
    }

    /** A row's bytes in the order of the file. */
    private static void row(Image image, int y, byte[] row) {
        PixelFormat format = image.format();
        if (format.isBlueFirst()) {
            for (int i = 0; i < row.length; i++) {
                row[i] = (byte) image.sample(i / format.channels(), y, i % format.channels());
            }
            return;
        }
        MemorySegment.copy(image.data(), ValueLayout.JAVA_BYTE, y * image.rowStride(), row, 0, row.length);
        for (int i = 0; format.bits() == 16 && i < row.length; i += 2) {
            // In memory the low byte comes first, in the file the high one.
            byte low = row[i];
            row[i] = row[i + 1];
            row[i + 1] = low;
        }
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
        Chunks png = new Chunks(width, height, depth, 3);
        byte[] colours = new byte[palette.length * 3];
        for (int i = 0; i < palette.length; i++) {
            colours[3 * i] = (byte) (palette[i] >> 16);
            colours[3 * i + 1] = (byte) (palette[i] >> 8);
            colours[3 * i + 2] = (byte) palette[i];
        }
        png.add("PLTE", colours, colours.length);
        Indices pixels = new Indices(png);
        byte[] row = new byte[1 + (int) (((long) width * depth + 7) / 8)];
        for (int y = 0; y < height; y++) {
            // Neighbouring indices say nothing about each other by value: no filter.
            if (pack(indices, y * width, width, depth, row) >= palette.length) {
                requireColours(indices, y, width, palette.length);
            }
            pixels.add(row);
        }
        return pixels.end();
    }

    private static void requireColours(byte[] indices, int y, int width, int colours) {
        for (int x = 0; x < width; x++) {
            int v = indices[y * width + x] & 0xFF;
            if (v >= colours) {
                throw new BadInputException("index " + v + " at column " + x + ", row " + y + " of a palette of " + colours);
            }
        }
    }

    /**
     * Puts a row's indices of so many bits behind the row's first byte, the first index in the highest bits; returns all bits
     * that occur in any of them.
     */
    private static int pack(byte[] indices, int from, int width, int depth, byte[] row) {
        int together = 8 / depth;
        int all = 0;
        for (int x = 0, at = 1; x < width; x += together, at++) {
            int bits = 0;
            int end = Math.min(width, x + together);
            for (int k = x; k < end; k++) {
                int v = indices[from + k] & 0xFF;
                all |= v;
                bits = bits << depth | v;
            }
            row[at] = (byte) (bits << depth * (x + together - end));
        }
        return all;
    }

    /** The file as it grows. */
    private static final class Chunks {
        private final ByteArrayOutputStream file = new ByteArrayOutputStream(PIXELS_OF_CHUNK / 2);

        Chunks(int width, int height, int depth, int colour) {
            file.writeBytes(SIGNATURE);
            byte[] header = new byte[13];
            for (int i = 0; i < 4; i++) {
                header[i] = (byte) (width >> (24 - 8 * i));
                header[4 + i] = (byte) (height >> (24 - 8 * i));
            }
            header[8] = (byte) depth;
            header[9] = (byte) colour;
            add("IHDR", header, header.length);
        }

        void add(String type, byte[] data, int length) {
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

        byte[] end() {
            add("IEND", new byte[0], 0);
            return file.toByteArray();
        }
    }

    /** Rows of indices, which repeat each other: zlib finds more of that. */
    private static final class Indices {
        private final Chunks file;
        private final Deflater deflater = new Deflater(INDEXED_LEVEL);
        private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
        private final byte[] buffer = new byte[1 << 14];

        Indices(Chunks file) {
            this.file = file;
        }

        void add(byte[] row) {
            deflater.setInput(row);
            drain();
        }

        private void drain() {
            int n = deflater.deflate(buffer);
            while (n > 0) {
                waiting.write(buffer, 0, n);
                if (waiting.size() >= PIXELS_OF_CHUNK) {
                    flush();
                }
                n = deflater.deflate(buffer);
            }
        }

        private void flush() {
            file.add("IDAT", waiting.toByteArray(), waiting.size());
            waiting.reset();
        }

        byte[] end() {
            deflater.finish();
            drain();
            deflater.end();
            if (waiting.size() > 0) {
                flush();
            }
            return file.end();
        }
    }

    /** Rows of samples, collected to blocks. */
    private static final class Samples {
        /** How a stream of deflate begins (RFC 1950) that was made in a hurry. */
        private static final int ZLIB = 0x7801;

        private final Chunks file;
        private final PixelDeflater deflater;
        private final Adler32 sum = new Adler32();
        private final int rowBytes;
        private final byte[] block;
        private int held;

        Samples(Chunks file, PixelDeflater deflater, int rowBytes) {
            this.file = file;
            this.deflater = deflater;
            this.rowBytes = rowBytes;
            // A row that is longer than a block goes in several.
            this.block = new byte[Math.max(PixelDeflater.BLOCK, rowBytes) + PixelDeflater.SLACK];
            deflater.put(ZLIB, 2);
        }

        void add(PngFilter filter, byte[] row, byte[] above, int unit) {
            if (held + rowBytes > block.length - PixelDeflater.SLACK) {
                flush(false);
            }
            filter.apply(row, above, unit, block, held);
            held += rowBytes;
        }

        private void flush(boolean end) {
            sum.update(block, 0, held);
            int whole = Math.min(held, PixelDeflater.BLOCK);
            for (int at = 0; at < held; at += whole) {
                // What begins in a row's middle is aligned to its first byte, as all rows are.
                int n = Math.min(whole, held - at);
                System.arraycopy(block, at, block, 0, at == 0 ? 0 : n);
                deflater.add(block, Math.min(rowBytes, PixelDeflater.BLOCK), n, end && at + n == held);
                if (deflater.size() >= PIXELS_OF_CHUNK) {
                    chunk();
                }
            }
            held = 0;
        }

        private void chunk() {
            ByteBuffer made = deflater.take();
            file.add("IDAT", made.array(), made.limit());
        }

        byte[] end() {
            flush(true);
            deflater.put((int) sum.getValue(), Integer.BYTES);
            chunk();
            return file.end();
        }
    }
}
