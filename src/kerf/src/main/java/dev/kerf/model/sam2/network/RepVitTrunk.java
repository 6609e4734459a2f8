package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * RepViT (Wang et al. 2024) as timm's {@code repvit_m1}: four stages of convolutions, the trunk of EdgeTAM. In a block a
 * depthwise convolution mixes places, which every other block follows with weights of channels by their means
 * (squeeze-and-excitation), then two layers of one pixel mix channels.
 *
 * <p>What mixes places is three branches in the checkpoint: 3×3, 1×1 and the input itself, the first two each with a batch norm.
 * They are one 3×3 convolution, worked out when weights are loaded.
 */
final class RepVitTrunk implements Trunk {
    private static final int KERNEL = 3;

    private final Layers p;
    private final GraphBuilder g;
    private final Sam2Config.Size size;

    RepVitTrunk(Layers p, Sam2Config.Size size) {
        this.p = p.at("body");
        this.g = p.g();
        this.size = size;
    }

    @Override
    public List<Value> forward(Value x) {
        int dim = size.embedDim();
        Window2d half = Window2d.of().stride(2).pad(1);
        Value y = g.unary(Function.GELU_ERF, normed(p.at("stem.conv1"), x, dim / 2, KERNEL, half));
        y = normed(p.at("stem.conv2"), y, dim, KERNEL, half); // (1, C, S/4, S/4)
        List<Value> levels = new ArrayList<>();
        for (int stage = 0; stage < size.stages().size(); stage++) {
            Layers s = p.at("stages_" + stage);
            if (stage > 0) {
                dim *= 2;
                y = downsampled(s.at("downsample"), y, dim);
            }
            for (int i = 0; i < size.stages().get(stage); i++) {
                try (var _ = g.scope("stage" + stage + ".block" + i)) {
                    y = block(s.at("blocks." + i), y, i % 2 == 0);
                }
            }
            Shape shape = y.type().shape();
            levels.add(g.reshape(g.permute(y, 0, 2, 3, 1), shape.dim(2), shape.dim(3), dim));
        }
        return levels;
    }

    /** x (1, C, H, W) to the same. */
    private Value block(Layers b, Value x, boolean squeezes) {
        Value y = places(b.at("token_mixer"), x);
        Value weighted = squeezes ? squeezed(b.at("se"), y) : y;
        return g.add(weighted, channels(b.at("channel_mixer"), weighted));
    }

    /** x (1, C, H, W) to (1, out, H/2, W/2). */
    private Value downsampled(Layers d, Value x, int out) {
        Value y = block(d.at("pre_block"), x, false);
        Layers spatial = d.at("spatial_downsample");
        long c = y.type().shape().dim(1);
        y = spatial.at("bn").batchNorm(depthwise(y, spatial.at("c").weight("weight", c, 1, KERNEL, KERNEL),
                Window2d.of().stride(2).pad(1)), Layers.EPS);
        y = normed(d.at("channel_downsample"), y, out, 1, Window2d.of());
        return g.add(y, channels(d.at("ffn"), y));
    }

    /** Two layers of one pixel, the first twice as wide: (1, C, H, W) to the same. */
    private Value channels(Layers m, Value x) {
        long c = x.type().shape().dim(1);
        Value hidden = g.unary(Function.GELU_ERF, normed(m.at("conv1"), x, 2 * c, 1, Window2d.of()));
        return normed(m.at("conv2"), hidden, c, 1, Window2d.of());
    }

    /** A convolution with its batch norm. */
    private Value normed(Layers conv, Value x, long out, int kernel, Window2d window) {
        return conv.at("bn").batchNorm(conv.at("c").unbiasedConv2d(x, out, kernel, window), Layers.EPS);
    }

    /** The three branches as one convolution: (1, C, H, W) to the same. */
    private Value places(Layers m, Value x) {
        long c = x.type().shape().dim(1);
        Value wide = scale(m.at("conv.bn"), c);
        Value narrow = scale(m.at("conv1.bn"), c);
        Value own = g.add(g.multiply(m.at("conv1.c").weight("weight", c, 1, 1, 1), narrow), g.constant(1f));
        Value middle = g.apply(new MoveOp.Pad(List.of(0L, 0L, 1L, 1L), List.of(0L, 0L, 1L, 1L), MoveOp.PadMode.CONSTANT, 0),
                own);
        Value kernel = g.add(g.multiply(m.at("conv.c").weight("weight", c, 1, KERNEL, KERNEL), wide), middle);
        Value bias = g.add(shift(m.at("conv.bn"), wide, c), shift(m.at("conv1.bn"), narrow, c));
        return g.apply(new SpatialOp.Conv2d(Window2d.of().pad(1), Math.toIntExact(c), Activation.NONE, true, false), x, kernel,
                bias);
    }

    /** What a batch norm multiplies by: (C, 1, 1, 1). */
    private Value scale(Layers bn, long c) {
        Value deviation = g.unary(Function.SQRT, g.add(bn.weight("running_var", c), g.constant((float) Layers.EPS)));
        return g.reshape(g.binary(Arithmetic.DIVIDE, bn.weight("weight", c), deviation), c, 1, 1, 1);
    }

    /** What it adds after that: (C). */
    private Value shift(Layers bn, Value scale, long c) {
        return g.binary(Arithmetic.SUBTRACT, bn.weight("bias", c),
                g.multiply(bn.weight("running_mean", c), g.reshape(scale, c)));
    }

    private Value depthwise(Value x, Value weight, Window2d window) {
        int c = x.type().shape().size(1);
        return g.apply(new SpatialOp.Conv2d(window, c, Activation.NONE, false, false), x, weight);
    }

    /** Channels weighted by what two layers make of their means; a quarter as many between, a multiple of 8. */
    private Value squeezed(Layers se, Value x) {
        long c = x.type().shape().dim(1);
        long between = Math.max(8, (c / 4 + 4) / 8 * 8);
        Value mean = g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MEAN, List.of(2, 3), true), x); // (1, C, 1, 1)
        Value hidden = g.relu(se.at("fc1").conv2d(mean, between, 1, Window2d.of()));
        return g.multiply(x, g.unary(Function.SIGMOID, se.at("fc2").conv2d(hidden, c, 1, Window2d.of())));
    }
}
