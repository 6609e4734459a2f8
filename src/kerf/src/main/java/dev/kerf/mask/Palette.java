package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import java.util.Arrays;

/**
 * Colours for classes, told apart also by people who see red and green alike. The first seven are those of Okabe and
 * Ito (Color Universal Design, 2008), the next five are from Tol's "muted" scheme; each of the next is the one of a
 * grid of colours that differs most from all before it. After 256 they repeat.
 */
public final class Palette {
    private static final int[] FIRST = {
        0xE69F00, 0x56B4E9, 0x009E73, 0xF0E442, 0x0072B2, 0xD55E00, 0xCC79A7, 0x332288, 0x44AA99, 0x999933, 0x882255,
        0xDDCC77};
    private static final int COLOURS = 256;

    private Palette() {
    }

    /**
     * Colours 0xRRGGBB for classes 0 to {@code classes - 1}; at most 256 are used by a label PNG.
     *
     * @param background the class that is black and takes no colour, or -1 for none
     */
    public static int[] of(int classes, int background) {
        if (classes < 0) {
            throw new BadInputException("a palette of " + classes + " classes");
        }
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
            return palette;
        }
        int[] out = Arrays.copyOf(palette, classes);
        for (int i = palette.length; i < classes; i++) {
            out[i] = colour(i);
        }
        return out;
    }

    /** A palette for indices up to {@code most}; at most 256 colours, which is what files and pictures with one hold. */
    static int[] ofIndices(int[] palette, int most) {
        int[] colours = extend(palette, most + 1);
        return colours.length <= 256 ? colours : Arrays.copyOf(colours, 256);
    }

    /** The {@code i}-th colour, from 0, as 0xRRGGBB. */
    public static int colour(int i) {
        if (i < 0) {
            throw new BadInputException("colour " + i + ": they are counted from 0");
        }
        return i < FIRST.length ? FIRST[i] : Generated.COLOURS_IN_ORDER[i % COLOURS];
    }

    /** Made when more colours are first asked for than were chosen by hand. */
    private static final class Generated {
        private static final int[] COLOURS_IN_ORDER = choose();

        private static int[] choose() {
            int[] candidates = new int[8 * 2 * 36];
            for (int i = 0; i < candidates.length; i++) {
                double hue = (i % 36) * Math.PI / 18;
                double chroma = i / 36 % 2 == 0 ? 0.15 : 0.08;
                candidates[i] = oklab(0.40 + 0.07 * (i / 72), chroma * Math.cos(hue), chroma * Math.sin(hue));
            }
            double[] nearest = new double[candidates.length];
            Arrays.fill(nearest, Double.MAX_VALUE);
            int[] out = Arrays.copyOf(FIRST, COLOURS);
            // Black is the background's, white the text's.
            away(0x000000, candidates, nearest);
            away(0xFFFFFF, candidates, nearest);
            for (int i = 0; i < COLOURS; i++) {
                if (i >= FIRST.length) {
                    int best = 0;
                    for (int k = 1; k < candidates.length; k++) {
                        best = nearest[k] > nearest[best] ? k : best;
                    }
                    out[i] = candidates[best];
                }
                away(out[i], candidates, nearest);
            }
            return out;
        }

        /** Lowers each candidate's distance from what is taken to that from one more colour. */
        private static void away(int taken, int[] candidates, double[] nearest) {
            double[] t = toOklab(taken);
            for (int i = 0; i < candidates.length; i++) {
                double[] c = toOklab(candidates[i]);
                double d = Math.hypot(Math.hypot(c[0] - t[0], c[1] - t[1]), c[2] - t[2]);
                nearest[i] = Math.min(nearest[i], d);
            }
        }
    }

    /**
     * A colour of perceived lightness and two hue axes (Ottosson, "A perceptual color space for image processing",
     * 2020).
     */
    private static int oklab(double lightness, double a, double b) {
        double l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b);
        double m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b);
        double s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b);
        return gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s) << 16
                | gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s) << 8
                | gamma(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
    }

    private static double[] toOklab(int rgb) {
        double r = linear(rgb >> 16 & 0xFF);
        double g = linear(rgb >> 8 & 0xFF);
        double b = linear(rgb & 0xFF);
        double l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
        double m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
        double s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
        return new double[] {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
    }

    private static double linear(int v) {
        double s = v / 255.0;
        return s <= 0.04045 ? s / 12.92 : Math.pow((s + 0.055) / 1.055, 2.4);
    }

    private static double cube(double v) {
        return v * v * v;
    }

    private static int gamma(double linear) {
        double v = linear <= 0.0031308 ? 12.92 * linear : 1.055 * Math.pow(linear, 1 / 2.4) - 0.055;
        return (int) Math.round(255 * Math.clamp(v, 0, 1));
    }
}
