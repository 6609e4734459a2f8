package dev.kerf.image;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.stream.IntStream;

/**
 * Copies the numbers of an unpacked strip or tile to windows of the page.
 *
 * @param left     column of its first pixel
 * @param top      row of its first pixel
 * @param width    columns of it that lie in the page
 * @param height   rows of it that lie in the page
 * @param rowBytes from row to row
 * @param bands    samples of a pixel that lie beside each other
 * @param bits     of a sample as it is stored
 * @param type     of a sample as it is given
 * @param little   the file's byte order
 */
record TiffCopy(long left, long top, int width, int height, long rowBytes, int bands, int bits, DType type, boolean little) {
    private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;

    /** A row's part that lies in the window: {@code n} pixels from a column of the strip or tile on, to a pixel of the window. */
    private interface Run {
        void of(long column, long row, long to, int n);
    }

    private void each(HostTensor out, int x, int y, Run run) {
        int w = out.shape().size(1);
        long fromX = Math.max(x, left);
        int n = (int) (Math.min((long) x + w, left + width) - fromX);
        for (long row = Math.max(y, top); row < Math.min((long) y + out.shape().size(0), top + height) && n > 0; row++) {
            run.of(fromX - left, row - top, (row - y) * w + fromX - x, n);
        }
    }

    /**
     * Copies what lies in the window at (x, y).
     *
     * @param out    the window, (height, width, bands that are chosen)
     * @param plane  the band that all of it is of; -1 where the bands lie beside each other
     * @param chosen bands of the page, in their order in the window
     */
    void copy(MemorySegment from, HostTensor out, int x, int y, int plane, int[] chosen) {
        int size = type.bytes();
        boolean all = plane < 0 && chosen.length == bands && IntStream.range(0, bands).allMatch(i -> chosen[i] == i);
        each(out, x, y, (column, row, to, n) -> {
            long line = row * rowBytes;
            if (all && bits % 8 == 0 && (size == 1 || little)) {
                MemorySegment.copy(from, U8, line + column * bands * size, out.data(), U8, to * bands * size,
                        (long) n * bands * size);
                return;
            }
            for (int o = 0; o < chosen.length; o++) {
                if (plane >= 0 && chosen[o] != plane) {
                    continue;
                }
                long sample = column * bands + (plane >= 0 ? 0 : chosen[o]);
                long target = (to * chosen.length + o) * size;
                if (bits % 8 == 0) {
                    samples(from, line + sample * size, out.data(), target, n, chosen.length);
                } else {
                    parts(from, 8 * line + sample * bits, out.data(), target, n, chosen.length);
                }
            }
        });
    }

    /** Whole bytes. */
    private void samples(MemorySegment from, long at, MemorySegment out, long to, int n, int step) {
        ByteOrder order = little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        int size = type.bytes();
        switch (size) {
            case 1 -> {
                for (int i = 0; i < n; i++) {
                    out.set(U8, to + (long) i * step, from.get(U8, at + (long) i * bands));
                }
            }
            case 2 -> {
                var stored = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order);
                var given = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < n; i++) {
                    out.set(given, to + 2L * i * step, from.get(stored, at + 2L * i * bands));
                }
            }
            case 4 -> {
                var stored = ValueLayout.JAVA_INT_UNALIGNED.withOrder(order);
                var given = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < n; i++) {
                    out.set(given, to + 4L * i * step, from.get(stored, at + 4L * i * bands));
                }
            }
            default -> {
                var stored = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order);
                var given = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < n; i++) {
                    out.set(given, to + 8L * i * step, from.get(stored, at + 8L * i * bands));
                }
            }
        }
    }

    /** Bits, highest first. */
    private void parts(MemorySegment from, long bit, MemorySegment out, long to, int n, int step) {
        for (int i = 0; i < n; i++) {
            int v = 0;
            long first = bit + (long) i * bands * bits;
            for (long k = first; k < first + bits; k++) {
                v = v << 1 | from.get(U8, k >> 3) >> 7 - (int) (k & 7) & 1;
            }
            long place = to + (long) i * step * type.bytes();
            out.set(U8, place, (byte) v);
            if (type.bytes() == 2) {
                out.set(U8, place + 1, (byte) (v >> 8));
            }
        }
    }

    /** Sets what lies in the window at (x, y) to a number, as {@link #copy} copies it. */
    void fill(double value, HostTensor out, int x, int y, int plane, int[] chosen) {
        if (value == 0) {
            return;
        }
        each(out, x, y, (_, _, to, n) -> {
            for (int o = 0; o < chosen.length; o++) {
                for (int i = 0; i < n && (plane < 0 || chosen[o] == plane); i++) {
                    out.setDouble((to + i) * chosen.length + o, value);
                }
            }
        });
    }
}
