package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.MoveOp.PadMode;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Convolution and pooling. One spatial axis is two of which the first has one row; three aren't supported. */
final class SpatialRules {
    private SpatialRules() {}

    static Map<String, Rule> rules() {
        return Map.of(
                "Conv", SpatialRules::conv,
                "ConvTranspose", SpatialRules::convTranspose,
                "MaxPool", n -> pool(n, true),
                "AveragePool", n -> pool(n, false),
                "GlobalAveragePool", n -> global(n, Reduction.MEAN),
                "GlobalMaxPool", n -> global(n, Reduction.MAX));
    }

    /** What a node says of its window, for two axes. */
    private record Window(long[] kernel, long[] stride, long[] dilation, long[] before, long[] after, boolean flat) {
        Window2d window2d() {
            return new Window2d((int) stride[0], (int) stride[1], (int) before[0], (int) before[1], (int) after[0],
                    (int) after[1], (int) dilation[0], (int) dilation[1]);
        }

        boolean padded() {
            return before[0] + before[1] + after[0] + after[1] > 0;
        }

        /** With some of the taps of an axis alone. */
        Window taps(int axis, int from, int to) {
            long[] k = kernel.clone();
            long[] first = before.clone();
            long[] last = after.clone();
            k[axis] = to - from;
            first[axis] -= from * dilation[axis];
            last[axis] -= (kernel[axis] - to) * dilation[axis];
            return new Window(k, stride, dilation, first, last, flat);
        }

        long span(int axis) {
            return (kernel[axis] - 1) * dilation[axis] + 1;
        }
    }

    private static Window window(Imported n, long[] kernel) {
        int spatial = n.shape(0).rank() - 2;
        if (spatial != 1 && spatial != 2) {
            throw n.refuse("takes one or two spatial axes, here are " + spatial);
        }
        boolean flat = spatial == 1;
        long[] k = wide(n, kernel, flat, 1, spatial);
        long[] s = wide(n, n.longs("strides", ones(spatial)), flat, 1, spatial);
        long[] d = wide(n, n.longs("dilations", ones(spatial)), flat, 1, spatial);
        long[] pads = n.longs("pads", new long[2 * spatial]);
        if (pads.length != 2 * spatial) {
            throw n.bad("has " + pads.length + " numbers of padding");
        }
        long[] before = wide(n, Arrays.copyOf(pads, spatial), flat, 0, spatial);
        long[] after = wide(n, Arrays.copyOfRange(pads, spatial, 2 * spatial), flat, 0, spatial);
        for (long[] all : List.of(k, s, d, before, after)) {
            if (Arrays.stream(all).anyMatch(v -> v > 1 << 20)) {
                throw n.bad("has a window of " + Arrays.toString(all));
            }
        }
        if (Arrays.stream(k).anyMatch(v -> v < 1) || Arrays.stream(s).anyMatch(v -> v < 1)
                || Arrays.stream(d).anyMatch(v -> v < 1)) {
            throw n.bad("has a kernel, stride or dilation below 1");
        }
        if (LongStream.concat(Arrays.stream(before), Arrays.stream(after)).anyMatch(v -> v < 0)) {
            throw n.refuse("has padding below 0; slice its operand instead");
        }
        return new Window(k, s, d, before, after, flat);
    }

    private static long[] ones(int count) {
        return LongStream.generate(() -> 1).limit(count).toArray();
    }

    private static long[] wide(Imported n, long[] given, boolean flat, long filler, int spatial) {
        if (given.length != spatial) {
            throw n.bad("gives " + given.length + " numbers for " + spatial + " spatial axes");
        }
        return flat ? new long[] {filler, given[0]} : given;
    }

    /** Padding by a rule: SAME so that as many windows fit as strides; of an odd sum the larger part goes where it says. */
    private static Window padded(Imported n, Window w, Shape x) {
        String auto = n.text("auto_pad", "NOTSET");
        if (auto.equals("NOTSET") || auto.isEmpty()) {
            return w;
        }
        long[] before = new long[2];
        long[] after = new long[2];
        for (int i = 0; i < 2 && !auto.equals("VALID"); i++) {
            long in = x.dim(2 + i);
            long out = Math.ceilDiv(in, w.stride[i]);
            long sum = Math.max(0, (out - 1) * w.stride[i] + w.span(i) - in);
            before[i] = auto.equals("SAME_LOWER") ? sum - sum / 2 : sum / 2;
            after[i] = sum - before[i];
        }
        return new Window(w.kernel, w.stride, w.dilation, before, after, w.flat);
    }

    /** (N, C, L) as (N, C, 1, L). */
    private static Value image(Imported n, Value v, boolean flat) {
        Shape s = v.type().shape();
        return flat ? n.g.reshape(v, s.dim(0), s.dim(1), 1, s.dim(2)) : v;
    }

    private static Value plain(Imported n, Value y, boolean flat) {
        Shape s = y.type().shape();
        return flat ? n.g.reshape(y, s.dim(0), s.dim(1), s.dim(3)) : y;
    }

    private static long[] kernel(Imported n, Shape w) {
        if (w.rank() != n.shape(0).rank()) {
            throw n.bad("has a weight of " + w.rank() + " axes");
        }
        return n.longs("kernel_shape", Arrays.copyOfRange(w.dims(), 2, w.rank()));
    }

    private static void conv(Imported n) {
        n.out(conv(n, n.f32(0), n.f32(1), n.has(2) ? n.f32(2) : null));
    }

    /** A convolution by the node's attributes. */
    static Value conv(Imported n, Value x, Value weight, @Nullable Value bias) {
        Window w = window(n, kernel(n, weight.type().shape()));
        Value image = image(n, x, w.flat);
        w = padded(n, w, image.type().shape());
        Value taps = image(n, weight, w.flat);
        for (int axis = 0; axis < 2; axis++) {
            int[] used = used(w, axis, image.type().shape().dim(2 + axis));
            if (used[1] - used[0] < w.kernel[axis]) {
                taps = n.g.slice(taps, 2 + axis, used[0], used[1]);
                w = w.taps(axis, used[0], used[1]);
            }
        }
        var op = new SpatialOp.Conv2d(w.window2d(), (int) n.integer("group", 1), Activation.NONE, bias != null, false);
        return plain(n, bias == null ? n.add(op, image, taps) : n.add(op, image, taps, bias), w.flat);
    }

    /**
     * From which tap to which one a window ever looks at the image: with a wide dilation the outer ones may see padding alone,
     * which adds nothing.
     */
    private static int[] used(Window w, int axis, long extent) {
        int taps = Math.toIntExact(w.kernel[axis]);
        long last = extent + w.before[axis] + w.after[axis] - w.span(axis); // where the last window may begin
        int from = 0;
        int to = taps;
        while (from + 1 < to && last - w.before[axis] + from * w.dilation[axis] < 0) {
            from++;
        }
        while (to - 1 > from && (to - 1) * w.dilation[axis] - w.before[axis] >= extent) {
            to--;
        }
        boolean fits = w.before[axis] >= from * w.dilation[axis] && w.after[axis] >= (taps - to) * w.dilation[axis];
        return fits ? new int[] {from, to} : new int[] {0, taps};
    }

    private static void convTranspose(Imported n) {
        Window w = window(n, kernel(n, n.shape(1)));
        int spatial = w.flat ? 1 : 2;
        Value x = image(n, n.f32(0), w.flat);
        long[] more = wide(n, n.longs("output_padding", new long[spatial]), w.flat, 0, spatial);
        String auto = n.text("auto_pad", "NOTSET");
        boolean same = auto.startsWith("SAME");
        long[] sizes = n.longs("output_shape");
        long[] before = w.before;
        long[] after = w.after;
        if (sizes.length > 0 || same || auto.equals("VALID")) {
            before = new long[2];
            after = new long[2];
            long[] wanted = sizes.length > 0
                    ? wide(n, Arrays.copyOfRange(sizes, sizes.length - spatial, sizes.length), w.flat, 1, spatial)
                    : null;
            for (int i = 0; i < 2; i++) {
                long in = x.type().shape().dim(2 + i);
                long all = w.stride[i] * (in - 1) + more[i] + w.span(i);
                long out = wanted != null ? wanted[i] : same ? in * w.stride[i] : all;
                long sum = all - out;
                before[i] = auto.equals("SAME_UPPER") ? Math.max(sum, 0) / 2 : Math.max(sum, 0) - Math.max(sum, 0) / 2;
                after[i] = Math.max(sum, 0) - before[i];
                more[i] += Math.max(-sum, 0);
            }
        }
        Window2d window = new Window(w.kernel, w.stride, w.dilation, before, after, w.flat).window2d();
        long[] limit = {Math.max(w.stride[0], w.dilation[0]) - 1, Math.max(w.stride[1], w.dilation[1]) - 1};
        var op = new SpatialOp.ConvTranspose2d(window, (int) Math.min(more[0], limit[0]), (int) Math.min(more[1], limit[1]),
                (int) n.integer("group", 1), Activation.NONE, n.has(2));
        if (more[0] > limit[0] || more[1] > limit[1]) {
            throw n.refuse("adds " + Math.max(more[0], more[1]) + " rows or columns that nothing is written to");
        }
        Value y = n.has(2) ? n.add(op, x, image(n, n.f32(1), w.flat), n.f32(2)) : n.add(op, x, image(n, n.f32(1), w.flat));
        n.out(plain(n, y, w.flat));
    }

    private static void global(Imported n, Reduction r) {
        n.out(n.add(new ReduceOp.Reduce(r, IntStream.range(2, n.shape(0).rank()).boxed().toList(), true), n.f32(0)));
    }

    private static void pool(Imported n, boolean max) {
        Window w = window(n, n.longs("kernel_shape"));
        Value x = image(n, n.f32(0), w.flat);
        Shape s = x.type().shape();
        w = padded(n, w, s);
        boolean ceil = n.flag("ceil_mode", false);
        boolean whole = !n.in(0).floating();
        Value y;
        if (max) {
            y = maxPool(n, x, w, ceil);
        } else if (n.flag("count_include_pad", false) || !w.padded()) {
            y = averagePool(n, x, w, ceil, n.flag("count_include_pad", false));
        } else {
            y = averagePool(n, x, w, ceil, false);
        }
        y = plain(n, y, w.flat);
        n.out(whole
                ? n.add(new dev.kerf.graph.PointwiseOp.Cast(n.in(0).as(Operand.graphType(n.in(0).type().dtype()), n.g)
                        .type().dtype()), y)
                : y);
    }

    private static boolean narrow(Window w) {
        return IntStream.range(0, 2).allMatch(i -> 2 * w.before[i] <= w.kernel[i] && 2 * w.after[i] <= w.kernel[i]);
    }

    private static Value maxPool(Imported n, Value x, Window w, boolean ceil) {
        if (narrow(w)) {
            return n.add(new SpatialOp.MaxPool2d((int) w.kernel[0], (int) w.kernel[1], w.window2d(), ceil), x);
        }
        // Padded before, just as far as the windows reach that there are.
        long[] after = new long[2];
        for (int i = 0; i < 2; i++) {
            long in = x.type().shape().dim(2 + i);
            long reach = (count(w, i, in, ceil) - 1) * w.stride[i] + w.span(i);
            after[i] = Math.max(0, reach - in - w.before[i]);
        }
        Value padded = n.add(new MoveOp.Pad(List.of(0L, 0L, w.before[0], w.before[1]), List.of(0L, 0L, after[0], after[1]),
                PadMode.CONSTANT, Double.NEGATIVE_INFINITY), x);
        return n.add(new SpatialOp.MaxPool2d((int) w.kernel[0], (int) w.kernel[1], w.window2d().pad(0), false), padded);
    }

    /** Windows along an axis. */
    private static long count(Window w, int axis, long in, boolean ceil) {
        return axis == 0 ? w.window2d().outH(in, w.kernel[0], ceil) : w.window2d().outW(in, w.kernel[1], ceil);
    }

    private static Value averagePool(Imported n, Value x, Window w, boolean ceil, boolean include) {
        if (narrow(w) && w.dilation[0] == 1 && w.dilation[1] == 1) {
            return n.add(new SpatialOp.AvgPool2d((int) w.kernel[0], (int) w.kernel[1], w.window2d(), ceil, include), x);
        }
        // Sums of each channel by a kernel of ones, times what each window counts.
        Shape s = x.type().shape();
        long[] out = new long[2];
        long[] beyond = new long[2];
        for (int i = 0; i < 2; i++) {
            out[i] = count(w, i, s.dim(2 + i), ceil);
            beyond[i] = Math.max(0, (out[i] - 1) * w.stride[i] + w.span(i) - s.dim(2 + i) - w.before[i] - w.after[i]);
        }
        Window longer = new Window(w.kernel, w.stride, w.dilation, w.before,
                new long[] {w.after[0] + beyond[0], w.after[1] + beyond[1]}, w.flat);
        int channels = s.size(1);
        float[] ones = new float[Math.toIntExact(channels * w.kernel[0] * w.kernel[1])];
        Arrays.fill(ones, 1);
        Value sums = n.add(new SpatialOp.Conv2d(longer.window2d(), channels, Activation.NONE, false, false), x,
                n.g.constant(HostTensor.of(Shape.of(channels, 1, w.kernel[0], w.kernel[1]), ones)));
        Shape y = sums.type().shape();
        double[] factor = new double[Math.toIntExact(y.dim(2) * y.dim(3))];
        for (int i = 0; i < factor.length; i++) {
            factor[i] = 1.0 / (counted(w, 0, i / y.dim(3), s.dim(2), include) * counted(w, 1, i % y.dim(3), s.dim(3), include));
        }
        return n.g.multiply(sums, n.g.constant(Host.floats(Shape.of(y.dim(2), y.dim(3)), factor)));
    }

    /** Elements of an axis that a window counts. */
    private static long counted(Window w, int axis, long at, long extent, boolean include) {
        long first = at * w.stride[axis] - w.before[axis];
        return LongStream.range(0, w.kernel[axis]).map(k -> first + k * w.dilation[axis])
                .filter(i -> include ? i < extent + w.after[axis] : i >= 0 && i < extent).count();
    }
}
