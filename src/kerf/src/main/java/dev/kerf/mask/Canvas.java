package dev.kerf.mask;

import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;

/** Red, green and blue bytes to draw on; what falls outside is left out. */
final class Canvas {
    /** All of the way for {@link #mix}. */
    static final int ALL = 256;

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
        if (x >= 0 && y >= 0 && x < width && y < height) {
            blend(y * width + x, colour, opacity);
        }
    }

    /** Likewise the pixel of that number, counted row by row. */
    void blend(int pixel, int colour, double opacity) {
        if (opacity > 0) {
            mix(pixel, colour, part(opacity));
        }
    }

    /** What {@link #mix} calls an opacity. */
    static int part(double opacity) {
        return (int) (opacity * ALL + 0.5);
    }

    /** Moves the pixel of that number towards a colour by so many 256ths of the way. */
    void mix(int pixel, int colour, int part) {
        int at = 3 * pixel;
        int keep = ALL - part;
        // Red and blue side by side, each with 8 bits for its fraction.
        int outer = ((rgb[at] & 0xFF) << 16 | rgb[at + 2] & 0xFF) * keep + (colour & 0xFF00FF) * part + 0x800080;
        rgb[at] = (byte) (outer >>> 24);
        rgb[at + 1] = (byte) ((rgb[at + 1] & 0xFF) * keep + (colour >> 8 & 0xFF) * part + 0x80 >>> 8);
        rgb[at + 2] = (byte) (outer >>> 8);
    }

    /** Fills a box with round corners. */
    void panel(int x0, int y0, int w, int h, double radius, int colour, double opacity) {
        for (int y = y0; y < y0 + h; y++) {
            for (int x = x0; x < x0 + w; x++) {
                double dx = Math.max(0, Math.abs(x + 0.5 - x0 - w / 2.0) - (w / 2.0 - radius));
                double dy = Math.max(0, Math.abs(y + 0.5 - y0 - h / 2.0) - (h / 2.0 - radius));
                double d = dx == 0 ? dy : dy == 0 ? dx : Math.hypot(dx, dy);
                blend(x, y, colour, opacity * Math.clamp(radius + 0.5 - d, 0, 1));
            }
        }
    }

    /** The picture, which shares the memory. */
    Image toImage() {
        return Image.of(width, height, PixelFormat.RGB8, rgb);
    }
}
