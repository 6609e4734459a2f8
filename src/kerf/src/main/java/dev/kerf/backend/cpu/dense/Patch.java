package dev.kerf.backend.cpu.dense;

import java.util.Arrays;

/**
 * A block of an image copied to a buffer so that every tap of every output pixel is a constant distance from the
 * pixel's start, padding and stride included. Rows and columns are sorted by their remainder modulo the stride, each
 * remainder to a plane of its own; in a plane, the taps of neighbouring outputs are neighbours whatever the stride.
 */
final class Patch {
    /** Vectors that a full block is cut into; what lies between rows may be among them. */
    final int vectors;
    /** Where each vector begins in the buffer, with entries for rounding up to four vectors. */
    final int[] starts;
    /** Sums from one output row of the block to the next. */
    final int rowPitch;
    /** Floats of one channel in the buffer. */
    final int channel;

    private final int strideH;
    private final int strideW;
    private final int top;
    private final int left;
    private final int rows;
    private final int pitch;
    private final int planeRows;
    private final int[] rowPlanes;
    private final int[] colPlanes;
    private final int[] tapAt;

    /** A block of {@code rows} × {@code cols} outputs. */
    Patch(Taps taps, int rows, int cols) {
        strideH = taps.strideH();
        strideW = taps.strideW();
        top = taps.top();
        left = taps.left();
        this.rows = rows;
        int n = taps.count();
        rowPlanes = remainders(taps.du(), top, strideH);
        colPlanes = remainders(taps.dv(), left, strideW);
        planeRows = rows + Arrays.stream(taps.du()).map(u -> (u - top) / strideH).max().orElse(0);
        pitch = cols + Arrays.stream(taps.dv()).map(v -> (v - left) / strideW).max().orElse(0);
        tapAt = new int[n];
        for (int t = 0; t < n; t++) {
            int u = taps.du()[t] - top;
            int v = taps.dv()[t] - left;
            int plane = Arrays.binarySearch(rowPlanes, u % strideH) * colPlanes.length
                    + Arrays.binarySearch(colPlanes, v % strideW);
            tapAt[t] = (plane * planeRows + u / strideH) * pitch + v / strideW;
        }
        // An odd number of cache lines: channels a power of two apart would fall on each other in the cache.
        int lines = (rowPlanes.length * colPlanes.length * planeRows * pitch + 15) / 16;
        channel = (lines | 1) * 16;
        int lanes = Tiles.LANES;
        int perRow = (cols + lanes - 1) / lanes;
        int flat = ((rows - 1) * pitch + cols + lanes - 1) / lanes;
        boolean byRow = rows * perRow <= flat;
        rowPitch = byRow ? perRow * lanes : pitch;
        vectors = byRow ? rows * perRow : flat;
        starts = new int[vectors + 4];
        for (int v = 0; v < vectors; v++) {
            starts[v] = byRow ? v / perRow * pitch + v % perRow * lanes : v * lanes;
        }
    }

    /** Planes that a channel is sorted into. */
    int planes() {
        return rowPlanes.length * colPlanes.length;
    }

    /** Vectors that hold the first {@code n} rows of the block. */
    int vectors(int n) {
        return n == rows ? vectors : Math.min(vectors, (n * rowPitch + Tiles.LANES - 1) / Tiles.LANES);
    }

    /** Floats of a buffer for so many channels; a vector may run past the last pixel. */
    int floats(int channels) {
        return channels * channel + 2 * Tiles.LANES;
    }

    /** What is to be added to a start for each channel and tap, tap by tap. */
    int[] offsets(int channels) {
        int[] off = new int[channels * tapAt.length];
        for (int i = 0; i < off.length; i++) {
            off[i] = i / tapAt.length * channel + tapAt[i % tapAt.length];
        }
        return off;
    }

    /** Zeroes what vectors read behind the last channel, so that leftovers there can't be slow denormals. */
    void clearTail(float[] to, int at, int channels) {
        Arrays.fill(to, at + channels * channel, at + floats(channels), 0f);
    }

    /**
     * Copies one channel.
     *
     * @param x   the image
     * @param xi  index of the channel's first pixel
     * @param h   rows of the image
     * @param w   columns of the image
     * @param i0  first output row of the block
     * @param n   output rows of it, at most those of the block
     * @param j0  first output column
     * @param to  the buffer
     * @param at  index of the channel there
     */
    void copy(float[] x, int xi, int h, int w, int i0, int n, int j0, float[] to, int at) {
        int used = planeRows - rows + n;
        for (int p = 0; p < rowPlanes.length; p++) {
            for (int q = 0; q < colPlanes.length; q++) {
                int plane = at + (p * colPlanes.length + q) * planeRows * pitch;
                int row = i0 * strideH + top + rowPlanes[p];
                int col = j0 * strideW + left + colPlanes[q];
                int from = Math.clamp((-(long) col + strideW - 1) / strideW, 0, pitch);
                int end = Math.clamp(((long) w - col + strideW - 1) / strideW, from, pitch);
                for (int y = 0; y < used; y++, row += strideH) {
                    int line = plane + y * pitch;
                    if (row < 0 || row >= h) {
                        Arrays.fill(to, line, line + pitch, 0f);
                    } else {
                        for (int j = 0; j < from; j++) {
                            to[line + j] = 0f;
                        }
                        copyRow(x, xi + row * w + col + from * strideW, to, line + from, end - from);
                        for (int j = end; j < pitch; j++) {
                            to[line + j] = 0f;
                        }
                    }
                }
            }
        }
    }

    /**
     * Copies all channels of pixels whose channels lie side by side, of a single tap.
     *
     * @param x    the image
     * @param xi   index of the first channel to be copied of its first pixel
     * @param w    columns of the image
     * @param step numbers of a pixel
     * @param c    channels
     */
    void copyPixels(float[] x, int xi, int w, int step, int i0, int n, int j0, int c, float[] to, int at) {
        int across = Math.clamp(w - j0, 0, pitch);
        for (int i = 0; i < n; i++) {
            int line = at + i * pitch;
            Transposes.matrix(x, xi + ((i0 + i) * w + j0) * step, step, across, c, to, line, channel);
            for (int k = 0; across < pitch && k < c; k++) {
                Arrays.fill(to, line + k * channel + across, line + k * channel + pitch, 0f);
            }
        }
    }

    private void copyRow(float[] x, int xi, float[] to, int at, int n) {
        if (strideW == 1) {
            System.arraycopy(x, xi, to, at, n);
        } else {
            for (int j = strideW == 2 ? Transposes.evens(x, xi, to, at, n) : 0; j < n; j++) {
                to[at + j] = x[xi + j * strideW];
            }
        }
    }

    private static int[] remainders(int[] d, int low, int stride) {
        return Arrays.stream(d).map(u -> (u - low) % stride).distinct().sorted().toArray();
    }
}
