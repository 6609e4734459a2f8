package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Resize;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.HostTensor;
import java.util.List;

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
     * @param fine       (1, 32, S/4, S/4)
     * @param medium     (1, 64, S/8, S/8)
     */
    record Features(Value embeddings, Value fine, Value medium) {}

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
            g.stage("trunk_stage" + (i + 1), levels.get(i));
        }
        Layers neck = p.at("image_encoder.neck");
        Value coarsest = lateral(neck, 3, levels.get(3)); // (1, 256, S/32, S/32)
        int side = config.grid();
        Value above = g.apply(new Resize(side, side, Interpolation.NEAREST, Sampling.ASYMMETRIC, false, 0, 0), coarsest);
        Value embeddings = g.add(lateral(neck, 2, levels.get(2)), above); // (1, 256, S/16, S/16)
        Layers decoder = p.at("sam_mask_decoder");
        Value medium = decoder.at("conv_s1").conv2d(lateral(neck, 1, levels.get(1)), 64, 1, Window2d.of());
        Value fine = decoder.at("conv_s0").conv2d(lateral(neck, 0, levels.get(0)), 32, 1, Window2d.of());
        HostTensor positions = Positions.sine2d(Sam2Config.WIDTH, side);
        g.stage("vision_pos_enc_2", g.constant(positions));
        return new Features(embeddings, g.stage("high_res_features_0", fine),
                g.stage("high_res_features_1", medium));
    }

    /** The neck's convolutions are numbered from the coarsest level. */
    private Value lateral(Layers neck, int level, Value x) {
        return neck.at("convs." + (3 - level) + ".conv").conv2d(x, Sam2Config.WIDTH, 1, Window2d.of());
    }
}
