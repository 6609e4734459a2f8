package dev.kerf.geo;

/**
 * Where pixels lie: {@code x = a · column + b · row + c} and {@code y = d · column + e · row + f}, with columns and rows counted from the
 * outer corner of the first pixel.
 *
 * <pre>{@code
 * Affine north = new Affine(10, 0, 500_000, 0, -10, 4_649_800);   // 10 m pixels, north up
 * north.x(0.5, 0.5);                                              // 500005.0, the middle of the first pixel
 * }</pre>
 *
 * @param a x from column to column
 * @param b x from row to row
 * @param c x of the corner
 * @param d y from column to column
 * @param e y from row to row; below 0 where north is up
 * @param f y of the corner
 */
public record Affine(double a, double b, double c, double d, double e, double f) {
    /** Of pixels: columns and rows themselves. */
    public static final Affine PIXELS = new Affine(1, 0, 0, 0, 1, 0);

    /** The first coordinate of a place in pixels. */
    public double x(double column, double row) {
        return a * column + b * row + c;
    }

    /** The second one. */
    public double y(double column, double row) {
        return d * column + e * row + f;
    }

    /** What a pixel covers, in squares of the unit. */
    public double pixelArea() {
        return Math.abs(a * e - b * d);
    }

    /** Whether all numbers are finite and pixels cover something. */
    public boolean makesSense() {
        return Double.isFinite(c) && Double.isFinite(f) && pixelArea() > 0 && Double.isFinite(pixelArea());
    }

    /** Of a raster whose pixels are so many times as wide and as high. */
    Affine coarser(double across, double down) {
        return new Affine(a * across, b * down, c, d * across, e * down, f);
    }
}
