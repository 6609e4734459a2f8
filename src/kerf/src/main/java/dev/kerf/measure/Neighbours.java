package dev.kerf.measure;

/**
 * The pixels that touch one: those at its edges first, then, where corners count, those at its corners, both in the order of rows and
 * columns.
 *
 * @param width   columns of the picture
 * @param height  rows
 * @param corners whether pixels touch at their corners, too
 */
record Neighbours(int width, int height, boolean corners) {
    private static final int[] DX = {0, -1, 1, 0, -1, 1, -1, 1};
    private static final int[] DY = {-1, 0, 0, 1, -1, -1, 1, 1};

    int count() {
        return corners ? 8 : 4;
    }

    /** The k-th neighbour of a pixel; −1 beyond the picture. */
    int of(int pixel, int k) {
        int x = pixel % width + DX[k];
        int y = pixel / width + DY[k];
        return x < 0 || y < 0 || x >= width || y >= height ? -1 : y * width + x;
    }
}
