package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Spacing;
import dev.kerf.mask.Mask;
import dev.kerf.measure.DistanceTransform;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;

/**
 * How far the surfaces of two masks, pictures or volumes, are from one another: Hausdorff's distance, its percentiles, the mean distance,
 * and Dice of the surfaces to a tolerance, with pixels of any shape.
 *
 * <pre>{@code
 * SurfaceDistances d = SurfaceDistances.of(truth, predicted, Spacing.of(0.5, "mm"));
 * d.hausdorff95();       // mm
 * d.surfaceDice(1);      // share of both surfaces that is within 1 mm of the other
 * }</pre>
 *
 * <p>A surface has an element between any 2×2 pixels or 2×2×2 voxels that are not all inside or outside, what is beyond the picture being
 * outside; its length or area weighs it (Nikolov et al. 2018; figures are those of DeepMind's {@code surface-distance}). Each element's
 * distance is that to the nearest element of the other mask.
 *
 * <p>Empty masks: where both are, there is no surface, and every score is NaN, which means leave out; where one is, all distances are
 * infinite and Dice of the surfaces is 0.
 */
public final class SurfaceDistances {
    private final Side truth;
    private final Side predicted;

    /** One mask's elements by distance, and how much surface there is up to each. */
    private record Side(double[] distances, double[] sizes, double[] upTo) {
        static Side of(double[] distances, double[] sizes) {
            Integer[] order = new Integer[distances.length];
            Arrays.setAll(order, i -> i);
            Arrays.sort(order, Comparator.comparingDouble((Integer i) -> distances[i]).thenComparingDouble(i -> sizes[i]));
            double[] sorted = new double[order.length];
            double[] weights = new double[order.length];
            double[] upTo = new double[order.length];
            double sum = 0;
            for (int k = 0; k < order.length; k++) {
                sorted[k] = distances[order[k]];
                weights[k] = sizes[order[k]];
                sum += weights[k];
                upTo[k] = sum;
            }
            return new Side(sorted, weights, upTo);
        }

        boolean isEmpty() { return distances.length == 0; }

        double total() {
            return isEmpty() ? 0 : upTo[upTo.length - 1];
        }

        double percentile(double percent) {
            for (int k = 0; k < distances.length; k++) {
                if (upTo[k] / total() >= percent / 100) {
                    return distances[k];
                }
            }
            return distances[distances.length - 1];
        }

        double sum() {
            double sum = 0;
            for (int k = 0; k < distances.length; k++) {
                sum += distances[k] * sizes[k];
            }
            return sum;
        }

        double within(double tolerance) {
            double sum = 0;
            for (int k = 0; k < distances.length && distances[k] <= tolerance; k++) {
                sum += sizes[k];
            }
            return sum;
        }
    }

    private SurfaceDistances(Side truth, Side predicted) {
        this.truth = truth;
        this.predicted = predicted;
    }

    /**
     * Of two pictures.
     *
     * @param spacing of their pixels, of which x and y count
     * @throws BadInputException if they differ in size
     */
    public static SurfaceDistances of(Mask truth, Mask predicted, Spacing spacing) {
        if (truth.width() != predicted.width() || truth.height() != predicted.height()) {
            throw new BadInputException("masks of " + truth.width() + "x" + truth.height() + " and " + predicted.width() + "x"
                    + predicted.height());
        }
        return of(truth.toTensor().data().toArray(ValueLayout.JAVA_BYTE),
                predicted.toTensor().data().toArray(ValueLayout.JAVA_BYTE),
                new int[] {truth.height(), truth.width()}, spacing.y(), spacing.x());
    }

    /**
     * Of two arrays of two or three axes.
     *
     * @param truth     not 0 inside, the last axis packed
     * @param predicted likewise
     * @param shape     extents
     * @param spacing   from element to element along each axis
     * @throws BadInputException if arrays, shape and spacing don't go together
     */
    public static SurfaceDistances of(byte[] truth, byte[] predicted, int[] shape, double... spacing) {
        long elements = 1;
        for (int extent : shape) {
            elements *= extent;
        }
        if (shape.length != 2 && shape.length != 3 || shape.length != spacing.length || elements != truth.length
                || elements != predicted.length || Arrays.stream(spacing).anyMatch(s -> !(s > 0 && s <= Double.MAX_VALUE))) {
            throw new BadInputException(truth.length + " and " + predicted.length + " elements, shape " + Arrays.toString(shape)
                    + ", spacing " + Arrays.toString(spacing) + ": two or three axes that go together are wanted");
        }
        SurfaceGrid grid = SurfaceGrid.around(truth, predicted, shape);
        double[] sizes = SurfaceElements.of(spacing);
        byte[] real = grid.codes(truth);
        byte[] found = grid.codes(predicted);
        return new SurfaceDistances(side(grid, real, found, sizes, spacing), side(grid, found, real, sizes, spacing));
    }

    private static Side side(SurfaceGrid grid, byte[] own, byte[] others, double[] sizes, double[] spacing) {
        double[] far = DistanceTransform.of(grid.outside(others), grid.corners(), spacing);
        double[] distances = new double[own.length];
        double[] weights = new double[own.length];
        int n = 0;
        for (int i = 0; i < own.length; i++) {
            if (grid.isSurface(own[i])) {
                distances[n] = far[i];
                weights[n++] = sizes[own[i] & 0xFF];
            }
        }
        return Side.of(Arrays.copyOf(distances, n), Arrays.copyOf(weights, n));
    }

    /** Neither mask has a surface: every score is NaN. */
    public boolean isEmpty() {
        return truth.isEmpty() && predicted.isEmpty();
    }

    /** Hausdorff's distance: the greatest of any element to the other surface. */
    public double hausdorff() {
        return hausdorff(100);
    }

    /** The 95th percentile, {@link #hausdorff(double)}. */
    public double hausdorff95() {
        return hausdorff(95);
    }

    /**
     * The distance within which so much of a surface is from the other one, for the surface of which it is greater.
     *
     * @param percent of a surface's length or area, 0 to 100
     * @throws BadInputException if it isn't
     */
    public double hausdorff(double percent) {
        if (!(percent >= 0 && percent <= 100)) {
            throw new BadInputException(percent + ": percentiles are 0 to 100");
        }
        if (truth.isEmpty() || predicted.isEmpty()) {
            return isEmpty() ? Double.NaN : Double.POSITIVE_INFINITY;
        }
        return Math.max(truth.percentile(percent), predicted.percentile(percent));
    }

    /** Mean distance of the truth's surface from the predicted one. */
    public double averageFromTruth() {
        return average(truth);
    }

    /** Mean distance of the predicted surface from the truth's. */
    public double averageFromPredicted() {
        return average(predicted);
    }

    private double average(Side side) {
        return side.isEmpty() ? (isEmpty() ? Double.NaN : Double.POSITIVE_INFINITY) : side.sum() / side.total();
    }

    /** Mean distance of both surfaces, each weighed by its length or area, from the other (average symmetric surface distance). */
    public double averageSymmetric() {
        if (truth.isEmpty() || predicted.isEmpty()) {
            return isEmpty() ? Double.NaN : Double.POSITIVE_INFINITY;
        }
        return (truth.sum() + predicted.sum()) / (truth.total() + predicted.total());
    }

    /**
     * Dice of the surfaces: the share of both that is no farther from the other than a tolerance.
     *
     * @param tolerance in the spacing's unit, 0 or more
     * @throws BadInputException if it isn't
     */
    public double surfaceDice(double tolerance) {
        if (!(tolerance >= 0)) {
            throw new BadInputException("a tolerance of " + tolerance + ": 0 or more");
        }
        return (truth.within(tolerance) + predicted.within(tolerance)) / (truth.total() + predicted.total());
    }
}
