package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Operand;

/** Keys and values packed as the coefficients of {@link Tiles}. */
final class AttentionPacks {
    private AttentionPacks() {}

    /**
     * Valid keys of one item and head.
     *
     * @param all keys if nothing counts them
     */
    static int keys(Operand k, int all, int item, int heads, int h) {
        Operand count = k.count();
        if (count == null) {
            return all;
        }
        int i = switch (count.type().shape().rank()) {
            case 0 -> 0;
            case 1 -> item;
            default -> item * heads + h;
        };
        return Math.clamp(count.ints()[count.offset() + i], 0, all);
    }

    /**
     * Rows to panels: row r of the panels is the numbers from {@code start[r]} on, times alpha; rows past m are zeros.
     *
     * @param m rows that there are
     * @param n numbers of a row
     */
    static void rows(Panels cut, float[] from, int[] start, int m, int n, float alpha, float[] to, int at) {
        for (int p = 0; p < cut.count; p++) {
            int group = Tiles.group(cut.height[p]);
            for (int r = 0; r < cut.height[p]; r += group) {
                int row = cut.first[p] + r;
                int i = at + cut.index(p, n, 0) + r / group * cut.step(p, n);
                if (row + group <= m) {
                    Transposes.group(from, 0, start, row, alpha, to, i, n);
                } else {
                    for (int d = 0; d < n * group; d++) {
                        int j = row + d % group;
                        to[i + d] = j < m ? alpha * from[start[j] + d / group] : 0f;
                    }
                }
            }
        }
    }

    /**
     * Columns to panels: row r of the panels is the numbers at {@code x + r} and at the starts from there.
     *
     * @param width rows that there are
     * @param m     numbers of a row
     */
    static void columns(Panels cut, float[] from, int x, int[] start, int width, int m, float[] to, int at) {
        for (int p = 0; p < cut.count; p++) {
            int group = Tiles.group(cut.height[p]);
            for (int r = 0; r < cut.height[p]; r += group) {
                int first = cut.first[p] + r;
                int i = at + cut.index(p, m, 0) + r / group * cut.step(p, m);
                if (first + group <= width) {
                    Transposes.columns(from, x + first, start, 0, to, i, m);
                } else {
                    for (int j = 0; j < m * group; j++) {
                        int d = first + j % group;
                        to[i + j] = d < width ? from[x + start[j / group] + d] : 0f;
                    }
                }
            }
        }
    }
}
