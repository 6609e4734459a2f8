package dev.kerf.mask;

import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;

/** Red, green and blue bytes to draw on; what falls outside is left out. */
final class Canvas {
    final int width;
    final int height;
    private final byte[] rgb;

    /** Draws on the array itself. */
    Canvas(int width, int height, byte[] rgb) {
        this.width = width;
        this.height = height;
        this.rgb = rgb;
    }

    /** Moves a pixel towards a colour 0xRRGGBB: 0 leaves it, 1 replaces it. */
    void blend(int x, int y, int colour, double opacity) {
        if (opacity <= 0 || x < 0 || y < 0 || x >= width || y >= height) {
            return;
        }
        int at = (y * width + x) * 3;
        int part = (int) (opacity * 256 + 0.5);
        for (int c = 0; c < 3; c++) {
            int old = rgb[at + c] & 0xFF;
            rgb[at + c] = (byte) (old + (((colour >> (16 - 8 * c) & 0xFF) - old) * part + 128 >> 8));
        }
    }

    /** Fills a box with round corners. */
    void panel(int x0, int y0, int w, int h, double radius, int colour, double opacity) {
        for (int y = y0; y < y0 + h; y++) {
            for (int x = x0; x < x0 + w; x++) {
                double dx = Math.max(0, Math.abs(x + 0.5 - x0 - w / 2.0) - (w / 2.0 - radius));
                double dy = Math.max(0, Math.abs(y + 0.5 - y0 - h / 2.0) - (h / 2.0 - radius));
                blend(x, y, colour, opacity * Math.clamp(radius + 0.5 - Math.hypot(dx, dy), 0, 1));
            }
        }
    }

    /** The picture, which shares the memory. */
    Image toImage() {
        return Image.of(width, height, PixelFormat.RGB8, rgb);
    }
}
