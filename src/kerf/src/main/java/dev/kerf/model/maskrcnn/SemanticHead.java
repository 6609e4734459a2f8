package dev.kerf.model.maskrcnn;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.model.maskrcnn.RcnnRequest.Size;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.DType;
import java.util.List;

/**
 * The semantic branch of Panoptic FPN (Kirillov et al. 2019, "Panoptic feature pyramid networks", figure 3; Detectron2's
 * {@code SemSegFPNHead}): each level is brought to a quarter of the image's size by 3×3 convolutions and doublings, the levels
 * are added, and a 1×1 convolution tells the classes apart.
 */
final class SemanticHead {
    /** The tensor by which a weight file shows that it has this branch. */
    static final String PREDICTOR = "sem_seg_head.predictor";

    private static final int COMMON_STRIDE = 4;
    private static final int GROUPS = 32;

    private final RcnnLayers layers;
    private final GraphBuilder g;

    SemanticHead(RcnnLayers layers) {
        this.layers = layers;
        this.g = layers.graph();
    }

    /** Maps of all levels to a label for each pixel of the image: U8 or int32 (B, height, width). */
    Value forward(List<Value> maps, Size inside, int height, int width) {
        Value sum = null;
        for (int level = 0; level < RcnnConfig.POOLED_LEVELS; level++) {
            Value x = maps.get(level);
            for (int k = 0; k < Math.max(1, level); k++) {
                x = conv(x, "sem_seg_head.p" + (level + 2) + "." + (level == 0 ? k : 2 * k));
                x = level == 0 ? x : larger(x, 2); // (B, 128, ·, ·)
            }
            sum = sum == null ? x : g.add(sum, x); // (B, 128, h/4, w/4)
        }
        Value small = layers.biased(sum, PREDICTOR, 1); // (B, K, h/4, w/4)
        layers.check().add(small);
        Value logits = larger(small, COMMON_STRIDE); // (B, K, h, w)
        Value cut = g.slice(g.slice(logits, 2, 0, inside.height()), 3, 0, inside.width());
        Value full = g.stage("semantic_logits", g.bilinear(cut, height, width, Sampling.HALF_PIXEL)); // (B, K, H, W)
        int classes = full.type().shape().size(1);
        return g.apply(new ReduceOp.ArgMax(1, classes <= 256 ? DType.U8 : DType.I32), full);
    }

    private Value conv(Value x, String module) {
        Layers conv = layers.model().at(module);
        if (!conv.has("norm.weight")) {
            return g.relu(layers.biased(x, module, 3));
        }
        Value y = conv.unbiasedConv2d(x, conv.outputs(), 3, Window2d.of().pad(1));
        return g.relu(conv.at("norm").groupNorm(y, GROUPS, Layers.EPS));
    }

    private Value larger(Value x, int factor) {
        return g.bilinear(x, x.type().shape().size(2) * factor, x.type().shape().size(3) * factor, Sampling.HALF_PIXEL);
    }
}
