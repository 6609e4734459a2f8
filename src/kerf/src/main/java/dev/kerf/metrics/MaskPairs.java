package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.RunLength;
import dev.kerf.metrics.Overlaps.MaskSet;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * Counts on a device how masks in run-length code overlap. Runs become bits, down the columns as the code has them: any
 * order of the pixels counts alike. Counts of masks and pixels are rounded up, so that few shapes are compiled for a data
 * set of images of many sizes; what is added is empty. Where the bits would take more than 256 MiB, the runs are counted
 * on the host.
 */
final class MaskPairs {
    /** Pixels of the smallest plan. */
    private static final int FEWEST = 4096;
    /** Of the bits of all masks; past it a picture's size, which any file may claim, would cost more than its masks. */
    private static final long MOST_BYTES = 1L << 28;

    private final Overlaps overlaps;

    MaskPairs(Overlaps overlaps) {
        this.overlaps = overlaps;
    }

    /** Every mask of {@code a} with every one of {@code b}; at least one on each side. */
    Overlaps.Matrix measure(List<RunLength> a, List<RunLength> b) {
        RunLength first = a.getFirst();
        for (List<RunLength> side : List.of(a, b)) {
            for (RunLength m : side) {
                if (m.width() != first.width() || m.height() != first.height()) {
                    throw new BadInputException("masks of " + first.width() + "x" + first.height() + " and "
                            + m.width() + "x" + m.height() + " pixels can't be laid over each other");
                }
            }
        }
        long pixels = atLeast(Math.max(FEWEST, (long) first.width() * first.height()));
        if ((a.size() + b.size()) * (pixels / 8) > MOST_BYTES) {
            return byRuns(a, b);
        }
        return overlaps.measure(pack(a, pixels), pack(b, pixels));
    }

    private static Overlaps.Matrix byRuns(List<RunLength> a, List<RunLength> b) {
        long[] counts = new long[Math.toIntExact(4L * a.size() * b.size())];
        int at = 0;
        for (RunLength x : a) {
            for (RunLength y : b) {
                long both = x.intersection(y).area();
                counts[at++] = both;
                counts[at++] = x.area() + y.area() - both;
                counts[at++] = x.area();
                counts[at++] = y.area();
            }
        }
        return new Overlaps.Matrix(a.size(), b.size(), counts);
    }

    /** The next number 2^n or 3 · 2^n, so that sizes that differ little share a plan. */
    static long atLeast(long n) {
        long power = Long.highestOneBit(Math.max(n, 2));
        return n <= power ? power : n <= power / 2 * 3 ? power / 2 * 3 : 2 * power;
    }

    private static MaskSet pack(List<RunLength> masks, long pixels) {
        int row = Math.toIntExact(Math.ceilDiv(pixels, 8L));
        int rows = masks.size() == 1 ? 1 : Math.toIntExact(atLeast(masks.size()));
        HostTensor bits = HostTensor.zeros(DType.U8, Shape.of(rows, row));
        byte[] bytes = new byte[row];
        for (int i = 0; i < masks.size(); i++) {
            pack(masks.get(i).counts(), bytes);
            MemorySegment.copy(bytes, 0, bits.data(), ValueLayout.JAVA_BYTE, (long) i * row, row);
        }
        return MaskSet.bits(bits, pixels);
    }

    /** Sets the bits of every second run, the first pixel in the highest bit. */
    private static void pack(int[] runs, byte[] bytes) {
        Arrays.fill(bytes, (byte) 0);
        int at = 0;
        for (int i = 0; i < runs.length; i++) {
            int end = at + runs[i];
            if ((i & 1) != 0 && end > at) {
                int first = at >> 3;
                int last = end - 1 >> 3;
                int head = 0xFF >> (at & 7);
                int tail = 0xFF << (7 - (end - 1 & 7));
                if (first == last) {
                    bytes[first] |= (byte) (head & tail);
                } else {
                    bytes[first] |= (byte) head;
                    Arrays.fill(bytes, first + 1, last, (byte) 0xFF);
                    bytes[last] |= (byte) tail;
                }
            }
            at = end;
        }
    }
}
