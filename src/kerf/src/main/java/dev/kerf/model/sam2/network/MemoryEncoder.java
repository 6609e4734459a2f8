package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;

/**
 * A frame and its mask to a memory, as upstream's {@code modeling/memory_encoder.py} and {@code _encode_new_memory}.
 */
final class MemoryEncoder {
    private static final float SCALE = 20;
    private static final float SHIFT = -10;
    private static final int BLOCKS = 2;

    private final Layers model;
    private final GraphBuilder g;
    private final Sam2Config config;

    MemoryEncoder(Layers model, Sam2Config config) {
        this.model = model;
        this.g = model.g();
        this.config = config;
    }

    /**
     * @param features of the frame, (1, 256, grid, grid), without memory
     * @param masks    logits (B, 1, 4 · grid, 4 · grid)
     * @param object   logits of the things being there, (B, 1)
     * @param binarize whether the masks count as 0 and 1
     * @return (B, 64, grid, grid); of EdgeTAM (B, 512, 64)
     */
    Value forward(Value features, Value masks, Value object, boolean binarize) {
        long b = masks.type().shape().dim(0);
        int side = config.imageSize();
        Value whole = g.bilinear(masks, side, side, Sampling.HALF_PIXEL); // (B, 1, S, S)
        Value shares = binarize ? above(whole) : g.unary(Function.SIGMOID, whole);
        Value x = g.add(g.multiply(shares, g.constant(SCALE)), g.constant(SHIFT));
        Layers p = model.at("memory_encoder");
        Value down = downSample(p.at("mask_downsampler.encoder"), x); // (B, 256, grid, grid)
        Value y = g.add(down, p.at("pix_feat_proj").conv2d(features, Sam2Config.WIDTH, 1, Window2d.of()));
        for (int i = 0; i < BLOCKS; i++) {
            y = block(p.at("fuser.layers." + i), y);
        }
        y = p.at("out_proj").conv2d(y, Sam2Config.MEMORY_WIDTH, 1, Window2d.of()); // (B, 64, grid, grid)
        if (config.size() == Sam2Config.Size.EDGE) {
            return new Perceiver(model.at("spatial_perceiver")).forward(y);
        }
        if (config.version() == Sam2Config.Version.V2_0) {
            return y;
        }
        Value absent = g.binary(Arithmetic.SUBTRACT, g.constant(1f), above(object)); // (B, 1)
        Value embedding = g.multiply(absent, model.weight("no_obj_embed_spatial", 1, Sam2Config.MEMORY_WIDTH));
        return g.add(y, g.reshape(embedding, b, Sam2Config.MEMORY_WIDTH, 1, 1));
    }

    private Value above(Value x) {
        return g.apply(new PointwiseOp.Cast(DType.F32),
                g.apply(new PointwiseOp.Compare(Relation.GREATER), x, g.constant(0f)));
    }

    /** (B, 1, S, S) to (B, 256, S/16, S/16), four times to half the size and four times the channels. */
    private Value downSample(Layers encoder, Value masks) {
        Value x = masks;
        for (int i = 0; i < 4; i++) {
            x = encoder.at(Integer.toString(3 * i)).conv2d(x, 4L << 2 * i, 3, Window2d.of().stride(2).pad(1));
            x = encoder.at(Integer.toString(3 * i + 1)).layerNorm(x, 1, Sam2Config.EPS);
            x = g.unary(Function.GELU_ERF, x); // (B, 4^(i+1), S/2^(i+1), S/2^(i+1))
        }
        return encoder.at("12").conv2d(x, Sam2Config.WIDTH, 1, Window2d.of());
    }

    /** A block of ConvNeXt (Liu et al. 2022): (B, 256, grid, grid) to the same. */
    private Value block(Layers b, Value x) {
        Value y = b.at("norm").layerNorm(b.at("dwconv").depthwise(x, 7, Window2d.of().pad(3)), 1, Sam2Config.EPS);
        Value tokens = b.at("pwconv1").linear(model.tokens(y), 4L * Sam2Config.WIDTH); // (B, grid², 1024)
        // What scales the results scales the weights as well.
        Value gamma = b.weight("gamma", Sam2Config.WIDTH);
        Layers last = b.at("pwconv2");
        Value weight = g.multiply(last.weight("weight", Sam2Config.WIDTH, 4L * Sam2Config.WIDTH),
                g.reshape(gamma, Sam2Config.WIDTH, 1));
        tokens = g.linear(g.unary(Function.GELU_ERF, tokens), weight, g.multiply(last.weight("bias", Sam2Config.WIDTH), gamma));
        return g.add(x, model.image(tokens, config.grid()));
    }

    /** Where an object isn't there, a fixed pointer stands for its own: both (B, 256), object logits (B, 1). */
    Value pointer(Value token, Value object) {
        int width = Sam2Config.WIDTH;
        Value own = model.at("obj_ptr_proj").mlp(token, width, width, 3);
        Value there = g.apply(new PointwiseOp.Compare(Relation.GREATER), object, g.constant(0f)); // (B, 1)
        Value none = g.apply(new MoveOp.Expand(Shape.of(token.type().shape().dim(0), width)),
                model.weight("no_obj_ptr", 1, width));
        return g.apply(new PointwiseOp.Where(), there, own, none);
    }
}
