package dev.kerf.geo;

/** A way over a whole raster by windows that fit the strips or tiles that it is stored in. */
final class Pass {
    /** Pixels of a window, about. */
    private static final int PIXELS = 1 << 20;

    private Pass() {}

    /** Takes a window. */
    interface Taker {
        void take(int x, int y, int w, int h);
    }

    /** Windows of about a million pixels, row by row; whole strips or tiles where these aren't larger. */
    static void windows(int width, int height, int tileWidth, int tileHeight, Taker taker) {
        int w = Math.min(width, Math.max(1, 1024 / tileWidth) * tileWidth);
        w = Math.min(w, PIXELS);
        int rows = Math.max(1, PIXELS / w);
        int h = tileHeight <= rows ? rows / tileHeight * tileHeight : rows;
        for (long y = 0; y < height; y += h) {
            for (long x = 0; x < width; x += w) {
                taker.take((int) x, (int) y, (int) Math.min(w, width - x), (int) Math.min(h, height - y));
            }
        }
    }
}
