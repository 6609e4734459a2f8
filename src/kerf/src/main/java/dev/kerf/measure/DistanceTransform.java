package dev.kerf.measure;

import dev.kerf.error.BadInputException;
import java.util.Arrays;

/**
 * How far each element of a mask is from the nearest one outside it, exactly: scipy's {@code distance_transform_edt}. What is
 * beyond the array is neither inside nor outside.
 *
 * <p>One axis after the other, by the lower envelope of parabolas (Felzenszwalb and Huttenlocher 2012, "Distance transforms of sampled
 * functions"): time in proportion to the elements.
 *
 * <pre>{@code
 * double[] far = DistanceTransform.of(mask, new int[] {height, width}, new double[] {0.5, 0.25});
 * }</pre>
 */
public final class DistanceTransform {
    private DistanceTransform() {}

    /**
     * The distances; infinite where nothing is outside.
     *
     * @param mask    not 0 inside
     * @param shape   extents, the last axis packed
     * @param spacing from element to element along each axis
     * @throws BadInputException if shape, spacing and mask don't go together
     */
    public static double[] of(byte[] mask, int[] shape, double... spacing) {
        double[] squares = squares(mask, shape, spacing);
        for (int i = 0; i < squares.length; i++) {
            squares[i] = Math.sqrt(squares[i]);
        }
        return squares;
    }

    /** The squares of the distances: whole numbers, exact, where all spacings are 1. Parameters as of {@link #of}. */
    public static double[] squares(byte[] mask, int[] shape, double... spacing) {
        long elements = 1;
        for (int extent : shape) {
            elements = Math.max(0, extent) * Math.min(elements, Integer.MAX_VALUE);
        }
        if (elements != mask.length || Arrays.stream(shape).anyMatch(extent -> extent < 0) || shape.length != spacing.length
                || Arrays.stream(spacing).anyMatch(s -> !(s > 0))) {
            throw new BadInputException(mask.length + " elements, shape " + Arrays.toString(shape) + ", spacing "
                    + Arrays.toString(spacing) + ": don't go together");
        }
        double[] f = new double[mask.length];
        for (int i = 0; i < f.length; i++) {
            f[i] = mask[i] == 0 ? 0 : Double.POSITIVE_INFINITY;
        }
        int step = 1;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            Line line = new Line(shape[axis], step, spacing[axis]);
            for (int from = 0; from < f.length; from += step * shape[axis]) {
                for (int i = from; i < from + step; i++) {
                    line.run(f, i);
                }
            }
            step *= shape[axis];
        }
        return f;
    }

    /** The lower envelope along one line, with room for it. */
    private static final class Line {
        private final int n;
        private final int step;
        private final double spacing;
        private final double[] old;
        /** Where the parabolas stand that are part of the envelope, and from where on each is the lowest. */
        private final int[] at;
        private final double[] from;

        Line(int n, int step, double spacing) {
            this.n = n;
            this.step = step;
            this.spacing = spacing;
            this.old = new double[n];
            this.at = new int[n];
            this.from = new double[n];
        }

        void run(double[] f, int first) {
            int last = -1;
            for (int q = 0; q < n; q++) {
                old[q] = f[first + q * step];
                if (old[q] == Double.POSITIVE_INFINITY) {
                    continue;
                }
                double meets = Double.NEGATIVE_INFINITY;
                while (last >= 0) {
                    meets = meeting(at[last], q);
                    if (meets > from[last]) {
                        break;
                    }
                    last--;
                }
                last++;
                at[last] = q;
                from[last] = last == 0 ? Double.NEGATIVE_INFINITY : meets;
            }
            if (last < 0) {
                return;
            }
            for (int q = 0, k = 0; q < n; q++) {
                while (k < last && from[k + 1] < q) {
                    k++;
                }
                double away = (q - at[k]) * spacing;
                f[first + q * step] = old[at[k]] + away * away;
            }
        }

        /** Where the later parabola of two becomes the lower one, in elements. */
        private double meeting(int a, int b) {
            return (old[b] - old[a]) / (2 * spacing * spacing * (b - a)) + (a + b) / 2.0;
        }
    }
}
