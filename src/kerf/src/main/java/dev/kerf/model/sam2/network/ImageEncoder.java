package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Resize;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Trunk and neck, as upstream's {@code modeling/backbones/image_encoder.py}, with the mask decoder's projections of
 * the two finer levels, which upstream's {@code forward_image} does here too so that prompts needn't.
 */
final class ImageEncoder {
    private final Layers p;
    private final GraphBuilder g;
    private final Sam2Config config;
    private final Trunk trunk;

    /**
     * What an image becomes.
     *
     * @param embeddings (1, 256, S/16, S/16)
     * @param fine       (1, 32, S/4, S/4); null where masks are made without
     * @param medium     (1, 64, S/8, S/8); likewise
     */
    record Features(Value embeddings, @Nullable Value fine, @Nullable Value medium) {}

    ImageEncoder(Layers model, Sam2Config config, Trunk trunk) {
        this.trunk = trunk;
        this.p = model;
        this.g = model.g();
        this.config = config;
    }

    /** x (1, 3, S, S), normalised. */
    Features forward(Value x) {
        List<Value> levels = trunk.forward(x);
        for (int i = 0; i < 4; i++) {
            Value level = levels.get(i);
            Shape s = level.type().shape();
            g.stage("trunk_stage" + (i + 1), g.permute(g.reshape(level, 1, s.dim(0), s.dim(1), s.dim(2)), 0, 3, 1, 2));
        }
        int side = config.grid();
        // A bias goes through the enlargement as it is, so that of the finer level is added before it.
        Pointwise finer = lateral(2, levels);
        Pointwise coarsest = lateral(3, levels);
        Value low = planes(coarsest.weight, levels.get(3), spread(g.add(coarsest.bias, finer.bias), levels.get(3)));
        Value above = g.apply(new Resize(side, side, Interpolation.NEAREST, Sampling.ASYMMETRIC, false, 0, 0), low);
        Value embeddings = planes(finer.weight, levels.get(2), g.reshape(above, Sam2Config.WIDTH, (long) side * side));
        Layers decoder = p.at("sam_mask_decoder");
        Pointwise medium = then(lateral(1, levels), decoder.at("conv_s1"), 64);
        Pointwise fine = then(lateral(0, levels), decoder.at("conv_s0"), 32);
        HostTensor positions = Positions.sine2d(Sam2Config.WIDTH, side);
        g.stage("vision_pos_enc_2", g.constant(positions));
        return new Features(embeddings,
                g.stage("high_res_features_0", planes(fine.weight, levels.get(0), spread(fine.bias, levels.get(0)))),
                g.stage("high_res_features_1", planes(medium.weight, levels.get(1), spread(medium.bias, levels.get(1)))));
    }

    /** A convolution of one pixel: weight (out, C), bias (out, 1). */
    private record Pointwise(Value weight, Value bias) {}

    private Pointwise pointwise(Layers conv, long out, long channels) {
        return new Pointwise(g.reshape(conv.weight("weight", out, channels, 1, 1), out, channels),
                g.reshape(conv.weight("bias", out), out, 1));
    }

    /** The neck's convolutions are numbered from the coarsest level. */
    private Pointwise lateral(int level, List<Value> levels) {
        return pointwise(p.at("image_encoder.neck.convs." + (3 - level) + ".conv"), Sam2Config.WIDTH,
                levels.get(level).type().shape().dim(2));
    }

    /** Two with nothing between them are one, worked out when weights are loaded. */
    private Pointwise then(Pointwise first, Layers conv, long out) {
        Pointwise second = pointwise(conv, out, Sam2Config.WIDTH);
        return new Pointwise(g.matMul(second.weight, first.weight), g.add(g.matMul(second.weight, first.bias), second.bias));
    }

    /** A weight (out, C) times tokens (H, W, C), and (out, H · W) added: planes (1, out, H, W). */
    private Value planes(Value weight, Value level, Value added) {
        Shape s = level.type().shape();
        Value y = g.linear(weight, g.reshape(level, s.dim(0) * s.dim(1), s.dim(2)), null);
        return g.reshape(g.add(y, added), 1, y.type().shape().dim(0), s.dim(0), s.dim(1));
    }

    /** A bias (out, 1) for each of the tokens (H, W, C): (out, H · W). */
    private Value spread(Value bias, Value level) {
        Shape s = level.type().shape();
        return g.apply(new MoveOp.Expand(Shape.of(bias.type().shape().dim(0), s.dim(0) * s.dim(1))), bias);
    }
}
