package dev.kerf.backend.cpu.dense;

import java.util.Arrays;

/**
 * Which input pixels an output pixel is a sum over: output (i, j) reads input rows i · strideH + du[t] and columns
 * j · strideW + dv[t] for each tap t; pixels outside the image are 0.
 *
 * @param strideH input rows from one output row to the next
 * @param strideW input columns from one output column to the next
 * @param du      row of each tap
 * @param dv      column of each tap
 */
record Taps(int strideH, int strideW, int[] du, int[] dv) {
    /** The taps of a kernel, row by row. */
    static Taps grid(int strideH, int strideW, int[] rows, int[] cols) {
        int[] du = new int[rows.length * cols.length];
        int[] dv = new int[du.length];
        for (int t = 0; t < du.length; t++) {
            du[t] = rows[t / cols.length];
            dv[t] = cols[t % cols.length];
        }
        return new Taps(strideH, strideW, du, dv);
    }

    /** Number of taps. */
    int count() {
        return du.length;
    }

    /** Whether an output pixel is made of the input pixel in its place alone. */
    boolean single() {
        return count() == 1 && strideH == 1 && strideW == 1 && top() == 0 && left() == 0;
    }

    /** The uppermost tap's row. */
    int top() {
        return Arrays.stream(du).min().orElse(0);
    }

    /** The leftmost tap's column. */
    int left() {
        return Arrays.stream(dv).min().orElse(0);
    }
}
