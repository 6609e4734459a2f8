package dev.kerf.graph.onnx;

import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MatrixOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Matrix products as ONNX operators. */
final class MatrixLowering {
    private MatrixLowering() {}

    static String lower(OnnxGraph g, Node n, MatrixOp op) {
        return switch (op) {
            case MatrixOp.MatMul m -> matMul(g, n, m);
            case MatrixOp.Attention a -> attention(g, n, a);
            case MatrixOp.Rotary r -> rotary(g, n);
        };
    }

    private static String matMul(OnnxGraph g, Node n, MatrixOp.MatMul m) {
        int rankA = n.input(0).type().shape().rank();
        int rankB = n.input(1).type().shape().rank();
        // Rows past a count along the inner extent hold anything.
        String a = g.valid(n.input(0), m.transposeA() ? rankA - 2 : rankA - 1, 0);
        String b = g.valid(n.input(1), m.transposeB() ? rankB - 1 : rankB - 2, 0);
        String y;
        if (rankA == 2 && rankB == 2) {
            List<String> in = new ArrayList<>(List.of(a, b));
            if (m.bias()) {
                in.add(g.in(n, 2));
            }
            y = g.op("Gemm", in, Attribute.of("alpha", m.alpha()), Attribute.of("transA", m.transposeA() ? 1 : 0),
                    Attribute.of("transB", m.transposeB() ? 1 : 0));
        } else {
            y = g.op("MatMul", m.transposeA() ? g.transpose(a, NodeLowering.lastTwoSwapped(rankA)) : a,
                    m.transposeB() ? g.transpose(b, NodeLowering.lastTwoSwapped(rankB)) : b);
            y = m.alpha() == 1 ? y : g.op("Mul", y, g.scalar(DType.F32, m.alpha()));
            y = m.bias() ? g.op("Add", y, g.in(n, 2)) : y;
        }
        y = m.residual() ? g.op("Add", y, g.in(n, n.inputs().size() - 1)) : y;
        return g.activate(m.activation(), y);
    }

    private static String rotary(OnnxGraph g, Node n) {
        Shape x = n.input(0).type().shape();
        Shape angles = n.input(1).type().shape();
        long p = angles.dim(1);
        String parts = g.reshape(g.in(n, 0), x.elements() / (2 * angles.elements()), angles.dim(0), 2 * p);
        String a = g.op("Slice", List.of(parts, g.longs(0), g.longs(p), g.longs(2)));
        String b = g.op("Slice", List.of(parts, g.longs(p), g.longs(2 * p), g.longs(2)));
        String cos = g.in(n, 1);
        String sin = g.in(n, 2);
        String first = g.op("Sub", g.op("Mul", a, cos), g.op("Mul", b, sin));
        String second = g.op("Add", g.op("Mul", a, sin), g.op("Mul", b, cos));
        return g.reshape(g.op("Concat", List.of(first, second), Attribute.of("axis", 2)), x.dims());
    }

    /** The score matrix exists here; a runtime may fuse the three steps. */
    private static String attention(OnnxGraph g, Node n, MatrixOp.Attention a) {
        if (!a.places().isEmpty()) {
            throw new UnsupportedOpException(
                    n + ": ONNX has no attention over rows in other places; export the graph as recorded");
        }
        Value k = n.input(1);
        Value v = n.input(2);
        boolean counted = k.countAxis() == 2;
        String scores = g.op("MatMul", g.in(n, 0), g.transpose(g.in(n, 1), 0, 1, 3, 2));
        scores = g.op("Mul", scores, g.scalar(DType.F32, a.scale()));
        if (a.bias()) {
            scores = g.op("Add", scores, g.in(n, 3));
        }
        String values = g.name(v);
        if (counted) {
            String keys = g.validRows(k);
            scores = g.op("Where", List.of(g.transpose(keys, 0, 1, 3, 2), scores,
                    g.scalar(DType.F32, Double.NEGATIVE_INFINITY)));
            values = g.op("Where", List.of(keys, values, g.scalar(DType.F32, 0)));
        }
        if (!counted && !a.bias()) {
            return g.op("MatMul", g.op("Softmax", scores, Attribute.of("axis", -1)), values);
        }
        // Where all scores are −∞ there is no key, and the row is zero.
        String largest = g.op("ReduceMax", List.of(scores, g.longs(-1)), Attribute.of("keepdims", 1));
        String none = g.op("Equal", largest, g.scalar(DType.F32, Double.NEGATIVE_INFINITY));
        String zero = g.scalar(DType.F32, 0);
        String weights = g.op("Softmax", g.op("Where", List.of(none, zero, scores)), Attribute.of("axis", -1));
        return g.op("MatMul", g.op("Where", List.of(none, zero, weights)), values);
    }
}
