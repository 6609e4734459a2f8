package dev.kerf.model.sam2.network;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Resize;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Hiera (Ryali et al. 2023) with windowed position embeddings (Bolya et al. 2023), as upstream's
 * {@code modeling/backbones/hieradet.py}: four stages, each at half the size and twice the width of the one before.
 */
final class HieraTrunk implements Trunk {
    private final Layers p;
    private final GraphBuilder g;
    private final Sam2Config.Size size;

    HieraTrunk(Layers p, Sam2Config.Size size) {
        this.p = p;
        this.g = p.g();
        this.size = size;
    }

    @Override
    public List<Value> forward(Value x) {
        int side = x.type().shape().size(2) / 4;
        int dim = size.embedDim();
        Value positions = positions(dim, side); // (1, C, S/4, S/4)
        Value patches = p.at("patch_embed.proj").conv2d(x, dim, 7, Window2d.of().stride(4).pad(3));
        Value y = g.permute(g.add(patches, positions), 0, 2, 3, 1);
        y = g.reshape(y, side, side, dim); // (S/4, S/4, C)
        List<Value> levels = new ArrayList<>();
        int block = 0;
        int heads = size.heads();
        for (int stage = 0; stage < 4; stage++) {
            for (int i = 0; i < size.stages().get(stage); i++, block++) {
                boolean pools = stage > 0 && i == 0;
                if (pools) {
                    dim *= 2;
                    heads *= 2;
                }
                // The block that changes the stage still cuts windows of the stage before.
                int window = size.globalBlocks().contains(block) ? 0 : size.windows().get(pools ? stage - 1 : stage);
                try (var _ = g.scope("block" + block)) {
                    y = block(p.at("blocks." + block), y, dim, heads, window, pools);
                }
            }
            levels.add(y);
        }
        return levels;
    }

    /** One embedding stretched over the image, another repeated in each window. */
    private Value positions(int dim, int side) {
        int window = size.windows().getFirst();
        Value whole = g.apply(
                new Resize(side, side, Interpolation.BICUBIC, Sampling.HALF_PIXEL, false, 0, 0),
                p.weight("pos_embed", 1, dim, size.positions(), size.positions())); // (1, C, S/4, S/4)
        Value inWindow = g.reshape(p.weight("pos_embed_window", 1, dim, window, window), 1, dim, 1, window, 1, window);
        int n = side / window;
        Value tiled = g.apply(new MoveOp.Expand(Shape.of(1, dim, n, window, n, window)), inWindow);
        return g.add(whole, g.reshape(tiled, 1, dim, side, side));
    }

    /** x (H, W, C) to (H, W, dim), or (H/2, W/2, dim) if it pools. */
    private Value block(Layers b, Value x, int dim, int heads, int window, boolean pools) {
        long h = x.type().shape().dim(0);
        long w = x.type().shape().dim(1);
        Windows cut = new Windows(h, w, window == 0 ? h : window);
        // Upstream pads before the projection: a token of the padding is a key whose projection is the bias.
        Value normed = cut.padded(g, b.at("norm1").layerNorm(x, -1, Sam2Config.EPS));
        Projected p = pools ? pooled(b, normed, dim) : projected(b, normed, dim);
        Value seen = b.at("attn").attention(cut.cut(g, p.q, heads), cut.cut(g, p.k, heads), cut.cut(g, p.v, heads),
                null); // (windows, heads, out², dim / heads)
        Value joined = cut.joined(g, seen, pools ? cut.side() / 2 : cut.side());
        seen = Windows.cropped(g, joined, pools ? h / 2 : h, pools ? w / 2 : w, 1);
        Value shortcut = pools ? Windows.cropped(g, p.around, h / 2, w / 2, 2) : x;
        Value y = g.add(shortcut, b.at("attn.proj").linear(seen, dim));
        Value hidden = b.at("mlp.layers.0").linear(b.at("norm2").layerNorm(y, -1, Sam2Config.EPS), 4L * dim);
        return g.add(y, b.at("mlp.layers.1").linear(g.unary(Function.GELU_ERF, hidden), dim));
    }

    /**
     * What a block makes of its tokens (H, W, C).
     *
     * @param q      queries (H, W, dim), or (H/2, W/2, dim) where the block pools
     * @param k      keys (H, W, dim)
     * @param v      values (H, W, dim)
     * @param around where the block pools, what goes around the attention, in turn with the queries: (H/2, W, dim)
     */
    private record Projected(Value q, Value k, Value v, @Nullable Value around) {}

    private Projected projected(Layers b, Value x, int dim) {
        Value all = b.at("attn.qkv").linear(x, 3L * dim);
        return new Projected(part(all, 0, 3), part(all, 1, 3), part(all, 2, 3), null);
    }

    /** What is halved is one product, the rest another one. */
    private Projected pooled(Layers b, Value x, int dim) {
        Shape s = x.type().shape();
        Value weight = b.at("attn.qkv").weight("weight", 3L * dim, s.dim(2));
        Value bias = b.at("attn.qkv").weight("bias", 3L * dim);
        Value both = halve(g.linear(x, g.concat(0, b.at("proj").weight("weight", dim, s.dim(2)), g.slice(weight, 0, 0, dim)),
                g.concat(0, b.at("proj").weight("bias", dim), g.slice(bias, 0, 0, dim)))); // (H/2, W/2, 2 · dim)
        Value rest = g.linear(x, g.slice(weight, 0, dim, 3L * dim), g.slice(bias, 0, dim, 3L * dim));
        return new Projected(part(both, 1, 2), part(rest, 0, 2), part(rest, 1, 2),
                g.reshape(both, s.dim(0) / 2, s.dim(1), dim));
    }

    /** One of n parts of (H, W, n · dim): (H, W, dim). */
    private Value part(Value x, int i, int n) {
        Shape s = x.type().shape();
        long dim = s.dim(2) / n;
        return g.reshape(g.slice(g.reshape(x, s.dim(0), s.dim(1), n, dim), 2, i, i + 1), s.dim(0), s.dim(1), dim);
    }

    /** The largest of each 2×2 tokens: (H, W, C) to (H/2, W/2, C). */
    private Value halve(Value x) {
        Shape s = x.type().shape();
        long h = s.dim(0);
        long w = s.dim(1);
        if (h % 2 != 0 || w % 2 != 0) {
            throw new BadInputException(x + " can't be halved");
        }
        return g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(1, 3), false),
                g.reshape(x, h / 2, 2, w / 2, 2, s.dim(2)));
    }
}
