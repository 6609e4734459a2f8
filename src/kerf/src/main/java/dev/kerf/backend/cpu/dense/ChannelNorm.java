package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Layer norm over channels that lie at equal distances, a pixel to a lane: mean, squares and results of four vectors are done
 * one after the other, while they are in the first-level cache.
 *
 * @param weight of each channel
 * @param bias   of each channel
 * @param eps    added to the variance
 */
public record ChannelNorm(Operand weight, Operand bias, double eps) {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();
    /** Pixels that are done at once: so many are read and written. */
    public static final int PIXELS = 4 * L;

    /** The norm in a node's tail; null for none. */
    static ChannelNorm of(Site site) {
        int n = site.node().inputs().size();
        return site.tail().norm() ? new ChannelNorm(site.operand(n - 2), site.operand(n - 1), site.tail().eps()) : null;
    }

    /** Normalises n pixels where they are, rounded up to {@link #PIXELS}, of channels {@code step} apart. */
    void apply(float[] a, int at, int step, int channels, int n) {
        for (int i = 0; i < n; i += PIXELS) {
            pixels(a, at + i, step, channels, (float) eps, weight.floats(), weight.offset(), bias.floats(), bias.offset(), a,
                    at + i,
                    step);
        }
    }

    /**
     * Normalises n pixels, at least {@link #PIXELS}: some are copied side by side first, since channels a power of two apart would push
     * each other out of the cache.
     *
     * @param transposed whether a pixel's channels are to be side by side
     * @param t  room for {@code PIXELS · channels} numbers
     * @param to where it begins
     */
    public static void compact(float[] x, int xo, int step, int channels, int n, float eps, float[] weight, int wo,
            float[] bias,
            int bo, float[] y, int yo, boolean transposed, float[] t, int to) {
        for (int i = 0; i < n; i += PIXELS) {
            // The last ones are done with some before them.
            int j = Math.min(i, n - PIXELS);
            Finish.copyRows(x, xo + j, step, t, to, PIXELS, channels, PIXELS);
            if (transposed) {
                pixels(t, to, PIXELS, channels, eps, weight, wo, bias, bo, t, to, PIXELS);
                Transposes.matrix(t, to, PIXELS, channels, PIXELS, y, yo + j * channels, channels);
            } else {
                pixels(t, to, PIXELS, channels, eps, weight, wo, bias, bo, y, yo + j, step);
            }
        }
    }

    /** y = (x − mean) / sqrt(var + eps) · weight + bias of {@link #PIXELS} pixels, whose channels lie some distance apart. */
    public static void pixels(float[] x, int xo, int step, int channels, float eps, float[] weight, int wo, float[] bias,
            int bo,
            float[] y, int yo, int yStep) {
        FloatVector m0 = FloatVector.zero(S);
        FloatVector m1 = m0;
        FloatVector m2 = m0;
        FloatVector m3 = m0;
        for (int c = 0, i = xo; c < channels; c++, i += step) {
            m0 = m0.add(FloatVector.fromArray(S, x, i));
            m1 = m1.add(FloatVector.fromArray(S, x, i + L));
            m2 = m2.add(FloatVector.fromArray(S, x, i + 2 * L));
            m3 = m3.add(FloatVector.fromArray(S, x, i + 3 * L));
        }
        m0 = m0.div(channels);
        m1 = m1.div(channels);
        m2 = m2.div(channels);
        m3 = m3.div(channels);
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int c = 0, i = xo; c < channels; c++, i += step) {
            FloatVector d0 = FloatVector.fromArray(S, x, i).sub(m0);
            FloatVector d1 = FloatVector.fromArray(S, x, i + L).sub(m1);
            FloatVector d2 = FloatVector.fromArray(S, x, i + 2 * L).sub(m2);
            FloatVector d3 = FloatVector.fromArray(S, x, i + 3 * L).sub(m3);
            s0 = d0.fma(d0, s0);
            s1 = d1.fma(d1, s1);
            s2 = d2.fma(d2, s2);
            s3 = d3.fma(d3, s3);
        }
        // Where float32 can't hold the squares the scale is NaN: an infinite one would make all the same.
        FloatVector most = FloatVector.broadcast(S, Float.MAX_VALUE);
        FloatVector none = FloatVector.broadcast(S, Float.NaN);
        s0 = s0.blend(none, s0.compare(VectorOperators.GT, most)).div(channels).add(eps).sqrt();
        s1 = s1.blend(none, s1.compare(VectorOperators.GT, most)).div(channels).add(eps).sqrt();
        s2 = s2.blend(none, s2.compare(VectorOperators.GT, most)).div(channels).add(eps).sqrt();
        s3 = s3.blend(none, s3.compare(VectorOperators.GT, most)).div(channels).add(eps).sqrt();
        FloatVector one = FloatVector.broadcast(S, 1f);
        s0 = one.div(s0);
        s1 = one.div(s1);
        s2 = one.div(s2);
        s3 = one.div(s3);
        for (int c = 0, i = xo, o = yo; c < channels; c++, i += step, o += yStep) {
            FloatVector w = FloatVector.broadcast(S, weight[wo + c]);
            FloatVector b = FloatVector.broadcast(S, bias[bo + c]);
            FloatVector.fromArray(S, x, i).sub(m0).mul(s0).fma(w, b).intoArray(y, o);
            FloatVector.fromArray(S, x, i + L).sub(m1).mul(s1).fma(w, b).intoArray(y, o + L);
            FloatVector.fromArray(S, x, i + 2 * L).sub(m2).mul(s2).fma(w, b).intoArray(y, o + 2 * L);
            FloatVector.fromArray(S, x, i + 3 * L).sub(m3).mul(s3).fma(w, b).intoArray(y, o + 3 * L);
        }
    }
}
