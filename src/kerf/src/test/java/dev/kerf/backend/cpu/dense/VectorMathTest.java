package dev.kerf.backend.cpu.dense;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class VectorMathTest {
    private static float[] map(Curves.Curve f, float... x) {
        float[] y = new float[x.length];
        Curves.apply(f, x, 0, y, 0, x.length);
        return y;
    }

    /** Largest error in units in the last place of the true value, over a range. */
    private static double worst(Curves.Curve f, DoubleUnaryOperator truth, double low, double high) {
        int n = 200_003;
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) (low + (high - low) * i / (n - 1));
        }
        float[] y = map(f, x);
        double worst = 0;
        for (int i = 0; i < n; i++) {
            double t = truth.applyAsDouble(x[i]);
            double e = Math.abs(y[i] - t) / Math.ulp((float) t);
            worst = Math.max(worst, Double.isNaN(e) ? Double.POSITIVE_INFINITY : e);
        }
        return worst;
    }

    @Test
    void staysWithinItsUnitsInTheLastPlace() {
        assertTrue(worst(Curves.Curve.EXP, Math::exp, -1, 1) <= 2);
        assertTrue(worst(Curves.Curve.EXP, Math::exp, -103, 88.7) <= 2);
        assertTrue(worst(Curves.Curve.TANH, Math::tanh, -0.01, 0.01) <= 3);
        assertTrue(worst(Curves.Curve.TANH, Math::tanh, -12, 12) <= 3);
        assertTrue(worst(Curves.Curve.SIGMOID, x -> 1 / (1 + Math.exp(-x)), -80, 30) <= 3);
        assertTrue(worst(Curves.Curve.SILU, x -> x / (1 + Math.exp(-x)), -80, 30) <= 3);
    }

    /** GELU cancels left of 0, in torch as well: the error is measured against x. */
    @Test
    void geluIsExactRelativeToItsArgument() {
        for (float x = -9; x < 9; x += 0.0137f) {
            double erf = 0.5 * x * (1 + Bed.erf(x / Math.sqrt(2)));
            double tanh = 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            double bound = 4 * Math.ulp(Math.abs(x));
            assertEquals(erf, map(Curves.Curve.GELU_ERF, x)[0], bound);
            assertEquals(tanh, map(Curves.Curve.GELU_TANH, x)[0], bound);
        }
    }

    @Test
    void knowsInfinitiesNanAndSignedZero() {
        float inf = Float.POSITIVE_INFINITY;
        float[] x = {inf, -inf, Float.NaN, 0f, -0f, 200f, -200f};
        assertEquals("[Infinity, 0.0, NaN, 1.0, 1.0, Infinity, 0.0]",
                java.util.Arrays.toString(map(Curves.Curve.EXP, x)));
        assertEquals("[1.0, -1.0, NaN, 0.0, -0.0, 1.0, -1.0]", java.util.Arrays.toString(map(Curves.Curve.TANH, x)));
        assertEquals("[1.0, 0.0, NaN, 0.5, 0.5, 1.0, 0.0]", java.util.Arrays.toString(map(Curves.Curve.SIGMOID, x)));
        // The square of the last two overflows.
        assertEquals("[Infinity, 0.0, NaN, 0.0, 0.0, 200.0, 0.0, 1.0E30, 0.0]", java.util.Arrays.toString(
                map(Curves.Curve.GELU_ERF, inf, -inf, Float.NaN, 0f, -0f, 200f, -200f, 1e30f, -1e30f)));
        assertEquals("[5.5000005, 0.0]",
                java.util.Arrays.toString(map(Curves.Curve.GELU_ERF, Math.nextUp(5.5f), Math.nextDown(-5.5f))));
        assertEquals(Float.MIN_VALUE, map(Curves.Curve.EXP, (float) Math.log(Float.MIN_VALUE))[0]);
    }
}
