package dev.kerf.graph.onnx;

import dev.kerf.graph.plan.ResizeTaps;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Which elements of an axis make each element of a resized one, by ONNX's rules (operator Resize), positions in float32 as ONNX
 * Runtime computes them.
 *
 * @param in      extent of the axis
 * @param taps    elements of each result; those without weight have the index of another
 * @param index   of tap t of result i at i · taps + t
 * @param weight  likewise
 * @param outside results that lie outside of the axis, where that counts: their weights are 0
 */
record AxisTaps(int in, int taps, int[] index, double[] weight, boolean[] outside) {
    /** How a position is made of a result's number, and what lies around a position. */
    record Rule(String coordinates, String mode, String nearest, double cubic, boolean excludeOutside, boolean antialias) {}

    /**
     * An axis.
     *
     * @param in    extent before
     * @param out   extent after
     * @param scale results for each element
     * @param start of the part that is taken, for {@code tf_crop_and_resize}, 0 … 1
     * @param end   of it
     */
    record Axis(int in, int out, float scale, float start, float end) {
        float position(Rule r, int i) {
            return switch (r.coordinates) {
                case "half_pixel" -> (i + 0.5f) / scale - 0.5f;
                case "half_pixel_symmetric" -> {
                    float adjustment = out / (scale * in);
                    yield in / 2f * (1 - adjustment) + (i + 0.5f) / scale - 0.5f;
                }
                case "pytorch_half_pixel" -> out > 1 ? (i + 0.5f) / scale - 0.5f : 0;
                case "align_corners" -> out > 1 ? i * (float) (in - 1) / (out - 1) : 0;
                case "asymmetric" -> i / scale;
                case "tf_half_pixel_for_nn" -> (i + 0.5f) / scale;
                default -> out > 1
                        ? start * (in - 1) + i * (end - start) * (in - 1) / (out - 1)
                        : 0.5f * (start + end) * (in - 1);
            };
        }
    }

    static AxisTaps of(Rule r, Axis a) {
        float reach = r.mode.equals("nearest") ? 0 : r.mode.equals("linear") ? 1 : 2;
        boolean wide = r.antialias && a.scale < 1 && reach > 0;
        double stretch = wide ? a.scale : 1;
        int taps = reach == 0 ? 1 : wide ? (int) Math.ceil(reach / stretch) * 2 + 1 : (int) (2 * reach);
        AxisTaps t = new AxisTaps(a.in, taps, new int[a.out * taps], new double[a.out * taps], new boolean[a.out]);
        for (int i = 0; i < a.out; i++) {
            float x = a.position(r, i);
            if (r.coordinates.equals("tf_crop_and_resize") && (x < 0 || x > a.in - 1)) {
                t.outside[i] = true;
            } else if (reach == 0) {
                t.index[i] = Math.clamp(nearest(r.nearest, x), 0, a.in - 1);
                t.weight[i] = 1;
            } else {
                t.weigh(r, i, x, reach, stretch);
            }
        }
        return t;
    }

    private static int nearest(String how, float x) {
        return (int) switch (how) {
            case "round_prefer_ceil" -> Math.floor(x + 0.5);
            case "floor" -> Math.floor(x);
            case "ceil" -> Math.ceil(x);
            default -> Math.ceil(x - 0.5);
        };
    }

    private void weigh(Rule r, int i, float x, float reach, double stretch) {
        int first = stretch < 1 ? (int) Math.floor(x - reach / stretch) + 1 : (int) Math.floor(x) - (int) reach + 1;
        double sum = 0;
        for (int k = 0; k < taps; k++) {
            int at = first + k;
            double d = Math.abs((at - (double) x) * stretch);
            double w = r.mode.equals("linear") ? Math.max(0, 1 - d) : keys(d, r.cubic);
            boolean inside = at >= 0 && at < in;
            w = inside || !r.excludeOutside ? w : 0;
            index[i * taps + k] = Math.clamp(at, 0, in - 1);
            weight[i * taps + k] = w;
            sum += w;
        }
        for (int k = 0; k < taps; k++) {
            weight[i * taps + k] /= sum == 0 ? 1 : sum;
        }
    }

    /** Keys' cubic convolution kernel (1981) at distance d. */
    private static double keys(double d, double a) {
        return d < 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
    }

    /** Whether each result is one element, so that all are picked. */
    boolean picks() {
        return taps == 1 && !any(outside);
    }

    static boolean any(boolean[] flags) {
        for (boolean f : flags) {
            if (f) {
                return true;
            }
        }
        return false;
    }

    /** Whether nothing changes. */
    boolean same() {
        return equal(new ResizeTaps(1, java.util.stream.IntStream.range(0, in).toArray(), ones(in)));
    }

    private static double[] ones(int n) {
        double[] out = new double[n];
        Arrays.fill(out, 1);
        return out;
    }

    /** Whether the op of a graph computes the same, but for the last digits of positions. */
    boolean equal(ResizeTaps other) {
        int out = outside.length;
        if (any(outside) || other.index().length / other.taps() != out) {
            return false;
        }
        double bound = 1e-4 + 4e-7 * in;
        for (int i = 0; i < out; i++) {
            Map<Integer, Double> sums = new HashMap<>();
            for (int k = 0; k < taps; k++) {
                sums.merge(index[i * taps + k], weight[i * taps + k], Double::sum);
            }
            for (int k = 0; k < other.taps(); k++) {
                sums.merge(other.index()[i * other.taps() + k], -other.weight()[i * other.taps() + k], Double::sum);
            }
            if (sums.values().stream().anyMatch(d -> Math.abs(d) > bound)) {
                return false;
            }
        }
        return true;
    }

    /** The matrix (out, in) that an axis is multiplied by. */
    double[] matrix() {
        double[] m = new double[Math.multiplyExact(outside.length, in)];
        for (int i = 0; i < outside.length; i++) {
            for (int k = 0; k < taps && !outside[i]; k++) {
                m[i * in + index[i * taps + k]] += weight[i * taps + k];
            }
        }
        return m;
    }
}
