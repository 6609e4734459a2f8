package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A mask as COCO's run-length code: the lengths of alternating runs of pixels outside and inside the mask, down the
 * columns from the left, the first run outside (and so perhaps of length 0). As in pycocotools' maskApi.
 *
 * <pre>{@code
 * RunLength cat = RunLength.encode(mask);
 * String counts = cat.toCocoString();                          // "counts" of a COCO segmentation
 * RunLength same = RunLength.ofCocoString(640, 480, counts);
 * cat.iou(other, false);                                       // without decoding
 * }</pre>
 */
public final class RunLength {
    private final int width;
    private final int height;
    private final int[] counts;

    private RunLength(int width, int height, int[] counts) {
        this.width = width;
        this.height = height;
        this.counts = counts;
    }

    /**
     * A mask of the given run lengths, as in COCO's uncompressed form. Runs that one of length 0 parts become one, so that
     * equal masks have equal codes.
     *
     * @throws BadInputException if one is negative or they don't add up to {@code width * height}
     */
    public static RunLength of(int width, int height, int[] counts) {
        long pixels = pixels(width, height);
        long sum = 0;
        Runs runs = new Runs();
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] < 0) {
                throw new BadInputException("run " + i + " of a run-length code has length " + counts[i]);
            } else if (counts[i] > 0) {
                runs.add((i & 1) != 0, counts[i]);
            }
            sum += counts[i];
        }
        if (sum != pixels) {
            throw new BadInputException("the runs add up to " + sum + " pixels, " + width + "x" + height + " has "
                    + pixels);
        }
        return new RunLength(width, height, runs.end());
    }

    private static long pixels(int width, int height) {
        long pixels = (long) width * height;
        if (width < 1 || height < 1 || pixels > Integer.MAX_VALUE) {
            throw new BadInputException("a run-length code of " + width + "x" + height
                    + " pixels; sizes from 1 to 2^31 - 1 "
                    + "pixels are possible");
        }
        return pixels;
    }

    /** The code of a mask. What changes from a row to the next is looked for, which takes little longer than reading the mask. */
    public static RunLength encode(Mask mask) {
        return encode(mask.width(), mask.height(), MemorySegment.ofArray(mask.pixels()));
    }

    /**
     * The code of a mask that lies in memory, which isn't copied.
     *
     * @param pixels row by row, a byte each: 1 inside and 0 outside
     * @throws BadInputException if there are fewer or more of them
     */
    public static RunLength encode(int width, int height, MemorySegment pixels) {
        if (pixels.byteSize() != pixels(width, height)) {
            throw new BadInputException(pixels.byteSize() + " bytes for a mask of " + width + "x" + height + " pixels");
        }
        return new Changes(width, height, pixels).code();
    }

    /** Pixels that differ from the one before them in the code's order, found row by row and then put in that order. */
    private static final class Changes {
        private final MemorySegment pixels;
        private final int width;
        private final int height;
        /** Changes in each column. */
        private final int[] ofColumn;
        /** Indices of the pixels, in the rows' order. */
        private int[] found = new int[1024];
        private int size;

        Changes(int width, int height, MemorySegment pixels) {
            this.pixels = pixels;
            this.width = width;
            this.height = height;
            this.ofColumn = new int[width];
        }

        RunLength code() {
            for (int x = 0; x < width; x++) {
                // Before a column lies the lower end of the one before it.
                int before = x == 0 ? 0 : at((height - 1) * width + x - 1);
                if (at(x) != before) {
                    add(x, x);
                }
            }
            for (int y = 1, row = width; y < height; y++, row += width) {
                for (int x = next(row, 0); x < width; x = next(row, x)) {
                    for (; x < width && at(row + x) != at(row - width + x); x++) {
                        add(row + x, x);
                    }
                }
            }
            return new RunLength(width, height, counts());
        }

        /** The first column from one on in which a row isn't as the one above; the width if there is none. */
        private int next(int row, int x) {
            long d = MemorySegment.mismatch(pixels, row + x, row + width, pixels, row - width + x, row);
            return d < 0 ? width : x + (int) d;
        }

        private byte at(int pixel) {
            return pixels.get(ValueLayout.JAVA_BYTE, pixel);
        }

        private void add(int pixel, int x) {
            if (size == found.length) {
                found = Arrays.copyOf(found, 2 * size);
            }
            found[size++] = pixel;
            ofColumn[x]++;
        }

        private int[] counts() {
            int first = 0;
            for (int x = 0; x < width; x++) {
                int own = ofColumn[x];
                ofColumn[x] = first;
                first += own;
            }
            int[] counts = new int[size + 1];
            for (int i = 0; i < size; i++) {
                int x = found[i] % width;
                counts[ofColumn[x]++] = x * height + found[i] / width;
            }
            counts[size] = width * height;
            for (int i = size; i > 0; i--) {
                counts[i] -= counts[i - 1];
            }
            return counts;
        }
    }

    /**
     * Reads the compressed form. Each number is written in groups of five bits, lowest first, in characters from '0':
     * bit 5 says that more follow, bit 4 of the last is the sign. From the fourth on, numbers are differences from the
     * one two before.
     *
     * @throws BadInputException if the string isn't of this form or its runs don't add up to {@code width * height}
     */
    public static RunLength ofCocoString(int width, int height, String s) {
        long pixels = pixels(width, height);
        int[] out = new int[s.length()];
        int n = 0;
        long sum = 0;
        for (int p = 0; p < s.length(); n++) {
            long value = 0;
            int shift = 0;
            boolean more = true;
            int start = p;
            while (more) {
                int c = p < s.length() ? s.charAt(p) - 48 : -1;
                if (c < 0 || c > 63 || shift > 35) {
                    throw new BadInputException("the run-length code is malformed at character "
                            + (p < s.length() ? p : start));
                }
                value |= (long) (c & 0x1F) << shift;
                shift += 5;
                more = (c & 0x20) != 0;
                if (!more && (c & 0x10) != 0) {
                    value |= -1L << shift;
                }
                p++;
            }
            value += n > 2 ? out[n - 2] : 0;
            sum += value;
            if (value < 0 || sum > pixels) {
                throw new BadInputException("run " + n + " of the run-length code has length " + value + ", past the "
                        + pixels + " pixels of " + width + "x" + height);
            }
            out[n] = (int) value;
        }
        return of(width, height, Arrays.copyOf(out, n));
    }

    /** The compressed form, as {@link #ofCocoString} reads it: the same characters that pycocotools writes. */
    public String toCocoString() {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < counts.length; i++) {
            long x = i > 2 ? (long) counts[i] - counts[i - 2] : counts[i];
            boolean more = true;
            while (more) {
                int c = (int) (x & 0x1F);
                x >>= 5;
                more = (c & 0x10) != 0 ? x != -1 : x != 0;
                s.append((char) (48 + (more ? c | 0x20 : c)));
            }
        }
        return s.toString();
    }

    /**
     * Rasterises polygons and unites them, bit for bit as pycocotools does. Within one polygon the even-odd rule holds.
     *
     * @param polygons each x, y of the first corner, of the second, and so on, at least three; the last is joined to
     *                 the first; in pixels, 0 being the left or top edge of the first
     * @throws BadInputException if one has fewer corners, an odd number of coordinates or one past 10^7 or not finite, or
     *                           their edges cross more than 2^24 columns of pixels in all
     */
    public static RunLength ofPolygons(int width, int height, List<double[]> polygons) {
        pixels(width, height);
        PolygonFill fill = new PolygonFill(width, height);
        Deque<RunLength> parts = new ArrayDeque<>();
        parts.add(new RunLength(width, height, new int[] {width * height}));
        for (double[] polygon : polygons) {
            parts.add(new RunLength(width, height, fill.runs(polygon)));
        }
        // In pairs, so that each run is copied as often as the number of polygons can be halved.
        while (parts.size() > 1) {
            parts.add(parts.remove().union(parts.remove()));
        }
        return parts.remove();
    }

    /** The mask itself. */
    public Mask decode() {
        Mask mask = Mask.empty(width, height);
        int at = 0;
        for (int i = 0; i < counts.length; i++) {
            for (int end = at + counts[i]; at < end; at++) {
                if ((i & 1) != 0) {
                    mask.set(at / height, at % height, true);
                }
            }
        }
        return mask;
    }

    /**
     * The same pixels in a larger image, of which this mask's is a part.
     *
     * @param left first column of the part
     * @param top  first row of the part
     * @throws BadInputException if the part doesn't lie in the image
     */
    public RunLength placed(int left, int top, int columns, int rows) {
        pixels(columns, rows);
        if (left < 0 || top < 0 || width > columns - left || height > rows - top) {
            throw new BadInputException("a part of " + width + "x" + height + " pixels at " + left + ", " + top
                    + " of an image of " + columns + "x" + rows);
        }
        Runs runs = new Runs();
        runs.add(false, left * rows);
        int at = 0;
        for (int i = 0; i < counts.length; i++) {
            for (int end = at + counts[i]; at < end;) {
                int row = at % height;
                int step = Math.min(end - at, height - row);
                if (row == 0) {
                    runs.add(false, top);
                }
                runs.add((i & 1) != 0, step);
                if (row + step == height) {
                    runs.add(false, rows - top - height);
                }
                at += step;
            }
        }
        runs.add(false, (columns - left - width) * rows);
        return new RunLength(columns, rows, runs.end());
    }

    /** Columns. */
    public int width() {
        return width;
    }

    /** Rows. */
    public int height() {
        return height;
    }

    /** The run lengths, copied: COCO's uncompressed form. */
    public int[] counts() {
        return counts.clone();
    }

    /** Number of pixels in the mask. */
    public long area() {
        long n = 0;
        for (int i = 1; i < counts.length; i += 2) {
            n += counts[i];
        }
        return n;
    }

    /** The smallest box around the mask; {@link Box#EMPTY} around none. */
    public Box bounds() {
        int left = width;
        int right = -1;
        int top = height;
        int bottom = -1;
        int at = 0;
        for (int i = 0; i < counts.length; i++) {
            int end = at + counts[i];
            if ((i & 1) != 0 && end > at) {
                int last = (end - 1) / height;
                left = Math.min(left, at / height);
                right = Math.max(right, last);
                boolean over = at / height != last;
                top = over ? 0 : Math.min(top, at % height);
                bottom = over ? height - 1 : Math.max(bottom, (end - 1) % height);
            }
            at = end;
        }
        return right < 0 ? Box.EMPTY : new Box(left, top, right - left + 1, bottom - top + 1);
    }

    /** The pixels in either mask. */
    public RunLength union(RunLength other) {
        return merge(other, false);
    }

    /** The pixels in both masks. */
    public RunLength intersection(RunLength other) {
        return merge(other, true);
    }

    /**
     * Intersection over union; 0 where they don't meet, also of two empty masks, as in pycocotools.
     *
     * @param crowd whether {@code other} is a crowd region: then the denominator is this mask's area alone
     */
    public double iou(RunLength other, boolean crowd) {
        long both = intersection(other).area();
        if (both == 0) {
            return 0;
        }
        return (double) both / (crowd ? area() : area() + other.area() - both);
    }

    private RunLength merge(RunLength other, boolean both) {
        if (other.width != width || other.height != height) {
            throw new BadInputException("masks of " + width + "x" + height + " and " + other.width + "x"
                    + other.height);
        }
        Runs runs = new Runs();
        int i = -1;
        int j = -1;
        int a = 0;
        int b = 0;
        while (true) {
            while (a == 0 && i + 1 < counts.length) {
                a = counts[++i];
            }
            while (b == 0 && j + 1 < other.counts.length) {
                b = other.counts[++j];
            }
            int step = Math.min(a, b);
            if (step == 0) {
                return new RunLength(width, height, runs.end());
            }
            boolean inA = (i & 1) != 0;
            boolean inB = (j & 1) != 0;
            runs.add(both ? inA && inB : inA || inB, step);
            a -= step;
            b -= step;
        }
    }

    /** Runs as they grow. */
    private static final class Runs {
        private int[] counts = new int[16];
        private int last;

        void add(boolean in, int length) {
            if (length == 0) {
                return;
            }
            if (in != ((last & 1) != 0)) {
                last++;
                if (last == counts.length) {
                    counts = Arrays.copyOf(counts, 2 * last);
                }
            }
            counts[last] += length;
        }

        int[] end() {
            return Arrays.copyOf(counts, last + 1);
        }
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof RunLength r && r.width == width && r.height == height && Arrays.equals(r.counts, counts);
    }

    @Override
    public int hashCode() {
        return 31 * width + Arrays.hashCode(counts);
    }

    /** Size and code, such as {@code 3x2 "132"}. */
    @Override
    public String toString() {
        return width + "x" + height + " \"" + toCocoString() + "\"";
    }
}
