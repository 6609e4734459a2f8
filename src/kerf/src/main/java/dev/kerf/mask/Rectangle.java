package dev.kerf.mask;

import dev.kerf.error.BadInputException;

/**
 * A box between pixels, as detectors and COCO's {@code bbox} have it: 0 is the left or top edge of the first pixel.
 *
 * <pre>{@code
 * Rectangle box = Rectangle.ofCorners(10.5, 20, 30, 45);   // x 10.5, y 20, 19.5 wide, 25 high
 * box.iou(new Rectangle(12, 20, 20, 25), false);
 * }</pre>
 *
 * @param x      left edge
 * @param y      top edge
 * @param width  0 or more
 * @param height 0 or more
 */
public record Rectangle(double x, double y, double width, double height) {
    /** Checks that the numbers make a box. */
    public Rectangle {
        if (!Double.isFinite(x + y) || !(width >= 0 && width < Double.POSITIVE_INFINITY)
                || !(height >= 0 && height < Double.POSITIVE_INFINITY)) {
            throw new BadInputException("no box has x " + x + ", y " + y + ", width " + width + " and height " + height);
        }
    }

    /** The box between two corners; none of a negative size. */
    public static Rectangle ofCorners(double x0, double y0, double x1, double y1) {
        return new Rectangle(x0, y0, x1 - x0, y1 - y0);
    }

    /** The edges of a box of whole pixels. */
    public static Rectangle of(Box box) {
        return new Rectangle(box.x(), box.y(), box.width(), box.height());
    }

    /** Width times height, in pixels. */
    public double area() {
        return width * height;
    }

    /**
     * Intersection over union; 0 where they don't meet, edges alone included, as in pycocotools.
     *
     * @param crowd whether {@code other} is a crowd region: then the denominator is this box's area alone
     */
    public double iou(Rectangle other, boolean crowd) {
        double w = Math.min(x + width, other.x + other.width) - Math.max(x, other.x);
        double h = Math.min(y + height, other.y + other.height) - Math.max(y, other.y);
        if (w <= 0 || h <= 0) {
            return 0;
        }
        double both = w * h;
        return both / (crowd ? area() : area() + other.area() - both);
    }

    /** x, y, width and height, as COCO's {@code bbox}. */
    public double[] toArray() {
        return new double[] {x, y, width, height};
    }
}
