package dev.kerf.cli.bench;

import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.image.Nv12;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * One op, as large as segmentation has it or larger, so that what a kernel takes can be held against what it has to move and
 * to compute.
 *
 * @param name    what it is
 * @param graph   the op alone
 * @param weights its weights; null if it has none
 */
public record KernelCase(String name, Graph graph, Weights weights) {
    private static final Window2d UNIT = Window2d.of();

    /** Records cases over images of a side. */
    private static final class Recorder {
        private final List<KernelCase> cases = new ArrayList<>();
        private final int side;
        private GraphBuilder g;
        private Map<String, HostTensor> weights;
        private int inputs;

        Recorder(int side) {
            this.side = side;
        }

        void add(String name, Function<GraphBuilder, Value> record) {
            g = new GraphBuilder();
            weights = new LinkedHashMap<>();
            g.output("y", record.apply(g));
            cases.add(new KernelCase(name, g.build(), weights.isEmpty() ? null : Weights.of(weights)));
        }

        Value x(long... dims) {
            return g.input("x" + inputs++, TensorType.f32(dims));
        }

        Value bytes(String name, long... dims) {
            return g.input(name, TensorType.of(DType.U8, dims));
        }

        Value w(long... dims) {
            HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
            for (long i = 0; i < t.elements(); i++) {
                t.setDouble(i, ((i * 2654435761L >>> 8 & 0xFF) - 128) / 1024.0);
            }
            String key = "w" + weights.size();
            weights.put(key, t);
            return g.weight(key, Shape.of(dims));
        }
    }

    /**
     * All cases.
     *
     * @param side of images: 1024 fills a large GPU, 128 suits a CPU
     */
    public static List<KernelCase> all(int side) {
        Recorder r = new Recorder(side);
        moves(r);
        norms(r);
        images(r);
        products(r);
        return r.cases;
    }

    private static void moves(Recorder r) {
        int s = r.side;
        r.add("relu", g -> g.relu(r.x(1, 32, s, s)));
        r.add("gelu", g -> g.unary(PointwiseOp.Function.GELU_ERF, r.x(1, 32, s, s)));
        r.add("add", g -> g.add(r.x(1, 32, s, s), r.x(1, 32, s, s)));
        r.add("add by channel", g -> g.add(r.x(1, 32, s, s), r.x(32, 1, 1)));
        r.add("where", g -> g.apply(new PointwiseOp.Where(), r.bytes("c", 1, 32, s, s), r.x(1, 32, s, s), r.x(1, 32, s, s)));
        r.add("cast to bytes", g -> g.apply(new PointwiseOp.Cast(DType.U8), r.x(1, 32, s, s)));
        r.add("concat", g -> g.concat(1, r.x(1, 16, s, s), r.x(1, 16, s, s)));
        r.add("channels last", g -> g.apply(new MoveOp.Permute(List.of(0, 2, 3, 1)), r.x(1, 32, s, s)));
        r.add("pad", g -> g.apply(new MoveOp.Pad(List.of(0L, 0L, 3L, 3L), List.of(0L, 0L, 3L, 3L), MoveOp.PadMode.CONSTANT, 0),
                r.x(1, 32, s, s)));
        r.add("sum of rows", g -> g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.SUM, List.of(1), false), r.x(32L * s, s)));
        r.add("mean of channels", g -> g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MEAN, List.of(1), false),
                r.x(1, 32, s, s)));
        r.add("label of 21 classes", g -> g.apply(new ReduceOp.ArgMax(1, DType.U8), r.x(1, 21, s, s)));
    }

    private static void norms(Recorder r) {
        int s = r.side;
        r.add("softmax of rows", g -> g.softmax(r.x(32L * s, s), 1));
        r.add("softmax of channels", g -> g.softmax(r.x(1, 32, s, s), 1));
        r.add("layer norm of rows", g -> g.layerNorm(r.x(32L * s, s), r.w(s), r.w(s), 1, 1e-6));
        r.add("layer norm of channels", g -> g.layerNorm(r.x(1, 32, s, s), r.w(32), r.w(32), 1, 1e-6));
        r.add("group norm", g -> g.apply(new NormOp.GroupNorm(8, 1e-5), r.x(1, 32, s, s), r.w(32), r.w(32)));
    }

    private static void images(Recorder r) {
        int s = r.side;
        r.add("from pixels", g -> g.apply(new FrameOp.FromPixels(List.of(0, 1, 2), false), r.bytes("p", 8, s, s, 3)));
        r.add("from NV12", g -> g.apply(new FrameOp.FromNv12(Nv12.Matrix.BT709_LIMITED),
                r.bytes("p", 8, s * 3L / 2, s)));
        r.add("statistics of images", g -> g.apply(new FrameOp.ImageStatistics(), r.x(8, 3, s, s)));
        r.add("max pool", g -> g.maxPool2d(r.x(1, 32, s, s), 2));
        r.add("mean pool", g -> g.apply(new SpatialOp.AvgPool2d(2, 2, UNIT.stride(2), false, false), r.x(1, 32, s, s)));
        r.add("twice the size", g -> g.bilinear(r.x(1, 16, s, s), 2 * s, 2 * s, SpatialOp.Sampling.HALF_PIXEL));
        var form = new MeasureOp.MaskForm.Bytes();
        r.add("IoU of 16 masks with 16", g -> g.apply(new MeasureOp.Overlap(form, form, (long) s * s, false),
                r.bytes("a", 16, (long) s * s), r.bytes("b", 16, (long) s * s)));
        r.add("confusion of 21 classes", g -> g.apply(new MeasureOp.Confusion(21, -1), r.bytes("a", 1, (long) s * s),
                r.bytes("b", 1, (long) s * s)));
    }

    private static void products(Recorder r) {
        for (int level = 0; level < 4; level++) {
            int c = 64 << level;
            int s = r.side / 2 >> level;
            r.add("convolution 3×3, " + c + " channels, " + s + "²", g -> g.apply(
                    new SpatialOp.Conv2d(UNIT.pad(1), 1, Activation.RELU, true, false), r.x(1, c, s, s), r.w(c, c, 3, 3),
                    r.w(c)));
        }
        int s = r.side / 4;
        r.add("convolution 1×1, 256 channels, " + s + "²", g -> g.apply(
                new SpatialOp.Conv2d(UNIT, 1, Activation.NONE, true, false), r.x(1, 256, s, s), r.w(256, 256, 1, 1), r.w(256)));
        r.add("transposed convolution 2×2, 256 to 128 channels, " + s / 2 + "²", g -> g.convTranspose2d(
                r.x(1, 256, s / 2, s / 2), r.w(256, 128, 2, 2), r.w(128), UNIT.stride(2)));
        int n = 2 * r.side;
        r.add("matrix product " + n + "³", g -> g.matMul(r.x(n, n), r.x(n, n)));
        r.add("linear, " + 4 * r.side + " rows, 768 to 3072", g -> g.linear(r.x(4L * r.side, 768), r.w(3072, 768), r.w(3072)));
        r.add("attention, 8 heads of 64, " + 4 * r.side + " tokens", g -> g.apply(new MatrixOp.Attention(0.125f, false),
                r.x(1, 8, 4L * r.side, 64), r.x(1, 8, 4L * r.side, 64), r.x(1, 8, 4L * r.side, 64)));
    }
}
