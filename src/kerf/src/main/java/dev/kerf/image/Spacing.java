package dev.kerf.image;

import dev.kerf.error.BadInputException;
import java.nio.file.Path;

/**
 * How far apart the middles of neighbouring pixels are.
 *
 * <pre>{@code
 * Spacing.of(0.25, "µm");                    // square pixels
 * new Spacing(0.7, 0.7, 5, "mm");            // slices of a volume 5 mm apart
 * Spacing.PIXELS.isKnown();                  // false: nothing is known but pixels
 * }</pre>
 *
 * @param x    from column to column
 * @param y    from row to row
 * @param z    from slice to slice, which pictures don't use
 * @param unit of all three, such as {@code mm}; {@code px} where only pixels are known
 */
public record Spacing(double x, double y, double z, String unit) {
    /** Nothing is known: a pixel is as long as a pixel. */
    public static final Spacing PIXELS = new Spacing(1, 1, 1, "px");

    /** Checks that all are finite and above 0, and that the unit is a word. */
    public Spacing {
        if (!makesSense(x, y, z, unit)) {
            throw new BadInputException("pixels " + x + " x " + y + " x " + z + " '" + unit
                    + "' apart: spacings are above 0 and finite, and a unit is a word of letters, such as mm or µm");
        }
    }

    static boolean makesSense(double x, double y, double z, String unit) {
        double least = Math.min(x, Math.min(y, z));
        return least > 0 && Math.max(x, Math.max(y, z)) <= Double.MAX_VALUE && unit.matches("\\p{L}{1,16}");
    }

    /**
     * What an image file says of its pixels: TIFF files by OME's physical sizes, ImageJ's calibration or a resolution in centimetres, which
     * gives micrometres. Resolutions in inches are for printers, and don't count.
     *
     * @return {@link #PIXELS} where it says nothing
     * @throws dev.kerf.error.BadFileException if it can't be read
     */
    public static Spacing read(Path file) {
        return TiffSpacing.read(file);
    }

    /** Square pixels, and slices as far apart. */
    public static Spacing of(double side, String unit) {
        return new Spacing(side, side, side, unit);
    }

    /** Pixels of a width and a height; slices 1 apart. */
    public static Spacing of(double x, double y, String unit) {
        return new Spacing(x, y, 1, unit);
    }

    /** Whether it is more than {@link #PIXELS}. */
    public boolean isKnown() { return !equals(PIXELS); }

    /** Whether pixels are square. */
    public boolean isSquare() { return x == y; }
}
