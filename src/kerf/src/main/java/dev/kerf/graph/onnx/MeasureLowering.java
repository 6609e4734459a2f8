package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/**
 * Counts as ONNX operators: masks become 0 and 1 in float64 and are multiplied as matrices, which is exact up to 2^53
 * pixels but takes eight bytes for each pixel and mask (for each pixel and class in a confusion matrix).
 */
final class MeasureLowering {
    private MeasureLowering() {}

    static String lower(OnnxGraph g, Node n, MeasureOp op) {
        return switch (op) {
            case MeasureOp.Overlap o -> overlap(g, n, o);
            case MeasureOp.Confusion c -> confusion(g, n, c);
            case MeasureOp.Components c -> throw g.refuse("connected components have no form in ONNX");
        };
    }

    private static String overlap(OnnxGraph g, Node n, MeasureOp.Overlap o) {
        String a = mask(g, n, 0, o.a(), o.pixels());
        String b = mask(g, n, 1, o.b(), o.pixels());
        if (o.ignore()) {
            String kept = g.cast(g.op("Not", g.bool(g.in(n, 2))), DType.F64);
            a = g.op("Mul", a, kept);
            b = g.op("Mul", b, kept);
        }
        Shape y = n.output().type().shape();
        long[] pairs = {y.dim(0), y.dim(1), 1};
        String intersection = g.op("MatMul", a, g.transpose(b, 1, 0));
        String areaA = area(g, a, y.dim(0), 1);
        String areaB = area(g, b, 1, y.dim(1));
        String union = g.op("Sub", g.op("Add", areaA, areaB), intersection);
        String extents = g.longs(pairs);
        return g.cast(g.op("Concat", List.of(g.reshape(intersection, pairs), g.reshape(union, pairs),
                g.op("Expand", g.reshape(areaA, y.dim(0), 1, 1), extents),
                g.op("Expand", g.reshape(areaB, 1, y.dim(1), 1), extents)), Attribute.of("axis", 2)), DType.I64);
    }

    private static String area(OnnxGraph g, String mask, long... dims) {
        return g.reshape(g.op("ReduceSum", List.of(mask, g.longs(1)), Attribute.of("keepdims", 0)), dims);
    }

    /** A mask as 0 and 1 in float64 (N, pixels). */
    private static String mask(OnnxGraph g, Node n, int i, MaskForm form, long pixels) {
        String x = g.in(n, i);
        return switch (form) {
            case MaskForm.Bytes b -> g.cast(g.bool(x), DType.F64);
            case MaskForm.Logits l -> g.cast(g.op("Greater", x, g.scalar(DType.F32, l.threshold())), DType.F64);
            case MaskForm.Bits b -> {
                long count = n.input(i).type().shape().dim(0);
                long bytes = (pixels + 7) / 8;
                String shifts = g.tensor(n.name() + "/shifts",
                        HostTensor.of(Shape.of(8), new byte[] {7, 6, 5, 4, 3, 2, 1, 0}));
                String shifted = g.op("BitShift", List.of(g.reshape(x, count, bytes, 1), shifts),
                        Attribute.of("direction", "RIGHT"));
                String bits = g.reshape(g.op("BitwiseAnd", shifted, g.scalar(DType.U8, 1)), count, bytes * 8);
                yield g.cast(g.op("Slice", List.of(bits, g.longs(0), g.longs(pixels), g.longs(1))), DType.F64);
            }
        };
    }

    private static String confusion(OnnxGraph g, Node n, MeasureOp.Confusion c) {
        int[] classes = new int[c.classes()];
        Arrays.setAll(classes, i -> i);
        String all = g.tensor(n.name() + "/classes", HostTensor.of(Shape.of(classes.length), classes));
        String truth = oneHot(g, n, 0, all);
        if (c.ignore() >= 0 && c.ignore() < c.classes()) {
            HostTensor kept = HostTensor.zeros(DType.F64, Shape.of(classes.length));
            for (int i = 0; i < classes.length; i++) {
                kept.setDouble(i, i == c.ignore() ? 0 : 1);
            }
            truth = g.op("Mul", truth, g.tensor(n.name() + "/kept", kept));
        }
        return g.cast(g.op("MatMul", g.transpose(truth, 0, 2, 1), oneHot(g, n, 1, all)), DType.I64);
    }

    /** A label map as 0 and 1 in float64 (B, pixels, K); a label outside 0 … K − 1 is 0 everywhere. */
    private static String oneHot(OnnxGraph g, Node n, int i, String classes) {
        Shape x = n.input(i).type().shape();
        String labels = g.reshape(g.cast(g.in(n, i), DType.I32), x.dim(0), x.dim(1), 1);
        return g.cast(g.op("Equal", labels, classes), DType.F64);
    }
}
