package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.Shape;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

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
    private final PromptConfig.Family family;

    /**
     * Both results.
     *
     * @param tokens (B, T, 256)
     * @param image  (B, grid², 256)
     */
    record Both(Value tokens, Value image) {}

    /** @param bias what is added to the scores of tokens as keys, (B, 1, 1, T) */
    TwoWayTransformer(Layers p, Value bias, PromptConfig.Family family) {
        this.family = family;
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
        Value placed = tokens; // queries with their positions
        Value keys = image;
        for (int i = 0; i < LAYERS; i++) {
            Layers layer = p.at("layers." + i);
            Value own = self(layer.at("self_attn"), queries, placed);
            queries = layer.at("norm1").layerNorm(own, -1, Layers.EPS);
            Value k = g.add(keys, positions);
            Layers look = layer.at("cross_attn_token_to_image");
            Value seen = attend(look, look.at("q_proj").linear(g.add(queries, tokens), 128), look.at("k_proj").linear(k, 128),
                    look.at("v_proj").linear(keys, 128), null);
            queries = layer.at("norm2").layerNorm(g.add(queries, seen), -1, Layers.EPS);
            Value hidden = g.relu(layer.at("mlp").at(family.hidden()).linear(queries, HIDDEN));
            Value made = layer.at("mlp").at(family.out()).linear(hidden, Sam2Config.WIDTH);
            queries = layer.at("norm3").layerNorm(g.add(queries, made), -1, Layers.EPS);
            placed = g.add(queries, tokens);
            Layers tell = layer.at("cross_attn_image_to_token");
            List<Value> heard = each(tell, 128, List.of("k_proj", "v_proj"), List.of(placed, queries));
            Value told = attend(tell, tell.at("q_proj").linear(k, 128), heard.get(0), heard.get(1), bias);
            keys = layer.at("norm4").layerNorm(g.add(keys, told), -1, Layers.EPS);
        }
        Layers end = p.at("final_attn_token_to_image");
        Value last = attend(end, end.at("q_proj").linear(placed, 128),
                end.at("k_proj").linear(g.add(keys, positions), 128), end.at("v_proj").linear(keys, 128), null);
        return new Both(p.at("norm_final_attn").layerNorm(g.add(queries, last), -1, Layers.EPS), keys);
    }

    /** Queries (B, T, 256) and what they see of each other; in the first layer they are their own positions, and nothing is added. */
    private Value self(Layers a, Value queries, Value placed) {
        int width = Sam2Config.WIDTH;
        if (placed == queries) {
            List<Value> all = a.linears(queries, width, "q_proj", "k_proj", "v_proj");
            return attend(a, all.get(0), all.get(1), all.get(2), bias);
        }
        List<Value> both = a.linears(placed, width, "q_proj", "k_proj");
        return g.add(queries, attend(a, both.get(0), both.get(1), a.at("v_proj").linear(queries, width), bias));
    }

    /** Linear layers, each of an x (B, T, in) of its own, as one product: (B, T, out) of each. */
    private List<Value> each(Layers a, long out, List<String> names, List<Value> x) {
        Shape s = x.getFirst().type().shape();
        int n = names.size();
        long rows = s.dim(0) * s.dim(1);
        Value weight = g.concat(0,
                names.stream().map(name -> a.at(name).weight("weight", out, s.dim(2))).toArray(Value[]::new));
        Value bias = g.concat(0, names.stream().map(name -> a.at(name).weight("bias", out)).toArray(Value[]::new));
        Value y = g.add(g.linear(g.reshape(g.concat(0, x.toArray(Value[]::new)), n, rows, s.dim(2)),
                g.reshape(weight, n, out, s.dim(2)), null),
                g.apply(new MoveOp.Expand(Shape.of(n, rows, out)), g.reshape(bias, n, 1, out)));
        return IntStream.range(0, n).mapToObj(i -> g.reshape(g.slice(y, 0, i, i + 1), s.dim(0), s.dim(1), out)).toList();
    }

    /** (B, Lq, 256) from projected queries (B, Lq, width), keys and values (B, Lk, width). */
    private Value attend(Layers a, Value q, Value k, Value v, @Nullable Value scores) {
        return a.at("out_proj").linear(a.attention(q, k, v, HEADS, scores), Sam2Config.WIDTH);
    }
}
