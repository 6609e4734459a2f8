package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.Box;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import java.util.Arrays;

/**
 * The pixels of a mask that lie near its outline, for Boundary IoU: IoU of two masks' boundaries, which large objects
 * don't hide mistakes from (Cheng et al. 2021, "Boundary IoU: Improving object-centric image segmentation evaluation").
 */
final class Boundary {
    private static final int[] NONE = {};

    private Boundary() {
    }

    /**
     * How far from the outline a pixel may be: the ratio times the image's diagonal, rounded half to even, at least 1.
     *
     * @param ratio of the diagonal, more than 0 and at most 1
     */
    static int distance(int width, int height, double ratio) {
        if (!(ratio > 0 && ratio <= 1)) {
            throw new BadInputException("boundaries reach a share of the diagonal, more than 0 and at most 1, not "
                    + ratio);
        }
        return Math.max(1, (int) Math.rint(ratio * Math.sqrt((double) width * width + (double) height * height)));
    }

    /** The boundary of a mask, so many pixels wide, found by way of its runs. */
    static Mask of(Mask mask, int distance) {
        return of(RunLength.encode(mask), distance).decode();
    }

    /**
     * The mask's pixels from which one outside it, or outside the picture, is at most so many rows and columns away. Takes
     * time and memory in proportion to the runs and the columns that they cross, whatever the picture's size.
     *
     * @param distance in pixels, at least 1
     */
    static RunLength of(RunLength mask, int distance) {
        Box box = mask.bounds();
        if (Math.min(box.width(), box.height()) <= 2L * distance) {
            return mask;
        }
        int window = 2 * distance + 1;
        // Of a column the rows that are inside in it and so many columns to the right: twice as many each time.
        int[][] inside = shortened(mask, box, distance);
        int columns = 1;
        for (; 2 * columns <= window; columns *= 2) {
            meet(inside, columns);
        }
        meet(inside, window - columns);
        Runs inner = new Runs();
        for (int x = 0; x < inside.length; x++) {
            int top = (box.x() + distance + x) * mask.height();
            for (int i = 0; i < inside[x].length; i += 2) {
                inner.add(top + inside[x][i], top + inside[x][i + 1]);
            }
        }
        return mask.intersection(outside(inner.code(mask.width(), mask.height())));
    }

    /** Of each column of the box the first row and the one behind the last of each run, less the distance at both ends. */
    private static int[][] shortened(RunLength mask, Box box, int distance) {
        int h = mask.height();
        int[] counts = mask.counts();
        int[][] out = new int[box.width()][];
        Arrays.fill(out, NONE);
        int[] rows = new int[16];
        int n = 0;
        int column = 0;
        int at = 0;
        for (int i = 0; i < counts.length; i++) {
            int end = at + counts[i];
            for (int from = at; (i & 1) != 0 && from < end;) {
                int top = from % h;
                int bottom = Math.min(h, top + end - from);
                if (from / h - box.x() != column) {
                    out[column] = Arrays.copyOf(rows, n);
                    column = from / h - box.x();
                    n = 0;
                }
                if (bottom - top > 2 * distance) {
                    rows = n < rows.length ? rows : Arrays.copyOf(rows, 2 * n);
                    rows[n++] = top + distance;
                    rows[n++] = bottom - distance;
                }
                from += bottom - top;
            }
            at = end;
        }
        out[column] = Arrays.copyOf(rows, n);
        return out;
    }

    /** Leaves of each column what it has in common with the one so many to the right; nothing is beyond the last. */
    private static void meet(int[][] columns, int step) {
        for (int x = 0; x < columns.length; x++) {
            columns[x] = x + step < columns.length ? common(columns[x], columns[x + step]) : NONE;
        }
    }

    private static int[] common(int[] a, int[] b) {
        int[] out = new int[a.length + b.length];
        int n = 0;
        for (int i = 0, j = 0; i < a.length && j < b.length;) {
            int from = Math.max(a[i], b[j]);
            int to = Math.min(a[i + 1], b[j + 1]);
            if (from < to) {
                out[n++] = from;
                out[n++] = to;
            }
            if (a[i + 1] < b[j + 1]) {
                i += 2;
            } else {
                j += 2;
            }
        }
        return Arrays.copyOf(out, n);
    }

    /** The code of each class in a label map, found at one go. */
    static RunLength[] classes(LabelMap map, int classes) {
        if (classes < 0) {
            throw new BadInputException(classes + " classes");
        }
        int w = map.width();
        int h = map.height();
        int[] labels = map.toArray();
        Runs[] runs = new Runs[classes];
        for (int at = 0; at < labels.length; at++) {
            int label = labels[at % h * w + at / h];
            if (label >= 0 && label < classes) {
                runs[label] = runs[label] == null ? new Runs() : runs[label];
                runs[label].add(at, at + 1);
            }
        }
        return Arrays.stream(runs).map(r -> (r == null ? new Runs() : r).code(w, h)).toArray(RunLength[]::new);
    }

    /** The pixels that aren't in a mask. */
    static RunLength outside(RunLength mask) {
        int[] counts = mask.counts();
        int[] flipped = new int[counts.length + 1];
        System.arraycopy(counts, 0, flipped, 1, counts.length);
        return RunLength.of(mask.width(), mask.height(), flipped);
    }

    /** Runs as they are found, down the columns. */
    private static final class Runs {
        /** The first pixel and the one behind the last of each. */
        private int[] ends = new int[8];
        private int n;

        void add(int from, int to) {
            if (n > 0 && ends[n - 1] == from) {
                ends[n - 1] = to;
                return;
            }
            ends = n < ends.length ? ends : Arrays.copyOf(ends, 2 * n);
            ends[n++] = from;
            ends[n++] = to;
        }

        RunLength code(int width, int height) {
            int[] counts = new int[n + 1];
            for (int i = 0; i <= n; i++) {
                counts[i] = (i < n ? ends[i] : width * height) - (i > 0 ? ends[i - 1] : 0);
            }
            return RunLength.of(width, height, counts);
        }
    }
}
