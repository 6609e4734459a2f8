package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/** Normalisations and reductions as ONNX operators. */
final class NormLowering {
    private NormLowering() {}

    static String lower(OnnxGraph g, Node n, NormOp op) {
        return switch (op) {
            case NormOp.Softmax s -> g.op("Softmax", g.valid(n.input(0), s.axis(), Double.NEGATIVE_INFINITY),
                    Attribute.of("axis", s.axis()));
            case NormOp.LayerNorm l -> layerNorm(g, n, l);
            case NormOp.BatchNorm b -> g.op("BatchNormalization", n.inputs().stream().map(g::name).toList(),
                    Attribute.of("epsilon", (float) b.eps()));
            case NormOp.GroupNorm q -> groupNorm(g, n, q);
        };
    }

    private static String layerNorm(OnnxGraph g, Node n, NormOp.LayerNorm l) {
        Value x = n.input(0);
        int rank = x.type().shape().rank();
        if (x.countAxis() == l.axis()) {
            throw g.refuse("a count along the normalised axis");
        }
        if (l.axis() == rank - 1) {
            return g.op("LayerNormalization", n.inputs().stream().map(g::name).toList(), Attribute.of("axis", -1),
                    Attribute.of("epsilon", (float) l.eps()));
        }
        String mean = g.op("ReduceMean", List.of(g.name(x), g.longs(l.axis())), Attribute.of("keepdims", 1));
        String centred = g.op("Sub", g.name(x), mean);
        String var = g.op("ReduceMean", List.of(g.op("Mul", centred, centred), g.longs(l.axis())),
                Attribute.of("keepdims", 1));
        String std = g.op("Sqrt", g.op("Add", var, g.scalar(DType.F32, l.eps())));
        return affine(g, n, g.op("Div", centred, std), l.axis());
    }

    /** y · weight + bias along an axis; operands 1 and 2 of the node. */
    private static String affine(OnnxGraph g, Node n, String y, int axis) {
        Shape x = n.input(0).type().shape();
        long[] column = NodeLowering.along(x.dim(axis), axis, x.rank());
        return g.op("Add", g.op("Mul", y, g.reshape(g.in(n, 1), column)), g.reshape(g.in(n, 2), column));
    }

    /** Instance normalisation of the groups, since ONNX's own group norm took its scale by group before opset 21. */
    private static String groupNorm(OnnxGraph g, Node n, NormOp.GroupNorm q) {
        Shape x = n.input(0).type().shape();
        if (n.input(0).countAxis() > 0) {
            throw g.refuse("a count along a normalised axis");
        }
        float[] ones = new float[q.groups()];
        Arrays.fill(ones, 1);
        Shape groups = Shape.of(q.groups());
        String one = g.tensor(n.name() + "/one", HostTensor.of(groups, ones));
        String zero = g.tensor(n.name() + "/zero", HostTensor.zeros(DType.F32, groups));
        long positions = x.product(1, x.rank()) / q.groups();
        String y = g.op("InstanceNormalization",
                List.of(g.reshape(g.in(n, 0), x.dim(0), q.groups(), positions), one, zero),
                Attribute.of("epsilon", (float) q.eps()));
        return affine(g, n, g.reshape(y, x.dims()), 1);
    }

    static String reduce(OnnxGraph g, Node n, ReduceOp op) {
        Value x = n.input(0);
        return switch (op) {
            case ReduceOp.Reduce r -> reduce(g, n, r);
            case ReduceOp.ArgMax a -> g.cast(
                    g.op("ArgMax", g.valid(x, a.axis(), Double.NEGATIVE_INFINITY), Attribute.of("axis", a.axis()),
                            Attribute.of("keepdims", 0), Attribute.of("select_last_index", 0)),
                    a.dtype());
        };
    }

    private static String reduce(OnnxGraph g, Node n, ReduceOp.Reduce r) {
        Value x = n.input(0);
        String axes = g.longs(r.axes().stream().mapToLong(a -> a).toArray());
        Attribute keep = Attribute.of("keepdims", r.keepDims() ? 1 : 0);
        boolean counted = x.count() != null && r.axes().contains(x.countAxis());
        if (!counted) {
            return g.op(switch (r.reduction()) {
                case SUM -> "ReduceSum";
                case MEAN -> "ReduceMean";
                case MAX -> "ReduceMax";
                case MIN -> "ReduceMin";
            }, List.of(g.name(x), axes), keep);
        }
        return switch (r.reduction()) {
            case SUM -> g.op("ReduceSum", List.of(g.valid(x, x.countAxis(), 0), axes), keep);
            case MAX -> g.op("ReduceMax", List.of(g.valid(x, x.countAxis(), Double.NEGATIVE_INFINITY), axes), keep);
            case MIN -> g.op("ReduceMin", List.of(g.valid(x, x.countAxis(), Double.POSITIVE_INFINITY), axes), keep);
            case MEAN -> {
                String sum = g.op("ReduceSum", List.of(g.valid(x, x.countAxis(), 0), axes), keep);
                String ones = g.op("Expand", g.cast(g.validRows(x), DType.F32), g.longs(x.type().shape().dims()));
                yield g.op("Div", sum, g.op("ReduceSum", List.of(ones, axes), keep));
            }
        };
    }
}
