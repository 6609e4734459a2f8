package dev.kerf.bench;

import dev.kerf.check.SampleInputs;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.LinkedHashMap;
import java.util.Map;

/** Single ops by name: the shapes of a U-Net on 512² and of the measures over its masks. */
enum SingleOp {
    /** Finest level. */
    CONV_64_512(64, 512) {
        @Override
        Graph graph() {
            return convolution();
        }
    },
    /** Second level. */
    CONV_128_256(128, 256) {
        @Override
        Graph graph() {
            return convolution();
        }
    },
    /** Fourth level. */
    CONV_512_64(512, 64) {
        @Override
        Graph graph() {
            return convolution();
        }
    },
    /** Coarsest level. */
    CONV_1024_32(1024, 32) {
        @Override
        Graph graph() {
            return convolution();
        }
    },
    /** The first up-sampling. */
    CONV_TRANSPOSE_1024_32(1024, 32) {
        @Override
        Graph graph() {
            GraphBuilder g = new GraphBuilder();
            Value x = g.input("x", TensorType.f32(1, channels, side, side));
            Value w = g.weight("weight", Shape.of(channels, channels / 2, 2, 2));
            g.output("y", g.convTranspose2d(x, w, null, Window2d.of().stride(2)));
            return g.build();
        }
    },
    /** A square product of two inputs. */
    GEMM_1024(1, 1024) {
        @Override
        Graph graph() {
            GraphBuilder g = new GraphBuilder();
            g.output("y", g.matMul(g.input("x", TensorType.f32(side, side)), g.weight("weight", Shape.of(side, side))));
            return g.build();
        }
    },
    /** Attention of a small image encoder. */
    ATTENTION_8_1024(8, 1024) {
        @Override
        Graph graph() {
            GraphBuilder g = new GraphBuilder();
            TensorType t = TensorType.f32(1, channels, side, 64);
            g.output("y", g.apply(new MatrixOp.Attention(0.125f, false), g.input("q", t), g.input("k", t),
                    g.input("v", t)));
            return g.build();
        }
    },
    /** 2×2 of stride 2. */
    MAX_POOL_64_512(64, 512) {
        @Override
        Graph graph() {
            GraphBuilder g = new GraphBuilder();
            g.output("y", g.maxPool2d(g.input("x", TensorType.f32(1, channels, side, side)), 2));
            return g.build();
        }
    },
    /** Twice the size. */
    BILINEAR_128_256(128, 256) {
        @Override
        Graph graph() {
            GraphBuilder g = new GraphBuilder();
            g.output("y", g.bilinear(g.input("x", TensorType.f32(1, channels, side, side)), 2 * side, 2 * side,
                    SpatialOp.Sampling.ALIGN_CORNERS));
            return g.build();
        }
    },
    /** Sixteen masks with sixteen, a byte for each pixel. */
    OVERLAP_16_512(16, 512) {
        @Override
        Graph graph() {
            GraphBuilder g = new GraphBuilder();
            int pixels = side * side;
            TensorType t = TensorType.of(DType.U8, channels, pixels);
            var form = new MeasureOp.MaskForm.Bytes();
            g.output("y", g.apply(new MeasureOp.Overlap(form, form, pixels, false), g.input("a", t), g.input("b", t)));
            return g.build();
        }
    },
    /** Twenty-one classes. */
    CONFUSION_21_512(21, 512) {
        @Override
        Graph graph() {
            GraphBuilder g = new GraphBuilder();
            TensorType t = TensorType.of(DType.U8, 1, side * side);
            g.output("y", g.apply(new MeasureOp.Confusion(channels, -1), g.input("truth", t), g.input("predicted", t)));
            return g.build();
        }
    };

    final int channels;
    final int side;

    SingleOp(int channels, int side) {
        this.channels = channels;
        this.side = side;
    }

    /** The op alone, its result as output {@code y}. */
    abstract Graph graph();

    /** A 3×3 convolution that keeps channels and size. */
    Graph convolution() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(1, channels, side, side));
        Value w = g.weight("weight", Shape.of(channels, channels, 3, 3));
        g.output("y", g.relu(g.conv2d(x, w, g.weight("bias", Shape.of(channels)), Window2d.of().pad(1))));
        return g.build();
    }

    /** The op's weights. */
    static Weights weights(Graph graph) {
        Map<String, dev.kerf.tensor.HostTensor> w = new LinkedHashMap<>();
        graph.weights().forEach(e -> w.put(e.tensors().getFirst(),
                SampleInputs.random(e.tensors().getFirst(), new TensorType(DType.F32, e.shape()), 0.1)));
        return Weights.of(w);
    }
}
