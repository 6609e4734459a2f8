package dev.kerf.formats;

import dev.kerf.json.Json;
import dev.kerf.mask.Mask;
import java.io.ByteArrayOutputStream;

/**
 * A mask as Label Studio's brush keeps it: bits, highest first. 32 say how many values follow (four for each pixel, row by
 * row), 5 how long a value is less 1, four times 4 how long a run's length may be, less 1. Then for each run a 1, which of
 * the four lengths it has, its length less 1, and the value, 0 or 255.
 */
public final class BrushRle {
    private static final int CHANNELS = 4;
    private static final int VALUE_BITS = 8;
    private static final int[] LENGTH_BITS = {3, 4, 8, 16};

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int pending;
    private int bits;

    private BrushRle() {}

    /** The bytes, as the numbers that Label Studio wants. */
    public static Json of(Mask mask) {
        BrushRle out = new BrushRle();
        int pixels = mask.width() * mask.height();
        out.write(pixels * CHANNELS, 32);
        out.write(VALUE_BITS - 1, 5);
        for (int length : LENGTH_BITS) {
            out.write(length - 1, 4);
        }
        int from = 0;
        for (int i = 1; i <= pixels; i++) {
            if (i == pixels || in(mask, i) != in(mask, from)) {
                out.run((long) (i - from) * CHANNELS, in(mask, from) ? 255 : 0);
                from = i;
            }
        }
        if (out.bits > 0) {
            out.write(0, 8 - out.bits);
        }
        Json numbers = Json.array();
        for (byte b : out.bytes.toByteArray()) {
            numbers.add(b & 0xFF);
        }
        return numbers;
    }

    /**
     * Reads the bytes again; pixels of 128 or more belong to the mask.
     *
     * @param rle    numbers of 0 … 255
     * @param width  of the picture, in pixels
     * @param height of the picture, in pixels
     * @throws dev.kerf.error.BadFileException if they aren't of this form or of another size
     */
    public static Mask read(Json rle, int width, int height) {
        byte[] bytes = new byte[rle.size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) rle.at(i).asInt();
        }
        Bits in = new Bits(bytes, rle);
        long values = in.take(32);
        if (values != (long) width * height * CHANNELS) {
            throw rle.error("has " + values + " values, a picture of " + width + "x" + height + " has "
                    + (long) width * height * CHANNELS);
        }
        int size = (int) in.take(5) + 1;
        int[] lengths = new int[LENGTH_BITS.length];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = (int) in.take(4) + 1;
        }
        Mask mask = Mask.empty(width, height);
        for (long at = 0; at < values;) {
            boolean run = in.take(1) == 1;
            long count = in.take(lengths[(int) in.take(2)]) + 1;
            long value = run ? in.take(size) : 0;
            if (at + count > values) {
                throw rle.error("has more values than it says");
            }
            for (long end = at + count; at < end; at++) {
                value = run ? value : in.take(size);
                // Red, green and blue are as the fourth, which is how much there is.
                if (at % CHANNELS == CHANNELS - 1 && value >>> size - 1 != 0) {
                    int pixel = (int) (at / CHANNELS);
                    mask.set(pixel % width, pixel / width, true);
                }
            }
        }
        return mask;
    }

    /** Bits of bytes, the highest first. */
    private static final class Bits {
        private final byte[] bytes;
        private final Json where;
        private long at;

        Bits(byte[] bytes, Json where) {
            this.bytes = bytes;
            this.where = where;
        }

        long take(int count) {
            if (at + count > 8L * bytes.length) {
                throw where.error("ends before its last value");
            }
            long out = 0;
            for (int i = 0; i < count; i++, at++) {
                out = out << 1 | bytes[(int) (at >> 3)] >> 7 - (int) (at & 7) & 1;
            }
            return out;
        }
    }

    private static boolean in(Mask mask, int pixel) {
        return mask.get(pixel % mask.width(), pixel / mask.width());
    }

    private void run(long length, int value) {
        for (long left = length; left > 0;) {
            int now = (int) Math.min(left, 1 << LENGTH_BITS[3]);
            int size = 0;
            while (now > 1 << LENGTH_BITS[size]) {
                size++;
            }
            write(1, 1);
            write(size, 2);
            write(now - 1, LENGTH_BITS[size]);
            write(value, VALUE_BITS);
            left -= now;
        }
    }

    private void write(int value, int count) {
        for (int i = count - 1; i >= 0; i--) {
            pending = pending << 1 | value >>> i & 1;
            if (++bits == 8) {
                bytes.write(pending);
                pending = 0;
                bits = 0;
            }
        }
    }
}
