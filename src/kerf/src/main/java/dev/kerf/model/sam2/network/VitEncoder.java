package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Resize;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.HashMap;
import java.util.Map;

/**
 * The image encoder of SAM, the first: a ViT with windows and decomposed relative positions (Li et al. 2022, "Exploring Plain
 * Vision Transformer Backbones for Object Detection"), as upstream's {@code modeling/image_encoder.py}.
 *
 * <p>Upstream adds to the score of a query and a key what the query makes of their distance in rows, and in columns. Here
 * both are factors of the product that scores are anyway: behind a query stand its products with the embeddings of all rows
 * and columns, behind a key stands a one at its row and at its column. So the scores of all pairs, 4096 × 4096 for each head,
 * never exist; in a block that sees the whole image, queries and keys are three times as wide (64 + 128 channels of ViT-B and
 * ViT-L at 1024 pixels), which makes the attention twice as many operations: in the whole encoder 21 % more of ViT-B, 9 % of
 * ViT-L and 5 % of ViT-H.
 */
final class VitEncoder {
    private final Layers p;
    private final GraphBuilder g;
    private final SamConfig config;
    private final SamConfig.Size size;
    private final long depth;
    /** {@link #places} by the shape of keys: all blocks of a sort share them. */
    private final Map<Shape, Value> places = new HashMap<>();

    VitEncoder(Layers p, SamConfig config) {
        this.p = p;
        this.g = p.g();
        this.config = config;
        this.size = config.size();
        this.depth = size.width() / size.heads();
    }

    /** x (1, 3, S, S), normalised, to (1, 256, S/16, S/16). */
    Value forward(Value x) {
        int side = config.grid();
        int width = size.width();
        Value patches = p.at("patch_embed.proj").conv2d(x, width, SamConfig.PATCH, Window2d.of().stride(SamConfig.PATCH));
        Value y = g.reshape(g.permute(patches, 0, 2, 3, 1), side, side, width); // (S/16, S/16, C)
        y = g.add(y, positions());
        stage("patch_embed", y);
        for (int i = 0; i < size.depth(); i++) {
            try (var _ = g.scope("block" + i)) {
                y = block(p.at("blocks." + i), y, size.global(i));
            }
            stage("block" + i, y);
        }
        return neck(y);
    }

    private void stage(String name, Value x) {
        Shape s = x.type().shape();
        g.stage(name, g.reshape(x, 1, s.dim(0), s.dim(1), s.dim(2)));
    }

    /** (S/16, S/16, C). At another side than the checkpoint's they are stretched as ViTDet does; upstream refuses that. */
    private Value positions() {
        int trained = config.trained();
        int side = config.grid();
        Value own = p.weight("pos_embed", 1, trained, trained, size.width());
        if (trained == side) {
            return g.reshape(own, side, side, size.width());
        }
        Value planes = g.apply(new Resize(side, side, Interpolation.BICUBIC, Sampling.HALF_PIXEL, false, 0, 0),
                g.permute(own, 0, 3, 1, 2));
        return g.reshape(g.permute(planes, 0, 2, 3, 1), side, side, size.width());
    }

    /** x (H, W, C) to the same. */
    private Value block(Layers b, Value x, boolean global) {
        long h = x.type().shape().dim(0);
        long w = x.type().shape().dim(1);
        int width = size.width();
        Windows cut = new Windows(h, w, global ? h : SamConfig.WINDOW);
        // Upstream pads before the projection: a token of the padding is a key whose projection is the bias.
        Value normed = cut.padded(g, b.at("norm1").layerNorm(x, -1, Sam2Config.EPS));
        Layers a = b.at("attn");
        Value all = a.at("qkv").linear(normed, 3L * width);
        Value q = cut.cut(g, g.slice(all, 2, 0, width), size.heads()); // (windows, heads, side², depth)
        Value k = cut.cut(g, g.slice(all, 2, width, 2L * width), size.heads());
        Value v = cut.cut(g, g.slice(all, 2, 2L * width, 3L * width), size.heads());
        int table = global ? config.trained() : SamConfig.WINDOW;
        Value rows = distances(q, cut.side(), embeddings(a, "rel_pos_h", table, cut.side()), true);
        Value columns = distances(q, cut.side(), embeddings(a, "rel_pos_w", table, cut.side()), false);
        Value seen = g.apply(new MatrixOp.Attention((float) (1 / Math.sqrt(depth)), false), g.concat(3, q, rows, columns),
                g.concat(3, k, places.computeIfAbsent(k.type().shape(), this::places)), v);
        Value joined = Windows.cropped(g, cut.joined(g, seen, cut.side()), h, w, 1);
        Value y = g.add(x, a.at("proj").linear(joined, width));
        Value hidden = b.at("mlp.lin1").linear(b.at("norm2").layerNorm(y, -1, Sam2Config.EPS), 4L * width);
        return g.add(y, b.at("mlp.lin2").linear(g.unary(Function.GELU_ERF, hidden), width));
    }

    /** For each place of a query along a side, the embeddings of its distance to each place of a key: (side, side, depth). */
    private Value embeddings(Layers attention, String name, int trained, long side) {
        long distances = 2 * side - 1;
        Value table = attention.weight(name, 2L * trained - 1, depth);
        if (trained != side) {
            Value row = g.reshape(g.permute(table, 1, 0), 1, depth, 1, 2L * trained - 1);
            row = g.bilinear(row, 1, Math.toIntExact(distances), Sampling.HALF_PIXEL);
            table = g.permute(g.reshape(row, depth, distances), 1, 0);
        }
        int n = Math.toIntExact(side);
        int[] at = new int[n * n];
        for (int query = 0; query < n; query++) {
            for (int key = 0; key < n; key++) {
                at[query * n + key] = query - key + n - 1;
            }
        }
        return g.apply(new MoveOp.Gather(), table, g.constant(HostTensor.of(Shape.of(n, n), at)));
    }

    /** What queries (windows, heads, side², depth) make of their distances in rows, or in columns: (windows, heads, side², side). */
    private Value distances(Value q, long side, Value embeddings, boolean rows) {
        Shape s = q.type().shape();
        long items = s.dim(0) * s.dim(1);
        Value placed = g.reshape(q, items, side, side, depth);
        // Queries of one row, or column, have one factor: (side, items · side, depth).
        Value sorted = g.reshape(rows ? g.permute(placed, 1, 0, 2, 3) : g.permute(placed, 2, 0, 1, 3), side, items * side,
                depth);
        Value y = g.apply(new MatrixOp.MatMul(false, true, 1, Activation.NONE, false, false), sorted, embeddings);
        Value back = g.reshape(y, side, items, side, side);
        return g.reshape(rows ? g.permute(back, 1, 0, 2, 3) : g.permute(back, 1, 2, 0, 3), s.dim(0), s.dim(1), side * side,
                side);
    }

    /** For keys of a shape (windows, heads, side², depth) a one at the row and at the column of each, times what the attention divides by. */
    private Value places(Shape s) {
        int tokens = s.size(2);
        int side = (int) Math.round(Math.sqrt(tokens));
        float[] ones = new float[tokens * 2 * side];
        float one = (float) Math.sqrt(depth);
        for (int t = 0; t < tokens; t++) {
            ones[t * 2 * side + t / side] = one;
            ones[t * 2 * side + side + t % side] = one;
        }
        Value each = g.constant(HostTensor.of(Shape.of(1, 1, tokens, 2L * side), ones));
        return g.apply(new MoveOp.Expand(Shape.of(s.dim(0), s.dim(1), tokens, 2L * side)), each);
    }

    /** (H, W, C) to (1, 256, H, W). */
    private Value neck(Value x) {
        int width = Sam2Config.WIDTH;
        Layers n = p.at("neck");
        Value y = g.linear(x, g.reshape(n.at("0").weight("weight", width, size.width(), 1, 1), width, size.width()), null);
        y = n.at("1").layerNorm(y, -1, Sam2Config.EPS); // (H, W, 256)
        Value planes = g.reshape(g.permute(y, 2, 0, 1), 1, width, config.grid(), config.grid());
        Value near = n.at("2").unbiasedConv2d(planes, width, 3, Window2d.of().pad(1));
        return n.at("3").layerNorm(near, 1, Sam2Config.EPS);
    }
}
