package dev.kerf.mask;

import java.util.Arrays;

/**
 * Colours for classes, told apart also by people who see red and green alike. The first seven are those of Okabe and Ito
 * (Color Universal Design, 2008), the next five are from Tol's "muted" scheme; after these come hues a golden angle apart,
 * in three lightnesses.
 */
public final class Palette {
    private static final int[] FIRST = {
        0xE69F00, 0x56B4E9, 0x009E73, 0xF0E442, 0x0072B2, 0xD55E00, 0xCC79A7, 0x332288, 0x44AA99, 0x999933, 0x882255, 0xDDCC77};
    private static final double GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

    private Palette() {
    }

    /**
     * Colours 0xRRGGBB for classes 0 to {@code classes - 1}; at most 256 are used by a label PNG.
     *
     * @param background the class that is black and takes no colour, or -1 for none
     */
    public static int[] of(int classes, int background) {
        int[] out = new int[classes];
        int next = 0;
        for (int i = 0; i < classes; i++) {
            out[i] = i == background ? 0 : colour(next++);
        }
        return out;
    }

    /** A palette of at least that many colours: the given ones, then generated ones. */
    static int[] extend(int[] palette, int classes) {
        if (palette.length >= classes && palette.length > 0) {
            return palette.length <= 256 ? palette : Arrays.copyOf(palette, 256);
        }
        int[] out = Arrays.copyOf(palette, classes);
        for (int i = palette.length; i < classes; i++) {
            out[i] = colour(i);
        }
        return out;
    }

    /** The {@code i}-th colour, from 0, as 0xRRGGBB. */
    public static int colour(int i) {
        return i < FIRST.length ? FIRST[i] : oklch(0.55 + 0.13 * (i % 3), 0.13, i * GOLDEN_ANGLE);
    }

    /** A colour of perceived lightness, chroma and hue (Ottosson, "A perceptual color space for image processing", 2020). */
    private static int oklch(double lightness, double chroma, double hue) {
        double a = chroma * Math.cos(hue);
        double b = chroma * Math.sin(hue);
        double l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b);
        double m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b);
        double s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b);
        return gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s) << 16
                | gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s) << 8
                | gamma(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
    }

    private static double cube(double v) {
        return v * v * v;
    }

    private static int gamma(double linear) {
        double v = linear <= 0.0031308 ? 12.92 * linear : 1.055 * Math.pow(linear, 1 / 2.4) - 0.055;
        return (int) Math.round(255 * Math.clamp(v, 0, 1));
    }
}
