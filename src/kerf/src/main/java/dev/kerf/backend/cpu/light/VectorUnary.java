package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.dense.Bends;
import dev.kerf.backend.cpu.dense.Curves;
import dev.kerf.backend.cpu.dense.VectorMath;
import dev.kerf.graph.PointwiseOp.Function;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Functions of one number over rows. A loop for each: where a choice within a loop makes the vector, it is allocated. */
final class VectorUnary {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();

    private VectorUnary() {}

    static void run(Function f, PlainLanes plain, float[] x, int xo, float[] y, int yo, int n) {
        Curves.Curve curve = curve(f);
        if (curve != null) {
            Curves.apply(curve, x, xo, y, yo, n);
            return;
        }
        switch (f) {
            case RELU -> {
                Bends.relu(x, xo, y, yo, n);
                return;
            }
            case HARD_SWISH -> {
                Bends.hardSwish(x, xo, y, yo, n);
                return;
            }
            case RELU6 -> {
                Bends.relu6(x, xo, y, yo, n);
                return;
            }
            default -> {}
        }
        int end = S.loopBound(n);
        switch (f) {
            case ABS -> abs(x, xo, y, yo, end);
            case NEGATE -> negate(x, xo, y, yo, end);
            case SQRT -> sqrt(x, xo, y, yo, end);
            case RECIPROCAL -> VectorBinary.divide(1, x, xo, y, yo, n);
            default -> plain.unary(f, x, xo, y, yo, end);
        }
        plain.unary(f, x, xo + end, y, yo + end, n - end);
    }

    private static Curves.Curve curve(Function f) {
        return switch (f) {
            case EXP -> Curves.Curve.EXP;
            case SIGMOID -> Curves.Curve.SIGMOID;
            case SILU -> Curves.Curve.SILU;
            case TANH -> Curves.Curve.TANH;
            case GELU_ERF -> Curves.Curve.GELU_ERF;
            case GELU_TANH -> Curves.Curve.GELU_TANH;
            default -> null;
        };
    }

    private static void abs(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).abs().intoArray(y, yo + i);
        }
    }

    private static void negate(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).neg().intoArray(y, yo + i);
        }
    }

    private static void sqrt(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).sqrt().intoArray(y, yo + i);
        }
    }
}
