package dev.kerf.backend.cpu.kernel;

import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp;

/** Functions of one number in float64, accurate to some units of its last place. */
public final class Functions {
    private static final double SQRT_HALF = Math.sqrt(0.5);
    private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

    private Functions() {}

    /** The activation of x. */
    public static double apply(Activation a, double x) {
        return switch (a) {
            case NONE -> x;
            case RELU -> relu(x);
            case GELU_ERF -> geluErf(x);
            case GELU_TANH -> geluTanh(x);
            case SIGMOID -> sigmoid(x);
            case SILU -> silu(x);
            case TANH -> Math.tanh(x);
            case HARD_SWISH -> hardSwish(x);
            case RELU6 -> relu6(x);
        };
    }

    /** The function of x. */
    public static double apply(PointwiseOp.Function f, double x) {
        return switch (f) {
            case RELU -> relu(x);
            case GELU_ERF -> geluErf(x);
            case GELU_TANH -> geluTanh(x);
            case SIGMOID -> sigmoid(x);
            case SILU -> silu(x);
            case TANH -> Math.tanh(x);
            case EXP -> Math.exp(x);
            case LOG -> Math.log(x);
            case SQRT -> Math.sqrt(x);
            case RECIPROCAL -> 1 / x;
            case ABS -> Math.abs(x);
            case NEGATE -> -x;
            case SIN -> Math.sin(x);
            case COS -> Math.cos(x);
            case FLOOR -> Math.floor(x);
            case CEIL -> Math.ceil(x);
            case ROUND_HALF_EVEN -> Math.rint(x);
            case HARD_SWISH -> hardSwish(x);
            case RELU6 -> relu6(x);
        };
    }

    private static double relu(double x) {
        return Math.max(x, 0);
    }

    private static double relu6(double x) {
        return Math.min(relu(x), 6);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double silu(double x) {
        return x == Double.NEGATIVE_INFINITY ? 0 : x * sigmoid(x);
    }

    private static double hardSwish(double x) {
        return x < -3 ? 0 : x * (Math.min(x + 3, 6) / 6);
    }

    private static double geluErf(double x) {
        return x == Double.NEGATIVE_INFINITY ? 0 : x * 0.5 * erfc(-x * SQRT_HALF);
    }

    private static double geluTanh(double x) {
        double inner = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
        // 0.5 (1 + tanh u) = sigmoid(2u), which keeps its digits where tanh u nears −1.
        return x == Double.NEGATIVE_INFINITY ? 0 : x * sigmoid(2 * inner);
    }

    /** 1 − erf x: by erf's series near 0, by Laplace's continued fraction in the tails. */
    static double erfc(double x) {
        if (x != x) {
            return x;
        }
        if (x < 0) {
            return 2 - erfc(-x);
        }
        if (x < 2) {
            // erf x = 2/√π e^(−x²) Σ 2^n x^(2n+1) / (2n+1)!!, all terms positive.
            double term = x;
            double sum = x;
            for (int n = 1; term > sum * 1e-18; n++) {
                term *= 2 * x * x / (2 * n + 1);
                sum += term;
            }
            return 1 - TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum;
        }
        double tail = 0;
        for (int k = 60; k >= 1; k--) {
            tail = k / 2.0 / (x + tail);
        }
        return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + tail);
    }
}
