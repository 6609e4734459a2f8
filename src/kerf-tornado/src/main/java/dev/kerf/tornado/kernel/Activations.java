package dev.kerf.tornado.kernel;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/**
 * Functions that are fused into the kernels that make their arguments, numbered as {@link dev.kerf.graph.Op.Activation}. A
 * kernel's activation is baked into its code, so that the choice costs nothing.
 */
public final class Activations {
    /** None. */
    public static final int NONE = 0;
    /** max(x, 0). */
    public static final int RELU = 1;
    /** x · Φ(x). */
    public static final int GELU_ERF = 2;
    /** The same by tanh. */
    public static final int GELU_TANH = 3;
    /** 1 / (1 + e^−x). */
    public static final int SIGMOID = 4;
    /** x / (1 + e^−x). */
    public static final int SILU = 5;
    /** tanh x. */
    public static final int TANH = 6;
    /** x · min(max(x + 3, 0), 6) / 6. */
    public static final int HARD_SWISH = 7;
    /** min(max(x, 0), 6). */
    public static final int RELU6 = 8;

    private Activations() {
    }

    /** The function of a number. */
    public static float activate(int kind, float x) {
        float y = x;
        if (kind == RELU) {
            y = x < 0 ? 0 : x; // NaN stays NaN
        } else if (kind == GELU_ERF) {
            y = geluErf(x);
        } else if (kind == GELU_TANH) {
            // By the logistic function, which keeps its digits where 1 + tanh x nears 0.
            y = x < -1e12f ? 0 : x / (1 + TornadoMath.exp(-1.5957691216f * (x + 0.044715f * x * x * x)));
        } else if (kind == SIGMOID) {
            y = 1 / (1 + TornadoMath.exp(-x));
        } else if (kind == SILU) {
            y = x < -1e30f ? 0 : x / (1 + TornadoMath.exp(-x));
        } else if (kind == TANH) {
            y = TornadoMath.tanh(x);
        } else if (kind == HARD_SWISH) {
            y = x < -3 ? 0 : x * ((x > 3 ? 6 : x + 3) * (1 / 6f));
        } else if (kind == RELU6) {
            y = x < 0 ? 0 : x > 6 ? 6 : x;
        }
        return y;
    }

    /**
     * x · Φ(x), by the tail Φ(−a) = e^(−a²/2) · p(q) / (1 + 1.5 a) with q = (a − 3) / (a + 3), after Shepherd and
     * Laframboise, "Chebyshev Approximation of (1 + 2x) exp(x²) erfc x", 1981; p is within 2⁻²⁵. It keeps its digits
     * where 1 + erf nears 0.
     */
    private static float geluErf(float x) {
        float distance = x < 0 ? -x : x;
        float a = distance < 20 ? distance : 20;
        float q = (a - 3) / (a + 3);
        float p = 9.564568608766422e-05f;
        p = p * q + 3.4592245356179774e-05f;
        p = p * q - 0.0007759424042887986f;
        p = p * q - 0.0003886944614350796f;
        p = p * q + 0.004974908195436001f;
        p = p * q + 0.00029861624352633953f;
        p = p * q - 0.037153210490942f;
        p = p * q + 0.09085094928741455f;
        p = p * q - 0.08626140654087067f;
        p = p * q - 0.04158875718712807f;
        p = p * q + 0.668326735496521f;
        // a = high + low; high has 13 bits, so that its square is exact.
        float high = TornadoMath.floor(a * 256) * 0.00390625f;
        float low = a - high;
        float gauss = TornadoMath.exp(-0.5f * high * high) * TornadoMath.exp(-0.5f * low * (a + high));
        float tail = gauss * p / (1 + 1.5f * a);
        float y = x < 0 ? x * tail : x * (1 - tail);
        return x < -1e30f ? 0 : y;
    }
}
