package dev.kerf.graph.onnx;

import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph.Node;
import dev.kerf.image.Nv12;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Pixels to planes as ONNX operators. */
final class FrameLowering {
    private FrameLowering() {}

    static String lower(OnnxGraph g, Node n, FrameOp op) {
        return switch (op) {
            case FrameOp.FromPixels p -> fromPixels(g, n, p);
            case FrameOp.FromNv12 v -> fromNv12(g, n, v);
            case FrameOp.ImageStatistics s -> statistics(g, n);
            case FrameOp.Standardise s -> standardise(g, n);
        };
    }

    private static String fromPixels(OnnxGraph g, Node n, FrameOp.FromPixels p) {
        double full = n.input(0).type().dtype() == DType.U8 ? 255 : 65535;
        String planes = g.transpose(g.in(n, 0), 0, 3, 1, 2);
        String picked = g.op("Gather", List.of(planes, g.longs(p.channels().stream().mapToLong(c -> c).toArray())),
                Attribute.of("axis", 1));
        if (p.luma()) {
            String factors = g.tensor(n.name() + "/luma",
                    HostTensor.of(Shape.of(1, 3, 1, 1), new long[] {19595, 38470, 7471}));
            String sum = g.op("ReduceSum", List.of(g.op("Mul", g.cast(picked, DType.I64), factors), g.longs(1)),
                    Attribute.of("keepdims", 1));
            picked = g.op("Div", g.op("Add", sum, g.scalar(DType.I64, 32768)), g.scalar(DType.I64, 65536));
        }
        return g.op("Div", g.cast(picked, DType.F32), g.scalar(DType.F32, full));
    }

    private static String fromNv12(OnnxGraph g, Node n, FrameOp.FromNv12 op) {
        Shape y = n.output().type().shape();
        long h = y.dim(2);
        long w = y.dim(3);
        String frame = g.cast(g.in(n, 0), DType.F32);
        String luma = g.reshape(g.op("Slice", List.of(frame, g.longs(0), g.longs(h), g.longs(1))), y.dim(0), 1, h, w);
        String pairs = g.op("Slice", List.of(frame, g.longs(h), g.longs(h / 2 * 3), g.longs(1)));
        String chroma = g.transpose(g.reshape(pairs, y.dim(0), h / 2, w / 2, 2), 0, 3, 1, 2);
        String repeated = g.op("Expand", g.reshape(chroma, y.dim(0), 2, h / 2, 1, w / 2, 1),
                g.longs(y.dim(0), 2, h / 2, 2, w / 2, 2));
        String yuv = g.op("Concat", List.of(luma, g.reshape(repeated, y.dim(0), 2, h, w)), Attribute.of("axis", 1));
        boolean limited = op.matrix() != Nv12.Matrix.BT601_FULL;
        String zero = g.tensor(n.name() + "/zero",
                HostTensor.of(Shape.of(1, 3, 1, 1), new float[] {limited ? 16 : 0, 128, 128}));
        String rgb = g.op("Conv", g.op("Sub", yuv, zero),
                g.tensor(n.name() + "/matrix", HostTensor.of(Shape.of(3, 3, 1, 1), matrix(op.matrix(), limited))));
        return g.op("Clip", List.of(rgb, g.scalar(DType.F32, 0), g.scalar(DType.F32, 1)));
    }

    /**
     * Rows R, G, B; columns Y, Cb, Cr: from the luma weights of red and blue (ITU-R BT.601-7 and BT.709-6, section 3).
     */
    private static float[] matrix(Nv12.Matrix which, boolean limited) {
        boolean bt709 = which == Nv12.Matrix.BT709_LIMITED;
        double red = bt709 ? 0.2126 : 0.299;
        double blue = bt709 ? 0.0722 : 0.114;
        double green = 1 - red - blue;
        double y = limited ? 1 / 219.0 : 1 / 255.0;
        double c = limited ? 1 / 224.0 : 1 / 255.0;
        return new float[] {
            (float) y, 0, (float) (c * 2 * (1 - red)),
            (float) y, (float) (-c * 2 * (1 - blue) * blue / green), (float) (-c * 2 * (1 - red) * red / green),
            (float) y, (float) (c * 2 * (1 - blue)), 0
        };
    }

    private static String statistics(OnnxGraph g, Node n) {
        Attribute keep = Attribute.of("keepdims", 1);
        Shape x = n.input(0).type().shape();
        String wide = g.reshape(g.cast(g.in(n, 0), DType.F64), x.dim(0), x.dim(1), x.dim(2) * x.dim(3));
        String mean = g.op("ReduceMean", List.of(wide, g.longs(2)), keep);
        String centred = g.op("Sub", wide, mean);
        String var = g.op("ReduceMean", List.of(g.op("Mul", centred, centred), g.longs(2)), keep);
        return g.cast(g.op("Concat", List.of(mean, g.op("Sqrt", var)), Attribute.of("axis", 2)), DType.F32);
    }

    private static String standardise(OnnxGraph g, Node n) {
        Shape s = n.input(1).type().shape();
        String mean = column(g, n, s, 0);
        String std = column(g, n, s, 1);
        String zero = g.scalar(DType.F32, 0);
        String y = g.op("Div", g.op("Sub", g.in(n, 0), mean), std);
        return g.op("Where", List.of(g.op("Equal", std, zero), zero, y));
    }

    private static String column(OnnxGraph g, Node n, Shape s, int i) {
        String c = g.op("Slice", List.of(g.in(n, 1), g.longs(i), g.longs(i + 1), g.longs(2)));
        return g.reshape(c, s.dim(0), s.dim(1), 1, 1);
    }
}
