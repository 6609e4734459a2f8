package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * EdgeTAM's memory of a frame in few tokens (Zhou et al. 2025, "EdgeTAM: On-Device Track Anything Model"), as upstream's
 * {@code modeling/perceiver.py}: {@value #LATENTS} learnt tokens look at all of the memory, {@value #LATENTS} more each at a
 * window of its own, in the same two layers.
 */
final class Perceiver {
    /** Tokens of either sort. */
    static final int LATENTS = 256;
    /** Side of the grid of windows, and of the tokens that have a place. */
    static final int SIDE = 16;
    private static final int LAYERS = 2;
    private static final int WIDTH = Sam2Config.MEMORY_WIDTH;

    private final Layers p;
    private final GraphBuilder g;

    Perceiver(Layers p) {
        this.p = p;
        this.g = p.g();
    }

    /** A memory (B, 64, grid, grid), grid a multiple of 16, to (B, 512, 64): tokens without a place, then those with one. */
    Value forward(Value memory) {
        long b = memory.type().shape().dim(0);
        int grid = memory.type().shape().size(2);
        Value tokens = p.tokens(memory); // (B, grid², 64)
        Value place = p.tokens(g.constant(Positions.sine2d(WIDTH, grid))); // (1, grid², 64)
        Value latents = expand(g.reshape(p.weight("latents", LATENTS, WIDTH), 1, LATENTS, WIDTH), b, LATENTS);
        Value whole = layers(latents, tokens, place); // (B, 256, 64)
        long each = grid / SIDE;
        Value windows = g.permute(g.reshape(tokens, b, SIDE, each, SIDE, each, WIDTH), 0, 1, 3, 2, 4, 5);
        windows = g.reshape(windows, b * LATENTS, each * each, WIDTH);
        Value placed = g.reshape(expand(g.reshape(p.weight("latents_2d", LATENTS, WIDTH), 1, LATENTS, WIDTH), b, LATENTS),
                b * LATENTS, 1, WIDTH);
        Value local = g.reshape(layers(placed, windows, null), b, LATENTS, WIDTH);
        return p.at("norm").layerNorm(g.concat(1, whole, local), -1, Layers.EPS);
    }

    /** Where these tokens are: (1, 512, 64), zero of those without a place. */
    static HostTensor positions() {
        HostTensor out = HostTensor.zeros(DType.F32, Shape.of(1, 2L * LATENTS, WIDTH));
        HostTensor planes = Positions.sine2d(WIDTH, SIDE);
        for (long t = 0; t < LATENTS; t++) {
            for (long c = 0; c < WIDTH; c++) {
                out.setDouble((LATENTS + t) * WIDTH + c, planes.getDouble(c * LATENTS + t));
            }
        }
        return out;
    }

    /** Latents (B, L, 64) that look at tokens (B, N, 64) in turn with each other. */
    private Value layers(Value latents, Value tokens, @Nullable Value place) {
        Value y = latents;
        for (int i = 0; i < LAYERS; i++) {
            Layers layer = p.at("layers." + i);
            Layers look = layer.at("attn");
            Value q = look.at("norm_latents").layerNorm(y, -1, Layers.EPS);
            y = g.add(y, attended(look, q, look.at("norm_x").layerNorm(tokens, -1, Layers.EPS), place));
            y = g.add(y, widened(layer.at("ff"), y));
            Layers own = layer.at("self_attn");
            Value normed = own.at("norm").layerNorm(y, -1, Layers.EPS);
            y = g.add(y, attended(own, normed, normed, null));
            y = g.add(y, widened(layer.at("self_ff"), y));
        }
        return y;
    }

    /** Attention of one head. Places are added to keys, and to values too. */
    private Value attended(Layers a, Value x, Value memory, @Nullable Value place) {
        Value q = linear(a.at("to_q"), x, WIDTH);
        Value both = linear(a.at("to_kv"), memory, 2L * WIDTH);
        Value k = g.slice(both, 2, 0, WIDTH);
        Value v = g.slice(both, 2, WIDTH, 2L * WIDTH);
        Value y = a.attention(q, place == null ? k : g.add(k, place), place == null ? v : g.add(v, place), 1, null);
        return linear(a.at("to_out"), y, WIDTH);
    }

    private Value widened(Layers ff, Value x) {
        Value hidden = linear(ff.at("1"), ff.at("0").layerNorm(x, -1, Layers.EPS), 4L * WIDTH);
        return linear(ff.at("3"), g.unary(Function.GELU_ERF, hidden), WIDTH);
    }

    private Value linear(Layers layer, Value x, long out) {
        return g.linear(x, layer.weight("weight", out, x.type().shape().dim(-1)), null);
    }

    private Value expand(Value x, long b, long rows) {
        return b == 1 ? x : g.apply(new MoveOp.Expand(Shape.of(b, rows, WIDTH)), x);
    }
}
