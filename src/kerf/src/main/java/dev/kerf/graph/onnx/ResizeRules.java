package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.plan.ResizeTaps;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Resampling by any of ONNX's rules. Where a graph's op computes the same it is taken; what picks elements is that; any other
 * rule is a product with a matrix along each axis.
 */
final class ResizeRules {
    private ResizeRules() {}

    static Map<String, Rule> rules() {
        return Map.of("Resize", ResizeRules::resize, "Upsample", ResizeRules::upsample);
    }

    private static void upsample(Imported n) {
        double[] scales = n.has(1) ? Host.doubles(n.known(1, "scales")) : reals(n, "scales");
        if (scales.length == 0) {
            throw n.bad("has no scales");
        }
        AxisTaps.Rule r = new AxisTaps.Rule("asymmetric", n.text("mode", "nearest").replace("bilinear", "linear"), "floor",
                -0.75, false, false);
        int[] axes = IntStream.range(0, n.shape(0).rank()).toArray();
        n.out(resized(n, r, axes, scales, null, new double[2 * axes.length], 0));
    }

    private static double[] reals(Imported n, String name) {
        var a = n.node.attributes().get(name);
        return a == null ? new double[0] : a.reals().stream().mapToDouble(v -> v).toArray();
    }

    private static void resize(Imported n) {
        int rank = n.shape(0).rank();
        boolean old = n.opset < 11;
        int at = old ? 1 : 2;
        AxisTaps.Rule r = new AxisTaps.Rule(
                n.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel"), n.text("mode", "nearest"),
                n.text("nearest_mode", old ? "floor" : "round_prefer_floor"), n.real("cubic_coeff_a", -0.75),
                n.flag("exclude_outside", false), n.flag("antialias", false));
        long[] named = n.longs("axes");
        int[] axes = named.length == 0 ? IntStream.range(0, rank).toArray() : n.axes(named, rank);
        double[] scales = n.has(at) && n.shape(at).elements() > 0 ? Host.doubles(n.known(at, "scales")) : null;
        long[] sizes = n.has(3) && n.shape(3).elements() > 0 ? n.longs(3, "sizes") : null;
        double[] part = r.coordinates().equals("tf_crop_and_resize") && n.has(1)
                ? Host.doubles(n.known(1, "regions"))
                : new double[2 * axes.length];
        if (scales == null && sizes == null) {
            throw n.bad("has neither scales nor sizes");
        }
        n.out(resized(n, r, axes, scales, sizes, part, n.real("extrapolation_value", 0)));
    }

    private static Operand resized(Imported n, AxisTaps.Rule r, int[] axes, double[] scales, long[] sizes, double[] part,
            float beyond) {
        Shape s = n.shape(0);
        int given = scales != null ? scales.length : sizes.length;
        if (given != axes.length || part.length != 2 * axes.length) {
            throw n.bad("has " + given + " scales or sizes and " + part.length + " numbers of a region for " + axes.length
                    + " axes");
        }
        double common = common(n, axes, sizes, s);
        AxisTaps[] taps = new AxisTaps[s.rank()];
        AxisTaps.Axis[] all = new AxisTaps.Axis[s.rank()];
        for (int i = 0; i < axes.length; i++) {
            int in = s.size(axes[i]);
            double scale = scales != null ? scales[i] : common > 0 ? common : (double) sizes[i] / in;
            long out = scales != null
                    ? (long) Math.floor((float) in * (float) scale)
                    : common > 0 ? (long) Math.floor(common * in + 0.5) : sizes[i];
            if (in < 1 || !(scale > 0) || out < 1 || out > 1 << 20) {
                throw n.bad("makes " + out + " elements of " + in);
            }
            all[axes[i]] = new AxisTaps.Axis(in, (int) out, (float) scale, (float) part[i], (float) part[axes.length + i]);
            taps[axes[i]] = AxisTaps.of(r, all[axes[i]]);
        }
        return applied(n, r, taps, all, beyond);
    }

    /** One scale for all axes where their ratio is to be kept; 0 otherwise. */
    private static double common(Imported n, int[] axes, long[] sizes, Shape s) {
        String policy = n.text("keep_aspect_ratio_policy", "stretch");
        if (sizes == null || policy.equals("stretch")) {
            return 0;
        }
        var ratios = IntStream.range(0, axes.length).mapToDouble(i -> (double) sizes[i] / s.dim(axes[i]));
        return policy.equals("not_larger") ? ratios.min().orElse(0) : ratios.max().orElse(0);
    }

    private static Operand applied(Imported n, AxisTaps.Rule r, AxisTaps[] taps, AxisTaps.Axis[] all, float beyond) {
        Value x = n.f32(0);
        int rank = taps.length;
        boolean image = rank == 4 && IntStream.range(0, 2).allMatch(a -> taps[a] == null || taps[a].same());
        SpatialOp.Resize op = image ? same(taps, all, x.type().shape()) : null;
        if (op != null) {
            return whole(n, n.add(op, x));
        }
        boolean[] none = {};
        boolean[][] outside = new boolean[rank][];
        for (int axis = 0; axis < rank; axis++) {
            AxisTaps t = taps[axis];
            outside[axis] = t == null ? none : t.outside();
            if (t == null || t.same()) {
                continue;
            }
            x = t.picks()
                    ? Moves.take(n.g, x, axis, Arrays.stream(t.index()).asLongStream().toArray())
                    : multiplied(n, x, axis, t);
        }
        if (beyond != 0 && Arrays.stream(outside).anyMatch(AxisTaps::any)) {
            x = n.g.add(x, n.g.constant(filled(x.type().shape(), outside, beyond)));
        }
        return whole(n, x);
    }

    private static Operand whole(Imported n, Value y) {
        return Operand.of(n.in(0).floating()
                ? y
                : n.add(new dev.kerf.graph.PointwiseOp.Cast(
                        Operand.graphType(n.in(0).type().dtype())), y));
    }

    private static Value multiplied(Imported n, Value x, int axis, AxisTaps t) {
        Value m = n.g.constant(Host.floats(Shape.of(t.outside().length, t.in()), t.matrix()));
        int rank = x.type().shape().rank();
        if (axis == rank - 2) {
            return n.g.matMul(m, x);
        }
        int last = rank - 1;
        int[] order = IntStream.range(0, rank).map(a -> a == last ? axis : a == axis ? last : a).toArray();
        Value turned = Moves.permute(n.g, x, order);
        Value y = rank == 1
                ? n.g.reshape(n.g.linear(n.g.reshape(turned, 1, t.in()), m, null), t.outside().length)
                : n.g.linear(turned, m, null);
        return Moves.permute(n.g, y, order);
    }

    /** The value that counts outside of an axis, at results that lie there. */
    private static HostTensor filled(Shape s, boolean[][] outside, float value) {
        Shape shape = s;
        for (int a = 0; a < outside.length; a++) {
            shape = AxisTaps.any(outside[a]) ? shape : shape.with(a, 1);
        }
        double[] out = new double[Math.toIntExact(shape.elements())];
        long[] strides = shape.strides();
        for (int i = 0; i < out.length; i++) {
            for (int a = 0; a < outside.length; a++) {
                boolean beyond = AxisTaps.any(outside[a]) && outside[a][(int) (i / strides[a] % shape.dim(a))];
                out[i] = beyond ? value : out[i];
            }
        }
        return Host.floats(shape, out);
    }

    /** A graph's op that computes the same along both axes of an image, if there is one. */
    private static SpatialOp.Resize same(AxisTaps[] taps, AxisTaps.Axis[] all, Shape s) {
        int h = all[2] == null ? s.size(2) : all[2].out();
        int w = all[3] == null ? s.size(3) : all[3].out();
        for (Interpolation i : Interpolation.values()) {
            for (Sampling p : Sampling.values()) {
                for (int k = 0; k < 4; k++) {
                    boolean antialias = k % 2 == 1;
                    boolean scaled = k >= 2;
                    if ((i == Interpolation.NEAREST) == (p == Sampling.ALIGN_CORNERS) && i == Interpolation.NEAREST
                            || i != Interpolation.NEAREST && p == Sampling.ASYMMETRIC
                            || antialias && (i == Interpolation.NEAREST || p != Sampling.HALF_PIXEL)) {
                        continue;
                    }
                    var op = new SpatialOp.Resize(h, w, i, p, antialias,
                            scaled && all[2] != null ? 1.0 / all[2].scale() : 0,
                            scaled && all[3] != null ? 1.0 / all[3].scale() : 0);
                    if ((taps[2] == null ? h == s.size(2) : taps[2].equal(ResizeTaps.rows(op, s.size(2))))
                            && (taps[3] == null ? w == s.size(3) : taps[3].equal(ResizeTaps.columns(op, s.size(3))))) {
                        return op;
                    }
                }
            }
        }
        return null;
    }
}
