package dev.kerf.geo;

/**
 * What is connected in a raster's labels, measured as {@code dev.kerf.measure.Region} measures objects of pictures.
 *
 * @param label         of its pixels
 * @param area          pixels
 * @param left          first column
 * @param top           first row
 * @param right         end of its columns, exclusive
 * @param bottom        end of its rows, exclusive
 * @param holes         in it; where edges alone join objects, corners join holes
 * @param touchesBorder whether a pixel lies at the raster's border
 * @param centroidX     mean column of its pixels' middles, the first pixel's at 0
 * @param centroidY     mean row
 * @param xx            mean squared difference of columns from their mean
 * @param yy            of rows
 * @param xy            mean product of both differences
 */
public record RasterObject(int label, long area, int left, int top, int right, int bottom, long holes, boolean touchesBorder,
        double centroidX, double centroidY, double xx, double yy, double xy) {
    private double middle() {
        return (xx + yy) / 2;
    }

    private double apart() {
        return Math.hypot((xx - yy) / 2, xy);
    }

    private double great() {
        return middle() + apart();
    }

    private double small() {
        return Math.max(0, middle() - apart());
    }

    /** Euler number: 1 less its holes. */
    public long eulerNumber() {
        return 1 - holes;
    }

    /** Length of the ellipse of the same second moments, in pixels. */
    public double majorAxis() {
        return 4 * Math.sqrt(great());
    }

    /** Width of that ellipse. */
    public double minorAxis() {
        return 4 * Math.sqrt(small());
    }

    /** 0 of a circle, near 1 of a line. */
    public double eccentricity() {
        return great() == 0 ? 0 : Math.sqrt(1 - small() / great());
    }

    /** Angle between the direction of rows and the major axis, counter-clockwise, −π/2 to π/2. */
    public double orientation() {
        return xx == yy ? (xy > 0 ? Math.PI / 4 : -Math.PI / 4) : 0.5 * Math.atan2(2 * xy, yy - xx);
    }

    /** Diameter of the disc of the same area. */
    public double equivalentDiameter() {
        return Math.sqrt(4 * area / Math.PI);
    }
}
