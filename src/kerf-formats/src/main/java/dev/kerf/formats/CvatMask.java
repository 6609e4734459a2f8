package dev.kerf.formats;

import dev.kerf.mask.Box;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import java.util.Arrays;

/**
 * A mask as CVAT has it: the box around it, and within that the lengths of runs row by row, the first of pixels outside.
 */
record CvatMask(int left, int top, int width, int height, int[] runs) {
    /** Null of an empty mask. */
    static CvatMask of(RunLength mask) {
        Box box = mask.bounds();
        if (box.width() == 0) {
            return null;
        }
        Mask pixels = mask.decode();
        int[] runs = new int[16];
        int n = 0;
        boolean in = false;
        int length = 0;
        for (int i = 0; i < box.width() * box.height(); i++) {
            if (pixels.get(box.x() + i % box.width(), box.y() + i / box.width()) != in) {
                runs = n == runs.length ? Arrays.copyOf(runs, 2 * n) : runs;
                runs[n++] = length;
                length = 0;
                in = !in;
            }
            length++;
        }
        runs = Arrays.copyOf(runs, n + 1);
        runs[n] = length;
        return new CvatMask(box.x(), box.y(), box.width(), box.height(), runs);
    }

    String text() {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < runs.length; i++) {
            out.append(i == 0 ? "" : ", ").append(runs[i]);
        }
        return out.toString();
    }

    /**
     * In a picture.
     *
     * @throws IllegalArgumentException if the box or the runs don't fit
     */
    RunLength in(int columns, int rows) {
        if (left < 0 || top < 0 || width < 1 || height < 1 || left + (long) width > columns || top + (long) height > rows) {
            throw new IllegalArgumentException("its box leaves the picture of " + columns + "x" + rows);
        }
        Mask out = Mask.empty(columns, rows);
        long at = 0;
        for (int i = 0; i < runs.length; i++) {
            if (runs[i] < 0 || at + runs[i] > (long) width * height) {
                throw new IllegalArgumentException("its runs leave its box");
            }
            for (long end = at + runs[i]; at < end; at++) {
                if ((i & 1) != 0) {
                    out.set(left + (int) (at % width), top + (int) (at / width), true);
                }
            }
        }
        if (at != (long) width * height) {
            throw new IllegalArgumentException("its runs have " + at + " pixels, its box " + (long) width * height);
        }
        return RunLength.encode(out);
    }
}
