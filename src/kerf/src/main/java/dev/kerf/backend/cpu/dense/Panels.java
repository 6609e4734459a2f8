package dev.kerf.backend.cpu.dense;

import java.util.Arrays;

/**
 * Rows of coefficients cut into panels as high as {@link Tiles} have them, with as few rows of padding as can be: 64
 * rows are 4 panels of 12 and 2 of 8, or 5 of 12 and one of 4. A panel's coefficients lie in groups of a few rows, a group's k by k
 * ({@link Tiles#group}).
 */
final class Panels {
    /** The coefficient of a row at a place of the sum. */
    @FunctionalInterface
    interface Source {
        /** The number at row {@code row} and position {@code k} of the sum. */
        float at(int row, int k);
    }

    /** Rows without padding. */
    final int rows;
    /** Number of panels. */
    final int count;
    /** Rows of each panel, padding included. */
    final int[] height;
    /** First row of each panel; the entry behind the last is the number of rows with padding. */
    final int[] first;

    private Panels(int rows, int[] height) {
        this.rows = rows;
        this.count = height.length;
        this.height = height;
        this.first = new int[count + 1];
        for (int p = 0; p < count; p++) {
            first[p + 1] = first[p] + height[p];
        }
    }

    /** Cuts rows. */
    static Panels of(int rows) {
        if (rows == 1) {
            return new Panels(1, new int[] {1});
        }
        int step = Tiles.ROW_STEP;
        int padded = Math.max(4, (rows + step - 1) / step * step);
        int count = (padded + Tiles.MAX_ROWS - 1) / Tiles.MAX_ROWS;
        int[] height = new int[count];
        Arrays.fill(height, Tiles.MAX_ROWS);
        for (int p = count - 1, spare = count * Tiles.MAX_ROWS - padded; spare > 0; spare -= step) {
            height[p] -= step;
            // Where 12 rows are two passes of six, fewer are slower: one panel has them all.
            p = !Tiles.TALL ? p : p == 0 ? count - 1 : p - 1;
        }
        return new Panels(rows, height);
    }

    /** Rows with padding. */
    int padded() {
        return first[count];
    }

    /** Floats that the coefficients take for sums of {@code depth} terms. */
    int floats(int depth) {
        return Math.multiplyExact(first[count], depth);
    }

    /** Index of the coefficients of a panel's first row for position {@code k} of sums of {@code depth} terms. */
    int index(int panel, int depth, int k) {
        return first[panel] * depth + k * Tiles.group(height[panel]);
    }

    /** Floats from a panel's group of rows to the next in sums of {@code depth} terms. */
    int step(int panel, int depth) {
        return depth * Tiles.group(height[panel]);
    }

    /** Writes the coefficients in panels. */
    void pack(int depth, Source source, float[] to, int at) {
        for (int p = 0; p < count; p++) {
            for (int r = 0; r < height[p] && first[p] + r < rows; r++) {
                int group = Tiles.group(height[p]);
                int i = at + index(p, depth, 0) + r / group * step(p, depth) + r % group;
                for (int k = 0; k < depth; k++) {
                    to[i + k * group] = source.at(first[p] + r, k);
                }
            }
        }
    }
}
