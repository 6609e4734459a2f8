package dev.kerf.measure;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Spacing;
import dev.kerf.mask.Box;
import dev.kerf.mask.Mask;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was measured of one object. Figures are those of scikit-image's {@code regionprops} where it has them; where it refuses pixels
 * that aren't square, and where it has none, {@link Size} says the rule.
 *
 * <pre>{@code
 * Region r = Region.of(mask, Spacing.of(0.25, "µm"), Intensities.of(picture));
 * r.area();                       // pixels
 * r.scaled().area();              // µm²
 * r.intensities().get(0).mean();  // of the first channel
 * }</pre>
 *
 * @param label         its number, from 1
 * @param category      its class
 * @param area          pixels
 * @param box           the smallest around them
 * @param parts         components, joined by edges and corners
 * @param holes         regions that are enclosed: joined by edges, not reaching the outside
 * @param eulerNumber   parts less holes
 * @param touchesBorder whether one of its pixels is in the first or last row or column of the picture
 * @param pixels        sizes in pixels
 * @param spacing       of the pixels
 * @param scaled        sizes in the spacing's unit
 * @param intensities   of each channel; none where nobody asked
 */
public record Region(int label, int category, long area, Box box, int parts, int holes, int eulerNumber, boolean touchesBorder,
        Size pixels, Spacing spacing, Size scaled, List<Intensity> intensities) {
    /** Copies the list. */
    public Region {
        intensities = List.copyOf(intensities);
    }

    /**
     * Sizes and shape in one unit.
     *
     * @param area         of its pixels
     * @param centroidX    mean of its pixels' middles, the first column's being 0
     * @param centroidY    likewise of rows
     * @param perimeter    along the middles of the pixels at its edge, holes' edges included: half the way to two neighbours
     *                     for each, across edges and corners, weighted as scikit-image's {@code perimeter} with 4 neighbours; the
     *                     way across an edge is the mean of those taken where pixels aren't square
     * @param circularity  4 π area / perimeter²: near 1 of a disc, above it of very small ones, NaN without perimeter
     * @param eccentricity of the ellipse of the same second moments: 0 of a circle, near 1 of a line
     * @param majorAxis    length of that ellipse
     * @param minorAxis    its width
     * @param orientation  angle between the direction of rows and the major axis, counter-clockwise, −π/2 to π/2
     * @param maxFeret     greatest distance of two points of the hull of its convex hull's edge middles
     * @param minFeret     least width of the same hull
     * @param hullArea     of the pixels whose middles are in the convex hull of its own pixels' edge middles
     */
    public record Size(double area, double centroidX, double centroidY, double perimeter, double circularity,
            double eccentricity,
            double majorAxis, double minorAxis, double orientation, double maxFeret, double minFeret, double hullArea) {
        /** Area over that of the convex hull. */
        public double solidity() {
            return area / hullArea;
        }

        /** Diameter of a circle of that area. */
        public double equivalentDiameter() {
            return Math.sqrt(4 * area / Math.PI);
        }
    }

    /**
     * One channel's values in the object.
     *
     * @param mean of its pixels
     * @param min  the least
     * @param max  the greatest
     * @param std  standard deviation, of all of them, not of a sample
     */
    public record Intensity(double mean, double min, double max, double std) {}

    /** Measures a mask as one object, label and category 1. Throws as {@link #of(Mask, int, int, Spacing, Intensities)}. */
    public static Region of(Mask mask, Spacing spacing, @Nullable Intensities intensities) {
        return of(mask, 1, 1, spacing, intensities);
    }

    /**
     * Measures a mask as one object, in however many parts.
     *
     * @param intensities of the picture, where they are wanted
     * @throws BadInputException if the mask is empty: then there is nothing to measure; or if intensities are of another size
     */
    public static Region of(Mask mask, int label, int category, Spacing spacing, @Nullable Intensities intensities) {
        if (mask.area() == 0) {
            throw new BadInputException("an empty mask has no measures");
        }
        return of(Crop.of(mask), label, category, spacing, intensities);
    }

    /** The same by another number and category. */
    public Region named(int number, int of) {
        return new Region(number, of, area, box, parts, holes, eulerNumber, touchesBorder, pixels, spacing, scaled,
                intensities);
    }

    static Region of(Crop c, int label, int category, Spacing spacing, @Nullable Intensities intensities) {
        int euler = c.eulerNumber(true);
        int parts = c.parts(true);
        Outline hull = Outline.of(c);
        double[] moments = moments(c);
        Size pixels = size(c, hull, moments, 1, 1);
        Size scaled = spacing.isKnown() ? size(c, hull, moments, spacing.x(), spacing.y()) : pixels;
        return new Region(label, category, (long) moments[0], c.box(), parts, parts - euler, euler, c.touchesBorder(), pixels,
                spacing,
                scaled, intensities == null ? List.of() : intensities(c, intensities));
    }

    /** Pixels, mean column and row in the box, and the central second moments per pixel: of columns, of rows, of both. */
    private static double[] moments(Crop c) {
        int w = c.box().width();
        byte[] in = c.in();
        long n = 0;
        long sumX = 0;
        long sumY = 0;
        for (int i = 0; i < in.length; i++) {
            n += in[i];
            sumX += in[i] * (i % w);
            sumY += in[i] * (i / w);
        }
        double x = (double) sumX / n;
        double y = (double) sumY / n;
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = 0; i < in.length; i++) {
            if (in[i] != 0) {
                xx += (i % w - x) * (i % w - x);
                yy += (i / w - y) * (i / w - y);
                xy += (i % w - x) * (i / w - y);
            }
        }
        return new double[] {n, x, y, xx / n, yy / n, xy / n};
    }

    private static Size size(Crop c, Outline hull, double[] m, double dx, double dy) {
        double area = m[0] * dx * dy;
        double perimeter = c.perimeter(dx, dy);
        double xx = m[3] * dx * dx;
        double yy = m[4] * dy * dy;
        double xy = m[5] * dx * dy;
        double middle = (xx + yy) / 2;
        double apart = Math.hypot((xx - yy) / 2, xy);
        double great = middle + apart;
        double small = Math.max(0, middle - apart);
        double orientation = xx == yy ? (xy > 0 ? Math.PI / 4 : -Math.PI / 4) : 0.5 * Math.atan2(2 * xy, yy - xx);
        return new Size(area, (c.box().x() + m[1]) * dx, (c.box().y() + m[2]) * dy, perimeter,
                perimeter == 0 ? Double.NaN : 4 * Math.PI * area / (perimeter * perimeter),
                great == 0 ? 0 : Math.sqrt(1 - small / great), 4 * Math.sqrt(great), 4 * Math.sqrt(small), orientation,
                hull.longest(dx, dy), hull.narrowest(dx, dy), hull.area() * dx * dy);
    }

    private static List<Intensity> intensities(Crop c, Intensities values) {
        if (values.width() != c.width() || values.height() != c.height()) {
            throw new BadInputException("intensities of " + values.width() + "x" + values.height() + " pixels for objects of "
                    + c.width() + "x" + c.height());
        }
        List<Intensity> out = new ArrayList<>();
        for (int k = 0; k < values.channels(); k++) {
            out.add(intensity(c, values, k));
        }
        return out;
    }

    private static Intensity intensity(Crop c, Intensities values, int channel) {
        Box b = c.box();
        double sum = 0;
        double min = Double.POSITIVE_INFINITY;
        double max = Double.NEGATIVE_INFINITY;
        long n = 0;
        for (int i = 0; i < c.in().length; i++) {
            if (c.in()[i] != 0) {
                double v = values.at(b.x() + i % b.width(), b.y() + i / b.width(), channel);
                sum += v;
                min = Math.min(min, v);
                max = Math.max(max, v);
                n++;
            }
        }
        double mean = sum / n;
        double squares = 0;
        for (int i = 0; i < c.in().length; i++) {
            if (c.in()[i] != 0) {
                double d = values.at(b.x() + i % b.width(), b.y() + i / b.width(), channel) - mean;
                squares += d * d;
            }
        }
        return new Intensity(mean, min, max, Math.sqrt(squares / n));
    }
}
