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
