package dev.kerf.check.golden;

import dev.kerf.error.BadInputException;
import dev.kerf.tensor.HostTensor;
import java.math.BigDecimal;

/**
 * How far a tensor is from a reference, computed in float64.
 *
 * @param maxAbs     largest absolute difference; NaN if either has a NaN where the other hasn't
 * @param relativeL2 L2 norm of the difference over the norm of the reference; 0 if both are 0
 * @param elements   how many elements were compared
 */
public record TensorDifference(double maxAbs, double relativeL2, long elements) {
    /**
     * Compares all elements.
     *
     * @throws BadInputException if their numbers differ
     */
    public static TensorDifference of(HostTensor actual, HostTensor reference) {
        if (actual.elements() != reference.elements()) {
            throw new BadInputException(actual + " has " + actual.elements() + " elements, " + reference + " has "
                    + reference.elements());
        }
        return strided(actual, reference, 1);
    }

    /** Compares every {@code stride}-th element of {@code actual} in row-major order with all of {@code reference}. */
    static TensorDifference strided(HostTensor actual, HostTensor reference, long stride) {
        double max = 0;
        double error = 0;
        double norm = 0;
        long n = reference.elements();
        for (long i = 0; i < n; i++) {
            double r = reference.getDouble(i);
            double a = actual.getDouble(i * stride);
            double d = a != a && r != r ? 0 : a == r ? lost(actual, i * stride, reference, i) : Math.abs(a - r);
            max = d > max || d != d ? d : max;
            error += d * d;
            norm += r == r && !Double.isInfinite(r) ? r * r : 0;
        }
        return new TensorDifference(max, error == 0 ? 0 : Math.sqrt(error / norm), n);
    }

    /** How far two elements of which one is an integer are apart though they are the same double, as may be past 2^53. */
    private static double lost(HostTensor a, long i, HostTensor b, long j) {
        double v = a.getDouble(i);
        if (Math.abs(v) < 0x1p53 || Double.isInfinite(v) || a.dtype().floating() && b.dtype().floating()) {
            return 0;
        }
        return exact(a, i).subtract(exact(b, j)).abs().doubleValue();
    }

    private static BigDecimal exact(HostTensor t, long i) {
        return t.dtype().floating() ? new BigDecimal(t.getDouble(i)) : BigDecimal.valueOf(t.getLong(i));
    }
}
