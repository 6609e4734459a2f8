package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Ops over images, and networks of them: the oracle, Kerf's CPU back end and ONNX Runtime agree. */
class OnnxSpatialTest {
    private static Window2d window(RandomCase c, int mostStride, int mostPad, int mostDilation) {
        return Window2d.of()
                .stride(c.between(1, mostStride), c.between(1, mostStride))
                .pad(c.between(0, mostPad), c.between(0, mostPad), c.between(0, mostPad), c.between(0, mostPad))
                .dilation(c.between(1, mostDilation), c.between(1, mostDilation));
    }

    @Test
    void convolutions() {
        Agreement.compare(60, 4, c -> {
            int groups = c.between(1, 3);
            int in = groups * c.between(1, 5);
            int out = groups * c.between(1, 6);
            int kh = c.between(1, 4);
            int kw = c.between(1, 4);
            Window2d w = window(c, 3, 2, 2);
            int h = c.between(1 + w.dilationH() * (kh - 1), 19);
            int v = c.between(1 + w.dilationW() * (kw - 1), 19);
            int n = c.between(1, 2);
            boolean bias = c.coin();
            boolean residual = c.coin();
            var op = new SpatialOp.Conv2d(w, groups, c.activation(), bias, residual);
            List<Value> operands = new ArrayList<>(
                    List.of(c.floats(n, in, h, v), c.fixed(-1, 1, out, in / groups, kh, kw)));
            if (bias) {
                operands.add(c.fixed(-1, 1, out));
            }
            if (residual) {
                operands.add(c.floats(n, out, w.outH(h, kh, false), w.outW(v, kw, false)));
            }
            c.output(c.apply(op, operands.toArray(Value[]::new)));
        });
    }

    @Test
    void transposedConvolutions() {
        Agreement.compare(60, 4, c -> {
            int groups = c.between(1, 3);
            int in = groups * c.between(1, 4);
            int outOfGroup = c.between(1, 5);
            int kh = c.between(1, 4);
            int kw = c.between(1, 4);
            Window2d w = window(c, 3, 1, 2);
            boolean bias = c.coin();
            var op = new SpatialOp.ConvTranspose2d(w, c.between(0, Math.max(w.strideH(), w.dilationH()) - 1),
                    c.between(0, Math.max(w.strideW(), w.dilationW()) - 1), groups, c.activation(), bias);
            Value x = c.floats(c.between(1, 2), in, c.between(3, 11), c.between(3, 11));
            Value weight = c.fixed(-1, 1, in, outOfGroup, kh, kw);
            c.output(bias
                    ? c.apply(op, x, weight, c.fixed(-1, 1, (long) outOfGroup * groups))
                    : c.apply(op, x, weight));
        });
    }

    @Test
    void poolings() {
        Agreement.compare(60, 4, c -> {
            int kh = c.between(1, 5);
            int kw = c.between(1, 5);
            boolean max = c.coin();
            Window2d w = Window2d.of().stride(c.between(1, 3), c.between(1, 3)).pad(
                    c.between(0, kh / 2), c.between(0, kw / 2), c.between(0, kh / 2), c.between(0, kw / 2));
            Value x = c.floats(c.between(1, 2), c.between(1, 5), c.between(9, 17), c.between(9, 17));
            c.output(c.apply(max
                    ? new SpatialOp.MaxPool2d(kh, kw, w.dilation(c.between(1, 2), c.between(1, 2)), c.coin())
                    : new SpatialOp.AvgPool2d(kh, kw, w, c.coin(), c.coin()), x));
        });
    }

    /** A position of up to 40 pixels is rounded like any float32; what it reads changes by at most 3 for each pixel. */
    @Test
    void resizings() {
        Agreement.compare(80, 4 * (1 + 40 * 3), c -> {
            var interpolation = c.pick(SpatialOp.Interpolation.class);
            boolean nearest = interpolation == SpatialOp.Interpolation.NEAREST;
            var sampling = c.coin()
                    ? SpatialOp.Sampling.HALF_PIXEL
                    : nearest ? SpatialOp.Sampling.ASYMMETRIC : SpatialOp.Sampling.ALIGN_CORNERS;
            boolean antialias = !nearest && sampling == SpatialOp.Sampling.HALF_PIXEL && c.coin();
            Value x = c.floats(c.between(1, 2), c.between(1, 4), c.between(1, 40), c.between(1, 40));
            c.output(c.apply(new SpatialOp.Resize(c.between(1, 40), c.between(1, 40), interpolation, sampling,
                    antialias, 0, 0), x));
        });
        Agreement.compare(20, 4 * (1 + 40 * 3), c -> {
            double scale = c.pick(List.of(0.4, 0.5, 0.7, 1.0, 1.5, 2.0));
            Value x = c.floats(1, 2, c.between(4, 16), c.between(4, 16));
            var interpolation = c.pick(SpatialOp.Interpolation.class);
            int h = (int) Math.floor(x.type().shape().dim(2) * (double) (1 / (float) scale));
            int w = (int) Math.floor(x.type().shape().dim(3) * (double) (1 / (float) scale));
            c.output(c.apply(new SpatialOp.Resize(h, w, interpolation, SpatialOp.Sampling.HALF_PIXEL, false, scale,
                    scale), x));
        });
    }

    /** Encoder and decoder of random depth: ops feed one another, views and fused chains among them. */
    @Test
    void networks() {
        Agreement.compare(12, 16, c -> {
            int channels = c.between(1, 3);
            int depth = c.between(1, 2);
            Value x = c.floats(1, channels, c.between(2, 5) << depth, c.between(2, 5) << depth);
            List<Value> skips = new ArrayList<>();
            for (int i = 0; i < depth; i++) {
                x = block(c, x, c.between(1, 8));
                skips.add(x);
                x = c.builder.maxPool2d(x, 2);
            }
            x = block(c, x, c.between(2, 9));
            while (!skips.isEmpty()) {
                Value skip = skips.removeLast();
                Shape s = skip.type().shape();
                Value up = c.coin()
                        ? c.builder.bilinear(x, s.size(2), s.size(3), SpatialOp.Sampling.HALF_PIXEL)
                        : c.builder.convTranspose2d(x, c.fixed(-1, 1, x.type().shape().dim(1), 3, 2, 2),
                                c.fixed(-1, 1, 3), Window2d.of().stride(2));
                x = block(c, c.builder.concat(1, skip, up), c.between(1, 6));
            }
            c.output(x).output(c.builder.softmax(x, 1));
        });
    }

    private static Value block(RandomCase c, Value x, int out) {
        long in = x.type().shape().dim(1);
        double range = 1 / Math.sqrt(in * 9);
        Value y = c.builder.conv2d(x, c.fixed(-range, range, out, in, 3, 3), c.coin() ? c.fixed(-1, 1, out) : null,
                Window2d.of().pad(1));
        y = c.builder.batchNorm(y, c.fixed(0.5, 1, out), c.fixed(-1, 1, out), c.fixed(-1, 1, out),
                c.fixed(0.5, 2, out), 1e-5);
        return c.builder.relu(y);
    }
}
