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
            Shape s = y.type().shape();
            levels.add(g.permute(g.reshape(y, 1, s.dim(0), s.dim(1), dim), 0, 3, 1, 2));
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
        Value normed = b.at("norm1").layerNorm(x, -1, Sam2Config.EPS);
        Value shortcut = x.type().shape().dim(2) == dim ? x : halve(b.at("proj").linear(normed, dim));
        Value seen = attention(b.at("attn"), normed, dim, heads, window, pools);
        Value y = g.add(shortcut, b.at("attn.proj").linear(seen, dim));
        Value hidden = b.at("mlp.layers.0").linear(b.at("norm2").layerNorm(y, -1, Sam2Config.EPS), 4L * dim);
        return g.add(y, b.at("mlp.layers.1").linear(g.unary(Function.GELU_ERF, hidden), dim));
    }

    /** x (H, W, C) to (H', W', dim) before the output projection; queries are pooled where the block pools. */
    private Value attention(Layers a, Value x, int dim, int heads, int window, boolean pools) {
        long h = x.type().shape().dim(0);
        long w = x.type().shape().dim(1);
        long side = window == 0 ? h : window;
        long rows = Math.ceilDiv(h, side);
        long columns = Math.ceilDiv(w, side);
        // Upstream pads before the projection: a token of the padding is a key whose projection is the bias.
        Value padded = pad(x, rows * side - h, columns * side - w);
        Value qkv = g.reshape(a.at("qkv").linear(padded, 3L * dim), rows * side, columns * side, 3, dim);
        Value q = part(qkv, 0);
        Value k = windows(part(qkv, 1), rows, columns, heads);
        Value v = windows(part(qkv, 2), rows, columns, heads); // (windows, heads, side², dim / heads)
        long out = pools ? side / 2 : side;
        Value y = a.attention(windows(pools ? halve(q) : q, rows, columns, heads), k, v, null); // (windows, heads, out², …)
        y = g.permute(g.reshape(y, rows, columns, heads, out, out, dim / heads), 0, 3, 1, 4, 2, 5);
        Value whole = g.reshape(y, rows * out, columns * out, dim);
        long fullH = pools ? h / 2 : h;
        long fullW = pools ? w / 2 : w;
        Value cropped = rows * out == fullH ? whole : g.slice(whole, 0, 0, fullH);
        return columns * out == fullW ? cropped : g.slice(cropped, 1, 0, fullW);
    }

    /** Queries, keys or values of (H, W, 3, dim): (H, W, dim). */
    private Value part(Value qkv, int i) {
        Shape s = qkv.type().shape();
        return g.reshape(g.slice(qkv, 2, i, i + 1), s.dim(0), s.dim(1), s.dim(3));
    }

    /** Tokens (rows · side, columns · side, dim) window by window: (rows · columns, heads, side², dim / heads). */
    private Value windows(Value x, long rows, long columns, int heads) {
        Shape s = x.type().shape();
        long high = s.dim(0) / rows;
        long wide = s.dim(1) / columns;
        long each = s.dim(2) / heads;
        Value cut = g.permute(g.reshape(x, rows, high, columns, wide, heads, each), 0, 2, 4, 1, 3, 5);
        return g.reshape(cut, rows * columns, heads, high * wide, each);
    }

    private Value pad(Value x, long down, long right) {
        if (down == 0 && right == 0) {
            return x;
        }
        return g.apply(new MoveOp.Pad(List.of(0L, 0L, 0L), List.of(down, right, 0L), MoveOp.PadMode.CONSTANT, 0), x);
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
