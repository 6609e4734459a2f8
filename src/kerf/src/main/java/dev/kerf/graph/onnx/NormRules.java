package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Function;
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

/** Normalisations and softmax. */
final class NormRules {
    private NormRules() {}

    static Map<String, Rule> rules() {
        return Map.of(
                "BatchNormalization", NormRules::batch,
                "InstanceNormalization", NormRules::instance,
                "GroupNormalization", NormRules::group,
                "LayerNormalization", NormRules::layer,
                "RMSNormalization", NormRules::rootMeanSquare,
                "LpNormalization", NormRules::length,
                "MeanVarianceNormalization", NormRules::meanVariance,
                "LRN", NormRules::acrossChannels,
                "Softmax", n -> n.out(softmax(n, false)),
                "LogSoftmax", n -> n.out(softmax(n, true)));
    }

    private static void batch(Imported n) {
        boolean old = n.opset < 14 && n.node.outputs().size() > 1 && !n.node.outputs().get(1).isEmpty();
        if (n.flag("training_mode", false) || old) {
            n.out(ofItself(n));
            return;
        }
        n.out(n.g.batchNorm(n.f32(0), n.f32(1), n.f32(2), n.f32(3), n.f32(4), n.real("epsilon", 1e-5)));
    }

    /** By the mean and variance of what is normalised: weights are so, in networks without norms. */
    private static Value ofItself(Imported n) {
        Value x = n.f32(0);
        int rank = n.shape(0).rank();
        List<Integer> axes = IntStream.range(0, rank).filter(a -> a != 1).boxed().toList();
        Value off = n.g.binary(Arithmetic.SUBTRACT, x, n.add(new ReduceOp.Reduce(Reduction.MEAN, axes, true), x));
        Value var = n.add(new ReduceOp.Reduce(Reduction.MEAN, axes, true), n.g.multiply(off, off));
        Value root = n.g.unary(Function.SQRT, n.g.add(var, n.g.constant(n.real("epsilon", 1e-5))));
        long[] channels = new long[rank - 1];
        Arrays.fill(channels, 1);
        channels[0] = n.shape(0).dim(1);
        return n.g.add(n.g.multiply(n.g.binary(Arithmetic.DIVIDE, off, root), n.g.reshape(n.f32(1), channels)),
                n.g.reshape(n.f32(2), channels));
    }

    private static void instance(Imported n) {
        n.out(n.add(new NormOp.GroupNorm(n.shape(0).size(1), n.real("epsilon", 1e-5)), n.f32(0), n.f32(1), n.f32(2)));
    }

    /** Weights are one a group up to opset 20, one a channel since. */
    private static void group(Imported n) {
        int groups = (int) n.integer("num_groups", 1);
        long channels = n.shape(0).dim(1);
        if (groups < 1 || channels % groups != 0) {
            throw n.bad("has " + groups + " groups of " + channels + " channels");
        }
        n.out(n.add(new NormOp.GroupNorm(groups, n.real("epsilon", 1e-5)), n.f32(0), channels(n, 1, groups, channels),
                channels(n, 2, groups, channels)));
    }

    private static Value channels(Imported n, int i, long groups, long channels) {
        Value v = n.f32(i);
        if (v.type().shape().elements() != groups || groups == channels) {
            return v;
        }
        Operand each = Moves.expand(n.g, Moves.reshape(n.g, Operand.of(v), Shape.of(groups, 1)),
                Shape.of(groups, channels / groups));
        return Moves.reshape(n.g, each, Shape.of(channels)).value(n.g);
    }

    private static void layer(Imported n) {
        Shape x = n.shape(0);
        int axis = n.axis(n.integer("axis", -1), x.rank());
        long k = x.product(axis, x.rank());
        Value flat = n.g.reshape(n.f32(0), x.product(0, axis), k);
        boolean direct = n.shape(1).elements() == k && (!n.has(2) || n.shape(2).elements() == k);
        Value ones = constant(n, k, 1);
        Value zeros = constant(n, k, 0);
        Value weight = direct ? n.g.reshape(n.f32(1), k) : ones;
        Value bias = direct && n.has(2) ? n.g.reshape(n.f32(2), k) : zeros;
        Value y = n.g.reshape(n.g.layerNorm(flat, weight, bias, 1, n.real("epsilon", 1e-5)), x.dims());
        if (!direct) {
            y = n.g.multiply(y, n.f32(1));
            y = n.has(2) ? n.g.add(y, n.f32(2)) : y;
        }
        if (n.node.outputs().size() == 1) {
            n.out(y);
            return;
        }
        List<Integer> axes = IntStream.range(axis, x.rank()).boxed().toList();
        Value mean = n.add(new ReduceOp.Reduce(Reduction.MEAN, axes, true), n.f32(0));
        Value off = n.g.binary(Arithmetic.SUBTRACT, n.f32(0), mean);
        Value var = n.add(new ReduceOp.Reduce(Reduction.MEAN, axes, true), n.g.multiply(off, off));
        Value inverse = n.g.unary(Function.RECIPROCAL,
                n.g.unary(Function.SQRT, n.g.add(var, n.g.constant(n.real("epsilon", 1e-5)))));
        n.out(y, mean, inverse);
    }

    private static Value constant(Imported n, long k, float value) {
        float[] all = new float[Math.toIntExact(k)];
        Arrays.fill(all, value);
        return n.g.constant(HostTensor.of(Shape.of(k), all));
    }

    private static void rootMeanSquare(Imported n) {
        Value x = n.f32(0);
        int rank = n.shape(0).rank();
        int axis = n.axis(n.integer("axis", -1), rank);
        Value mean = n.add(new ReduceOp.Reduce(Reduction.MEAN, IntStream.range(axis, rank).boxed().toList(), true),
                n.g.multiply(x, x));
        Value root = n.g.unary(Function.SQRT, n.g.add(mean, n.g.constant(n.real("epsilon", 1e-5))));
        n.out(n.g.multiply(n.g.binary(Arithmetic.DIVIDE, x, root), n.f32(1)));
    }

    private static void length(Imported n) {
        Value x = n.f32(0);
        int axis = n.axis(n.integer("axis", -1), n.shape(0).rank());
        boolean squares = n.integer("p", 2) == 2;
        Value sum = n.add(new ReduceOp.Reduce(Reduction.SUM, List.of(axis), true),
                squares ? n.g.multiply(x, x) : n.g.unary(Function.ABS, x));
        Value length = squares ? n.g.unary(Function.SQRT, sum) : sum;
        Value zero = n.add(new dev.kerf.graph.PointwiseOp.Compare(dev.kerf.graph.PointwiseOp.Relation.EQUAL), length,
                n.g.constant(0));
        n.out(n.g.binary(Arithmetic.DIVIDE, x, n.add(new dev.kerf.graph.PointwiseOp.Where(), zero, n.g.constant(1), length)));
    }

    private static void meanVariance(Imported n) {
        List<Integer> axes = Arrays.stream(n.axes(n.longs("axes", 0, 2, 3), n.shape(0).rank())).sorted().boxed().toList();
        Value x = n.f32(0);
        Value off = n.g.binary(Arithmetic.SUBTRACT, x, n.add(new ReduceOp.Reduce(Reduction.MEAN, axes, true), x));
        Value deviation = n.g.unary(Function.SQRT,
                n.add(new ReduceOp.Reduce(Reduction.MEAN, axes, true), n.g.multiply(off, off)));
        n.out(n.g.binary(Arithmetic.DIVIDE, off, n.g.add(deviation, n.g.constant(1e-9f))));
    }

    /** x / (bias + alpha / size · Σ x²)^beta over the channels around each: a mean over channels as rows. */
    private static void acrossChannels(Imported n) {
        Shape s = n.shape(0);
        int size = (int) n.integer("size", 1);
        Value x = n.f32(0);
        long inner = s.product(2, s.rank());
        Value rows = n.g.reshape(n.g.multiply(x, x), s.dim(0), 1, s.dim(1), inner);
        int before = (size - 1) / 2;
        Value mean = n.add(new SpatialOp.AvgPool2d(size, 1, Window2d.of().pad(before, 0, size - 1 - before, 0), false, true),
                rows);
        Value scale = n.g.binary(Arithmetic.POWER,
                n.g.add(n.g.multiply(n.g.reshape(mean, s.dims()), n.g.constant(n.real("alpha", 1e-4))),
                        n.g.constant(n.real("bias", 1))),
                n.g.constant(n.real("beta", 0.75)));
        n.out(n.g.binary(Arithmetic.DIVIDE, x, scale));
    }

    /** Over all axes from one on up to opset 12, over one since. */
    private static Value softmax(Imported n, boolean log) {
        Shape s = n.shape(0);
        boolean flat = n.opset < 13;
        int axis = n.axis(n.integer("axis", flat ? 1 : -1), s.rank());
        Value x = flat ? n.g.reshape(n.f32(0), s.product(0, axis), s.product(axis, s.rank())) : n.f32(0);
        int along = flat ? 1 : axis;
        Value y;
        if (log) {
            Value off = n.g.binary(Arithmetic.SUBTRACT, x, n.add(new ReduceOp.Reduce(Reduction.MAX, List.of(along), true), x));
            Value sum = n.add(new ReduceOp.Reduce(Reduction.SUM, List.of(along), true), n.g.unary(Function.EXP, off));
            y = n.g.binary(Arithmetic.SUBTRACT, off, n.g.unary(Function.LOG, sum));
        } else {
            y = n.g.softmax(x, along);
        }
        return flat ? n.g.reshape(y, s.dims()) : y;
    }
}
