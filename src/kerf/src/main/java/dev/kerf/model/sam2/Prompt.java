package dev.kerf.model.sam2;

import dev.kerf.error.BadInputException;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What shows a thing: points on it and beside it, a box around it, the mask of an earlier answer, or several of these.
 * Columns and rows are in pixels of the image, from 0 at its left and upper edge to its width and height.
 *
 * <pre>{@code
 * Prompt.point(210, 95)                                   // something at this pixel
 * Prompt.box(10, 20, 300, 240).background(40, 200)        // what fills the box, but not this
 * Prompt.scribble(List.of(new Prompt.Point(10, 10, true), new Prompt.Point(80, 40, true)))
 * Prompt.point(210, 95).foreground(220, 130).refining(answer.lowRes())
 * }</pre>
 *
 * @param points in any number
 * @param box    the thing's, if given
 * @param mask   logits of the network's size, (S/4, S/4) float32, as {@link Prediction#lowRes} has them, if given
 */
public record Prompt(List<Point> points, @Nullable Corners box, @Nullable HostTensor mask) {
    /** Points that a stroke becomes at most. */
    public static final int STROKE_POINTS = 8;

    /**
     * A point.
     *
     * @param x          column
     * @param y          row
     * @param foreground whether it is on the thing; beside it otherwise
     */
    public record Point(double x, double y, boolean foreground) {}

    /**
     * A box.
     *
     * @param left   first column
     * @param top    first row
     * @param right  last column
     * @param bottom last row
     */
    public record Corners(double left, double top, double right, double bottom) {}

    /** Copies the list. */
    public Prompt {
        points = List.copyOf(points);
    }

    /** A point on the thing. */
    public static Prompt point(double x, double y) {
        return new Prompt(List.of(new Point(x, y, true)), null, null);
    }

    /** A box around the thing. */
    public static Prompt box(double left, double top, double right, double bottom) {
        return new Prompt(List.of(), new Corners(left, top, right, bottom), null);
    }

    /**
     * A stroke over the thing, or beside it: a line through the given points. It becomes up to {@link #STROKE_POINTS}
     * points at equal distances along it, the ends among them; a stroke of no length is one point. All points have to
     * be of one kind.
     */
    public static Prompt scribble(List<Point> stroke) {
        if (stroke.isEmpty()) {
            throw new BadInputException("a scribble needs a point at least");
        }
        if (stroke.stream().map(Point::foreground).distinct().count() > 1) {
            throw new BadInputException("a scribble is on the thing or beside it, not both: make two of it");
        }
        double[] along = new double[stroke.size()];
        for (int i = 1; i < along.length; i++) {
            Point a = stroke.get(i - 1);
            Point b = stroke.get(i);
            along[i] = along[i - 1] + Math.hypot(b.x - a.x, b.y - a.y);
        }
        double length = along[along.length - 1];
        int n = !(length > 0) ? 1 : (int) Math.clamp(Math.floor(length) + 1, 2, STROKE_POINTS);
        List<Point> points = new ArrayList<>();
        int segment = 1;
        for (int i = 0; i < n; i++) {
            double at = n == 1 ? 0 : length * i / (n - 1);
            while (segment < along.length - 1 && along[segment] < at) {
                segment++;
            }
            points.add(along.length == 1
                    ? stroke.getFirst()
                    : between(stroke.get(segment - 1), stroke.get(segment),
                            (at - along[segment - 1]) / Math.max(along[segment] - along[segment - 1], 1e-12)));
        }
        return new Prompt(points, null, null);
    }

    private static Point between(Point a, Point b, double share) {
        double s = Math.clamp(share, 0, 1);
        return new Point(a.x + s * (b.x - a.x), a.y + s * (b.y - a.y), a.foreground);
    }

    /** This with one more point on the thing. */
    public Prompt foreground(double x, double y) {
        return and(new Point(x, y, true));
    }

    /** This with one more point beside the thing. */
    public Prompt background(double x, double y) {
        return and(new Point(x, y, false));
    }

    /** This with the points of another prompt, and its box or mask where this has none. */
    public Prompt and(Prompt other) {
        List<Point> all = new ArrayList<>(points);
        all.addAll(other.points);
        return new Prompt(all, box != null ? box : other.box, mask != null ? mask : other.mask);
    }

    private Prompt and(Point p) {
        return and(new Prompt(List.of(p), null, null));
    }

    /** This with a mask to improve on: {@link Prediction#lowRes} of an earlier answer. */
    public Prompt refining(HostTensor lowRes) {
        return new Prompt(points, box, lowRes);
    }

    /**
     * Checks that everything lies in the image and the mask's logits are numbers.
     *
     * @param side of the network's masks
     * @throws BadInputException saying what doesn't
     */
    void check(int width, int height, int side) {
        if (points.isEmpty() && box == null && mask == null) {
            throw new BadInputException("the prompt is empty: give a point, a box or a mask");
        }
        for (Point p : points) {
            if (!(p.x >= 0 && p.x <= width && p.y >= 0 && p.y <= height)) {
                throw new BadInputException("point (" + p.x + ", " + p.y + ") is not in the image of " + width + "×"
                        + height + " pixels");
            }
        }
        if (box != null) {
            if (!(box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height)) {
                throw new BadInputException(box + " is not in the image of " + width + "×" + height + " pixels");
            }
            if (!(box.left < box.right && box.top < box.bottom)) {
                throw new BadInputException(box + " is empty: left must be below right and top below bottom");
            }
        }
        if (mask != null && (mask.elements() != (long) side * side || mask.dtype() != DType.F32)) {
            throw new BadInputException("a mask to refine is F32 (" + side + ", " + side + "), the logits of an earlier "
                    + "answer, not " + mask);
        }
        if (mask != null) {
            FiniteCheck.requireInput("a mask to refine", mask);
        }
    }
}
