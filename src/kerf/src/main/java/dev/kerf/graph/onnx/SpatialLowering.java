package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ops over images as ONNX operators. */
final class SpatialLowering {
    private SpatialLowering() {}

    static String lower(OnnxGraph g, Node n, SpatialOp op) {
        return switch (op) {
            case SpatialOp.Conv2d c -> conv(g, n, c);
            case SpatialOp.ConvTranspose2d c -> convTranspose(g, n, c);
            case SpatialOp.MaxPool2d p -> maxPool(g, n, p);
            case SpatialOp.AvgPool2d p -> avgPool(g, n, p);
            case SpatialOp.Resize r -> resize(g, n, r);
        };
    }

    private static String conv(OnnxGraph g, Node n, SpatialOp.Conv2d c) {
        Shape w = n.input(1).type().shape();
        List<String> in = new ArrayList<>(List.of(g.in(n, 0), g.in(n, 1)));
        if (c.bias()) {
            in.add(g.in(n, 2));
        }
        String y = g.op("Conv", in, Attribute.of("kernel_shape", w.dim(2), w.dim(3)), Attribute.strides(c.window()),
                Attribute.pads(c.window()), Attribute.dilations(c.window()), Attribute.of("group", c.groups()));
        if (c.residual()) {
            y = g.op("Add", y, g.in(n, n.inputs().size() - 1));
        }
        return g.activate(c.activation(), y);
    }

    private static String convTranspose(OnnxGraph g, Node n, SpatialOp.ConvTranspose2d c) {
        Shape w = n.input(1).type().shape();
        Window2d window = c.window();
        boolean standard = c.outPadH() < window.strideH() && c.outPadW() < window.strideW();
        List<String> in = new ArrayList<>(List.of(g.in(n, 0), g.in(n, 1)));
        if (c.bias() && standard) {
            in.add(g.in(n, 2));
        }
        if (!standard) {
            window = window.pad(window.padTop(), window.padLeft(), Math.max(0, window.padBottom() - c.outPadH()),
                    Math.max(0, window.padRight() - c.outPadW()));
        }
        String y = g.op("ConvTranspose", in, Attribute.of("kernel_shape", w.dim(2), w.dim(3)),
                Attribute.strides(window), Attribute.pads(window), Attribute.dilations(window),
                Attribute.of("output_padding", standard ? c.outPadH() : 0, standard ? c.outPadW() : 0),
                Attribute.of("group", c.groups()));
        return g.activate(c.activation(), standard ? y : widened(g, n, c, y));
    }

    /**
     * Runtimes refuse output padding that isn't below the stride: less is cut off instead, and what then lacks is
     * zeros.
     */
    private static String widened(OnnxGraph g, Node n, SpatialOp.ConvTranspose2d c, String y) {
        long rows = Math.max(0, c.outPadH() - c.window().padBottom());
        long columns = Math.max(0, c.outPadW() - c.window().padRight());
        String wide = g.op("Pad", List.of(y, g.longs(0, 0, 0, 0, 0, 0, rows, columns), g.scalar(DType.F32, 0)),
                Attribute.of("mode", "constant"));
        return c.bias()
                ? g.op("Add", wide, g.reshape(g.in(n, 2), n.input(2).type().shape().dim(0), 1, 1))
                : wide;
    }

    /**
     * Padding that the output's extents take when they are rounded down: what sticks out in ceil mode becomes padding,
     * so that no runtime's reading of {@code ceil_mode} matters.
     */
    private static Window2d exactPadding(Shape x, Shape y, int kernelH, int kernelW, Window2d w) {
        long bottom = (y.dim(2) - 1) * w.strideH() + (long) w.dilationH() * (kernelH - 1) + 1 - x.dim(2) - w.padTop();
        long right = (y.dim(3) - 1) * w.strideW() + (long) w.dilationW() * (kernelW - 1) + 1 - x.dim(3) - w.padLeft();
        return w.pad(w.padTop(), w.padLeft(), (int) Math.max(0, bottom), (int) Math.max(0, right));
    }

    private static String maxPool(OnnxGraph g, Node n, SpatialOp.MaxPool2d p) {
        Shape x = n.input(0).type().shape();
        Window2d w = exactPadding(x, n.output().type().shape(), p.kernelH(), p.kernelW(), p.window());
        String in = g.in(n, 0);
        if (Math.max(w.padTop(), w.padBottom()) >= p.kernelH() || Math.max(w.padLeft(), w.padRight()) >= p.kernelW()) {
            // Runtimes refuse pooling with more padding than kernel, which a dilated window that sticks out takes.
            in = g.op("Pad", List.of(in, g.longs(0, 0, w.padTop(), w.padLeft(), 0, 0, w.padBottom(), w.padRight()),
                    g.scalar(DType.F32, Double.NEGATIVE_INFINITY)), Attribute.of("mode", "constant"));
            w = w.pad(0);
        }
        return g.op("MaxPool", in, Attribute.of("kernel_shape", p.kernelH(), p.kernelW()), Attribute.strides(w),
                Attribute.pads(w), Attribute.dilations(w));
    }

    private static String avgPool(OnnxGraph g, Node n, SpatialOp.AvgPool2d p) {
        Shape x = n.input(0).type().shape();
        Shape y = n.output().type().shape();
        Window2d w = exactPadding(x, y, p.kernelH(), p.kernelW(), p.window());
        String mean = g.op("AveragePool", g.in(n, 0), Attribute.of("kernel_shape", p.kernelH(), p.kernelW()),
                Attribute.strides(w), Attribute.pads(w),
                Attribute.of("count_include_pad", p.countIncludePad() ? 1 : 0));
        float[] rows = correction(y.size(2), p.kernelH(), w.strideH(), x.dim(2) + w.padTop() + p.window().padBottom());
        float[] columns = correction(y.size(3), p.kernelW(), w.strideW(), x.dim(3) + w.padLeft() + p.window().padRight());
        if (!p.countIncludePad() || rows == null && columns == null) {
            return mean;
        }
        if (rows != null) {
            mean = g.op("Mul", mean, g.tensor(n.name() + "/rows", HostTensor.of(Shape.of(rows.length, 1), rows)));
        }
        return columns == null
                ? mean
                : g.op("Mul", mean, g.tensor(n.name() + "/columns", HostTensor.of(Shape.of(columns.length), columns)));
    }

    /** kernel / taps within the padded image, for each window; none when all are 1. */
    private static float @Nullable [] correction(int windows, int kernel, int stride, long padded) {
        float[] f = new float[windows];
        boolean any = false;
        for (int i = 0; i < windows; i++) {
            long taps = Math.min(kernel, padded - (long) i * stride);
            f[i] = (float) kernel / taps;
            any |= taps < kernel;
        }
        return any ? f : null;
    }

    private static String resize(OnnxGraph g, Node n, SpatialOp.Resize r) {
        Shape x = n.input(0).type().shape();
        float scaleH = scale(x.dim(2), r.outH(), r.scaleH());
        float scaleW = scale(x.dim(3), r.outW(), r.scaleW());
        if (r.interpolation() == Interpolation.NEAREST) {
            return nearest(g, n, r, x, scaleH, scaleW);
        }
        String mode = r.interpolation() == Interpolation.BILINEAR ? "linear" : "cubic";
        String transform = r.sampling() == Sampling.ALIGN_CORNERS ? "align_corners" : "half_pixel";
        List<Attribute> attributes = new ArrayList<>(List.of(Attribute.of("mode", mode),
                Attribute.of("coordinate_transformation_mode", transform)));
        if (mode.equals("cubic")) {
            attributes.add(Attribute.of("cubic_coeff_a", r.antialias() ? -0.5f : -0.75f));
        }
        if (r.antialias()) {
            attributes.add(Attribute.of("antialias", 1));
            attributes.add(Attribute.of("exclude_outside", 1));
        }
        boolean derived = r.sampling() == Sampling.ALIGN_CORNERS
                || scaleH == scale(x.dim(2), r.outH(), 0) && scaleW == scale(x.dim(3), r.outW(), 0);
        List<String> in = derived
                ? List.of(g.in(n, 0), "", "", g.longs(x.dim(0), x.dim(1), r.outH(), r.outW()))
                : List.of(g.in(n, 0), "", scales(g, n, r, x, scaleH, scaleW));
        return g.op("Resize", in, attributes.toArray(Attribute[]::new));
    }

    /** Source extent for each output element, in float32 as {@link SpatialOp.Resize} says. */
    private static float scale(long in, int out, double given) {
        return given == 0 ? (float) in / out : (float) given;
    }

    /** ONNX's scales say how many output elements there are for each source element, and give the extents too. */
    private static String scales(OnnxGraph g, Node n, SpatialOp.Resize r, Shape x, float scaleH, float scaleW) {
        float h = 1 / scaleH;
        float w = 1 / scaleW;
        long rows = (long) Math.floor((double) x.dim(2) * h);
        long columns = (long) Math.floor((double) x.dim(3) * w);
        if (rows != r.outH() || columns != r.outW()) {
            throw g.refuse("ONNX takes scales " + scaleH + ", " + scaleW + " for another output size");
        }
        return g.tensor(n.name() + "/scales", HostTensor.of(Shape.of(4), new float[] {1, 1, h, w}));
    }

    /**
     * Rows and columns picked by index, so that every runtime takes the same ones; a Resize where the scales are powers
     * of two and rounding can't matter.
     */
    private static String nearest(OnnxGraph g, Node n, SpatialOp.Resize r, Shape x, float scaleH, float scaleW) {
        boolean half = r.sampling() == Sampling.HALF_PIXEL;
        if (!half && r.scaleH() == 0 && r.scaleW() == 0 && powerOfTwo(scaleH) && powerOfTwo(scaleW)) {
            return g.op("Resize", List.of(g.in(n, 0), "", "", g.longs(x.dim(0), x.dim(1), r.outH(), r.outW())),
                    Attribute.of("mode", "nearest"), Attribute.of("coordinate_transformation_mode", "asymmetric"),
                    Attribute.of("nearest_mode", "floor"));
        }
        String rows = NodeLowering.indices(g, r.outH(), i -> source(i, half, scaleH, x.dim(2)));
        String columns = NodeLowering.indices(g, r.outW(), i -> source(i, half, scaleW, x.dim(3)));
        String picked = g.op("Gather", List.of(g.in(n, 0), rows), Attribute.of("axis", 2));
        return g.op("Gather", List.of(picked, columns), Attribute.of("axis", 3));
    }

    private static long source(int i, boolean half, float scale, long extent) {
        return Math.min((long) ((half ? i + 0.5f : i) * scale), extent - 1);
    }

    private static boolean powerOfTwo(float f) {
        return Float.floatToRawIntBits(f) << 9 == 0;
    }
}
