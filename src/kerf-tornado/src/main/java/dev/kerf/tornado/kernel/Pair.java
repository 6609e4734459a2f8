package dev.kerf.tornado.kernel;

/**
 * Sums in pairs of floats, high + low, of about 48 bits: as good as float64 where a device may have none. The error of
 * each float sum is exact (Knuth, The Art of Computer Programming 2, section 4.2.2) and is added up beside it.
 */
public final class Pair {
    private Pair() {
    }

    /** What rounding sum = a + b lost. */
    public static float lost(float a, float b, float sum) {
        float part = sum - a;
        return (a - (sum - part)) + (b - part);
    }

    /**
     * a · b + c, rounded once: TornadoVM makes an fma of every sum with a product, but not of a difference. To subtract
     * a · b give 0 − a; c mustn't be a product itself, which could be fused in place of a · b.
     */
    public static float fma(float a, float b, float c) {
        return a * b + c;
    }
}
