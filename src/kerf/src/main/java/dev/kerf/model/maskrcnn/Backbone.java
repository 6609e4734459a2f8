package dev.kerf.model.maskrcnn;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp.Window2d;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A bottleneck ResNet (He et al. 2016, figure 5 right) and the feature pyramid over it (Lin et al. 2017, figure 3). Where a
 * stage halves the size, torchvision's 3×3 convolution has the stride, Detectron2's first 1×1 convolution.
 */
final class Backbone {
    private static final int STAGES = 4;

    private final RcnnLayers layers;
    private final GraphBuilder g;
    private final RcnnConfig config;
    private final RcnnNames names;

    Backbone(RcnnLayers layers) {
        this.layers = layers;
        this.g = layers.graph();
        this.config = layers.config();
        this.names = config.names();
    }

    /** x (B, 3, H, W) to maps of H/4, H/8, H/16, H/32 and H/64 rows. */
    List<Value> forward(Value x) {
        List<Value> stages = new ArrayList<>();
        Value y;
        try (var _ = g.scope("stem")) {
            y = g.relu(layers.normed(x, names.stem(), names.norm(names.stem()), 7, 2)); // (B, 64, H/2, W/2)
            y = g.apply(new SpatialOp.MaxPool2d(3, 3, Window2d.of().stride(2).pad(1), false), y); // (B, 64, H/4, W/4)
        }
        for (int stage = 0; stage < STAGES; stage++) {
            for (int i = 0; i < config.blocks().get(stage); i++) {
                try (var _ = g.scope("stage" + stage + "." + i)) {
                    y = bottleneck(y, names.block(stage, i), i == 0, i == 0 && stage > 0 ? 2 : 1);
                }
            }
            stages.add(y); // (B, 256 · 2^stage, H/2^(stage+2), …)
        }
        try (var _ = g.scope("fpn")) {
            return pyramid(stages);
        }
    }

    private Value bottleneck(Value x, String block, boolean first, int stride) {
        int early = config.detectron() ? stride : 1;
        Value y = g.relu(normed(x, block + ".conv1", 1, early));
        y = g.relu(normed(y, block + ".conv2", 3, stride / early));
        y = normed(y, block + ".conv3", 1, 1);
        Value shortcut = first ? normed(x, names.shortcut(block), 1, stride) : x;
        return g.relu(g.add(y, shortcut)); // (B, C, h, w)
    }

    private Value normed(Value x, String conv, int k, int stride) {
        return layers.normed(x, conv, names.norm(conv), k, stride);
    }

    private List<Value> pyramid(List<Value> stages) {
        List<Value> maps = new ArrayList<>();
        Value above = null;
        for (int level = STAGES - 1; level >= 0; level--) {
            Value x = stages.get(level);
            Value lateral = layers.conv(x, names.lateral(level), 1);
            above = above == null
                    ? lateral
                    : g.add(lateral, g.apply(new SpatialOp.Resize(x.type().shape().size(2),
                            x.type().shape().size(3), Interpolation.NEAREST, Sampling.ASYMMETRIC, false, 0, 0), above));
            maps.add(layers.conv(above, names.output(level), 3));
        }
        Collections.reverse(maps);
        maps.add(g.apply(new SpatialOp.MaxPool2d(1, 1, Window2d.of().stride(2), false), maps.getLast()));
        for (int i = 0; i < maps.size(); i++) {
            g.stage("fpn_" + (i == maps.size() - 1 ? "pool" : i), maps.get(i));
        }
        return maps;
    }
}
