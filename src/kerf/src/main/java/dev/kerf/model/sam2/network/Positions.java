package dev.kerf.model.sam2.network;

import dev.kerf.error.BadInputException;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;

/** Encodings of positions that don't depend on the data, computed in float64 and rounded once. */
public final class Positions {
    private static final double TEMPERATURE = 10_000;
    /** Keeps upstream's normalised coordinates off 1 by this share. */
    private static final double EPS = 1e-6;

    private Positions() {}

    /**
     * Sines and cosines of rows, then of columns, normalised to 2π: upstream's PositionEmbeddingSine.
     *
     * @param channels of the result, a multiple of 4
     * @return (1, channels, side, side)
     */
    static HostTensor sine2d(int channels, int side) {
        require(channels % 4 == 0, channels, side);
        int half = channels / 2;
        float[] out = new float[channels * side * side];
        for (int i = 0; i < half; i++) {
            double frequency = Math.pow(TEMPERATURE, -2.0 * (i / 2) / half);
            for (int p = 0; p < side; p++) {
                double x = (p + 1) / (side + EPS) * 2 * Math.PI * frequency;
                float v = (float) (i % 2 == 0 ? Math.sin(x) : Math.cos(x));
                for (int q = 0; q < side; q++) {
                    out[(i * side + p) * side + q] = v;
                    out[((half + i) * side + q) * side + p] = v;
                }
            }
        }
        return HostTensor.of(Shape.of(1, channels, side, side), out);
    }

    /**
     * Sines, then cosines, of a distance in time: upstream's get_1d_sine_pe.
     *
     * @param position in the unit that the longest distance is 1 in
     * @param out      of which {@code channels} elements from {@code at} are written
     */
    public static void sine1d(double position, float[] out, int at, int channels) {
        if (at < 0 || channels < 0 || at > out.length - channels) {
            throw new BadInputException(channels + " channels from element " + at + " of " + out.length);
        }
        int half = channels / 2;
        for (int i = 0; i < half; i++) {
            double x = position * Math.pow(TEMPERATURE, -2.0 * (i / 2) / half);
            out[at + i] = (float) Math.sin(x);
            out[at + half + i] = (float) Math.cos(x);
        }
    }

    /**
     * The angles of axial rotary embeddings (upstream's compute_axial_cis): the first half of the pairs turns with the
     * column, the second with the row.
     *
     * @param pairs half the channels of a head
     * @param sine  the angles' sines, or their cosines
     * @return (side², pairs), positions row by row
     */
    static HostTensor rotary(int pairs, int side, boolean sine) {
        require(pairs % 2 == 0, pairs, side);
        float[] out = new float[side * side * pairs];
        int half = pairs / 2;
        for (int i = 0; i < half; i++) {
            double frequency = Math.pow(TEMPERATURE, -2.0 * i / pairs);
            for (int t = 0; t < side; t++) {
                float v = (float) (sine ? Math.sin(t * frequency) : Math.cos(t * frequency));
                for (int other = 0; other < side; other++) {
                    out[(other * side + t) * pairs + i] = v;
                    out[(t * side + other) * pairs + half + i] = v;
                }
            }
        }
        return HostTensor.of(Shape.of(side * (long) side, pairs), out);
    }

    private static void require(boolean even, int channels, int side) {
        if (!even || channels < 1 || side < 1 || (long) channels * side > Integer.MAX_VALUE / side) {
            throw new BadInputException("positions of " + channels + " channels at " + side + "x" + side + " places");
        }
    }
}
