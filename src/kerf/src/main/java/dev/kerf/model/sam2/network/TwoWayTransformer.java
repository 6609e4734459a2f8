package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.model.nn.Layers;

/**
 * Tokens and image attend to each other, as upstream's {@code modeling/sam/transformer.py}: two layers and a last look
 * of the tokens at the image.
 */
final class TwoWayTransformer {
    private static final int LAYERS = 2;
    private static final int HEADS = 8;
    private static final int HIDDEN = 2048;

    private final Layers p;
    private final GraphBuilder g;
    private final Value bias;

    /**
     * Both results.
     *
     * @param tokens (B, T, 256)
     * @param image  (B, grid², 256)
     */
    record Both(Value tokens, Value image) {}

    /** @param bias what is added to the scores of tokens as keys, (B, 1, 1, T) */
    TwoWayTransformer(Layers p, Value bias) {
        this.p = p;
        this.g = p.g();
        this.bias = bias;
    }

    /**
     * @param image     (B, grid², 256)
     * @param positions of the image, (1, grid², 256)
     * @param tokens    (B, T, 256), which are their own positions
     */
    Both forward(Value image, Value positions, Value tokens) {
        Value queries = tokens;
        Value keys = image;
        for (int i = 0; i < LAYERS; i++) {
            Layers layer = p.at("layers." + i);
            Value own = i == 0
                    ? attend(layer.at("self_attn"), queries, queries, queries, Sam2Config.WIDTH, bias)
                    : self(layer, queries, tokens);
            queries = layer.at("norm1").layerNorm(own, -1, Layers.EPS);
            Value k = g.add(keys, positions);
            Value seen = attend(layer.at("cross_attn_token_to_image"), g.add(queries, tokens), k, keys, 128, null);
            queries = layer.at("norm2").layerNorm(g.add(queries, seen), -1, Layers.EPS);
            Value made = layer.at("mlp").mlp(queries, HIDDEN, Sam2Config.WIDTH, 2);
            queries = layer.at("norm3").layerNorm(g.add(queries, made), -1, Layers.EPS);
            Value told = attend(layer.at("cross_attn_image_to_token"), k, g.add(queries, tokens), queries, 128, bias);
            keys = layer.at("norm4").layerNorm(g.add(keys, told), -1, Layers.EPS);
        }
        Value last = attend(p.at("final_attn_token_to_image"), g.add(queries, tokens), g.add(keys, positions), keys,
                128, null);
        return new Both(p.at("norm_final_attn").layerNorm(g.add(queries, last), -1, Layers.EPS), keys);
    }

    private Value self(Layers layer, Value queries, Value tokens) {
        Value q = g.add(queries, tokens);
        return g.add(queries, attend(layer.at("self_attn"), q, q, queries, Sam2Config.WIDTH, bias));
    }

    /** (B, Lq, 256) from queries (B, Lq, 256) and keys and values (B, Lk, 256), inside of the given width. */
    private Value attend(Layers a, Value q, Value k, Value v, int width, Value scores) {
        Value y = a.attention(a.at("q_proj").linear(q, width), a.at("k_proj").linear(k, width),
                a.at("v_proj").linear(v, width), HEADS, scores); // (B, Lq, width)
        return a.at("out_proj").linear(y, Sam2Config.WIDTH);
    }
}
