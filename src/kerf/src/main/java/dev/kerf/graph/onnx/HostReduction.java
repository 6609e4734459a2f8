package dev.kerf.graph.onnx;

import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Reductions of numbers that are known while a model is recorded: extents and what exporters compute with them. */
final class HostReduction {
    private HostReduction() {}

    /**
     * The reduction along some axes.
     *
     * @param keepDims whether these axes stay, of extent 1
     */
    static HostTensor of(Reduction r, HostTensor x, List<Integer> axes, boolean keepDims) {
        Shape kept = x.shape();
        for (int a : axes) {
            kept = kept.with(a, 1);
        }
        HostTensor out = HostTensor.zeros(x.dtype(), kept);
        int groups = Math.toIntExact(kept.elements());
        int[] group = new int[Math.toIntExact(x.elements())];
        long[] to = kept.stridesTo(x.shape());
        long[] strides = x.shape().strides();
        for (int i = 0; i < group.length; i++) {
            for (int a = 0; a < to.length; a++) {
                group[i] += (int) (i / strides[a] % x.shape().dim(a) * to[a]);
            }
        }
        if (x.dtype().floating()) {
            reals(r, x, group, groups, out);
        } else {
            wholes(r, x, group, groups, out);
        }
        return keepDims ? out : out.reshape(without(x.shape(), axes));
    }

    private static void wholes(Reduction r, HostTensor x, int[] group, int groups, HostTensor out) {
        long[] sums = new long[groups];
        Arrays.fill(sums, r == Reduction.MAX ? Long.MIN_VALUE : r == Reduction.MIN ? Long.MAX_VALUE : 0);
        for (int i = 0; i < group.length; i++) {
            long v = x.getLong(i);
            int s = group[i];
            sums[s] = r == Reduction.MAX ? Math.max(sums[s], v) : r == Reduction.MIN ? Math.min(sums[s], v) : sums[s] + v;
        }
        long count = groups == 0 ? 1 : Math.max(1, group.length / groups);
        for (int i = 0; i < groups; i++) {
            Host.set(out, i, r == Reduction.MEAN ? sums[i] / count : sums[i]);
        }
    }

    private static void reals(Reduction r, HostTensor x, int[] group, int groups, HostTensor out) {
        double[] sums = new double[groups];
        Arrays.fill(sums, r == Reduction.MAX ? Double.NEGATIVE_INFINITY : r == Reduction.MIN ? Double.POSITIVE_INFINITY : 0);
        for (int i = 0; i < group.length; i++) {
            double v = x.getDouble(i);
            int s = group[i];
            sums[s] = r == Reduction.MAX ? Math.max(sums[s], v) : r == Reduction.MIN ? Math.min(sums[s], v) : sums[s] + v;
        }
        double count = groups == 0 ? 1 : Math.max(1, group.length / groups);
        for (int i = 0; i < groups; i++) {
            out.setDouble(i, r == Reduction.MEAN ? sums[i] / count : sums[i]);
        }
    }

    /** Extents but along some axes. */
    static Shape without(Shape x, List<Integer> axes) {
        return Shape.of(IntStream.range(0, x.rank()).filter(a -> !axes.contains(a)).mapToLong(x::dim).toArray());
    }
}
