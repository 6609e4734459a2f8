package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Masks, their qualities and whether the thing is there at all, as upstream's {@code modeling/sam/mask_decoder.py}. Of
 * the four masks the first answers prompts that leave no doubt, the other three those that do.
 */
public final class MaskDecoder {
    /** Masks that are made each time. */
    public static final int MASKS = 4;

    private final Layers p;
    private final GraphBuilder g;
    private final PromptConfig config;
    private final int first;
    private final int quality;

    /**
     * All results, M being 3 or 4.
     *
     * @param masks  logits (B, M, 4 · grid, 4 · grid)
     * @param ious   predicted IoU of each mask, (B, M); of SAM 2 in 0 … 1
     * @param tokens of each mask, (B, M, 256)
     * @param object logit of the thing being in the image, (B, 1); null where nothing says so
     */
    record Masks(Value masks, Value ious, Value tokens, @Nullable Value object) {}

    /** @param multimask whether only the three masks for prompts that leave doubt are wanted, not all four */
    MaskDecoder(Layers model, PromptConfig config, boolean multimask) {
        this.p = model.at(config.family().maskDecoder());
        this.g = model.g();
        this.config = config;
        this.first = multimask ? 1 : 0;
        this.quality = config.second() ? 1 : 0;
    }

    /**
     * @param features   of the image; embeddings (B, 256, grid, grid) with what memory or its absence adds
     * @param positions  of the image, (1, grid², 256)
     * @param sparse     embeddings of points, (B, P, 256)
     * @param sparseBias −∞ for absent points, (B, 1, 1, P)
     * @param dense      embeddings of a mask, (B or 1, 256, grid or 1, grid or 1)
     */
    Masks forward(ImageEncoder.Features features, Value positions, Value sparse, Value sparseBias, Value dense) {
        long b = sparse.type().shape().dim(0);
        int width = Sam2Config.WIDTH;
        List<Value> made = new ArrayList<>();
        List<Layers> heads = new ArrayList<>();
        if (config.second()) {
            made.add(p.at("obj_score_token").weight("weight", 1, width));
            heads.add(p.at("pred_obj_score_head"));
        }
        made.add(p.at("iou_token").weight("weight", 1, width));
        heads.add(p.at("iou_prediction_head"));
        made.add(p.at("mask_tokens").weight("weight", MASKS, width));
        IntStream.range(0, MASKS).forEach(i -> heads.add(p.at("output_hypernetworks_mlps." + i)));
        int n = heads.size(); // T: 6, or 5 where nothing says whether the thing is there
        Value own = g.reshape(g.concat(0, made.toArray(Value[]::new)), 1, n, width);
        Value tokens = g.concat(1, expand(own, b, n, width), sparse); // (B, T + P, 256)
        Value bias = g.concat(3, g.constant(HostTensor.zeros(DType.F32, Shape.of(b, 1, 1, n))), sparseBias);
        Value image = g.add(features.embeddings(), dense);
        if (image.type().shape().dim(0) != b) {
            image = expand(image, b, width, config.grid(), config.grid());
        }
        var both = new TwoWayTransformer(p.at("transformer"), bias, config.family()).forward(p.tokens(image), positions,
                tokens);
        Value hidden = both.tokens(); // (B, T + P, 256)
        Value up = upscale(p.image(both.image(), config.grid()), features); // (B, 32, 4 · grid, 4 · grid)
        int side = config.maskSize();
        Value h = g.reshape(g.slice(hidden, 1, 0, n), b, n, 1, width);
        h = g.relu(stacked(h, heads, "layers.0", width));
        h = g.relu(stacked(h, heads, "layers.1", width)); // (B, T, 1, 256): a token for each of the heads
        int from = quality + 1 + first;
        Value weights = stacked(g.slice(h, 1, from, n), heads.subList(from, n), "layers.2", 32);
        long m = MASKS - first;
        Value masks = g.matMul(g.reshape(weights, b, m, 32), g.reshape(up, b, 32, (long) side * side)); // (B, M, side²)
        Layers last = heads.get(quality).at("layers.2");
        Value ious = g.linear(token(h, quality), g.slice(last.weight("weight", MASKS, width), 0, first, MASKS),
                g.slice(last.weight("bias", MASKS), 0, first, MASKS));
        Value object = config.second() ? heads.getFirst().at("layers.2").linear(token(h, 0), 1) : null;
        return new Masks(g.reshape(masks, b, m, side, side),
                config.second() ? g.unary(Function.SIGMOID, ious) : ious, g.slice(hidden, 1, from, n), object);
    }

    /** (B, 256, grid, grid) to (B, 32, 4 · grid, 4 · grid), with the finer levels of the image added where there are any. */
    private Value upscale(Value x, ImageEncoder.Features features) {
        Layers u = p.at("output_upscaling");
        Value medium = u.at("1").layerNorm(with(u.at("0").twice(x, 64), features.medium()), 1, Sam2Config.EPS);
        Value fine = u.at("3").twice(g.unary(Function.GELU_ERF, medium), 32);
        return g.unary(Function.GELU_ERF, with(fine, features.fine()));
    }

    private Value with(Value x, @Nullable Value level) {
        return level == null ? x : g.add(x, level);
    }

    /** Linear layers of one name below several modules, each of its own token: (B, n, 1, C) to (B, n, 1, out). */
    private Value stacked(Value x, List<Layers> modules, String name, long out) {
        Shape s = x.type().shape();
        long n = modules.size();
        Value weight = g.reshape(g.concat(0, modules.stream()
                .map(m -> m.at(name).weight("weight", out, s.dim(3))).toArray(Value[]::new)), n, out, s.dim(3));
        Value bias = g.reshape(g.concat(0, modules.stream()
                .map(m -> m.at(name).weight("bias", out)).toArray(Value[]::new)), 1, n, 1, out);
        return g.add(g.linear(x, weight, null), expand(bias, s.dim(0), n, 1, out));
    }

    private Value token(Value hidden, int i) {
        Shape s = hidden.type().shape();
        return g.reshape(g.slice(hidden, 1, i, i + 1), s.dim(0), s.dim(-1));
    }

    private Value expand(Value x, long... dims) {
        Shape to = Shape.of(dims);
        return x.type().shape().equals(to) ? x : g.apply(new MoveOp.Expand(to), x);
    }

    /** The place of the best by predicted IoU, the first of four left out: (B) int32. */
    private Value best(Masks m) {
        Value ious = first == 1 ? m.ious() : g.slice(m.ious(), 1, 1, MASKS);
        Value i = g.apply(new ReduceOp.ArgMax(1, DType.I32), ious);
        return first == 1 ? i : g.add(i, integers(1, 1));
    }

    /**
     * Which mask answers a prompt for one: its place, (B) int32. Of three the best; of four the first, or with dynamic
     * multimask the best of the others where the first isn't stable, which is when its area at +δ is less than a certain part
     * of that at −δ.
     */
    Value one(Masks m) {
        int b = m.ious().type().shape().size(0);
        if (first == 1) {
            return best(m);
        }
        if (!config.dynamicMultimask()) {
            return integers(b, 0);
        }
        Value first = g.slice(m.masks(), 1, 0, 1); // (B, 1, side, side)
        Value inner = area(first, Sam2Config.STABILITY_DELTA);
        Value outer = area(first, -Sam2Config.STABILITY_DELTA); // (B)
        // inner / outer ≥ threshold, and true where both are empty.
        Value ratio = g.binary(Arithmetic.DIVIDE, inner, g.binary(Arithmetic.MAX, outer, g.constant(1f)));
        Value empty = g.apply(new PointwiseOp.Compare(Relation.EQUAL), outer, g.constant(0f));
        Value stability = g.apply(new PointwiseOp.Where(), empty, g.constant(1f), ratio);
        Value stable = g.apply(new PointwiseOp.Compare(Relation.GREATER_OR_EQUAL), stability,
                g.constant(Sam2Config.STABILITY_THRESHOLD));
        return g.apply(new PointwiseOp.Where(), stable, integers(b, 0), best(m));
    }

    private Value area(Value logits, float threshold) {
        Value inside = g.apply(new PointwiseOp.Compare(Relation.GREATER), logits, g.constant(threshold));
        Value ones = g.apply(new PointwiseOp.Cast(DType.F32), inside);
        return g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.SUM, List.of(1, 2, 3), false), ones);
    }

    /** Row {@code which} (B) of each item of x (B, M, …): (B, 1, …). */
    Value pick(Value x, Value which) {
        Shape s = x.type().shape();
        int b = s.size(0);
        int[] starts = IntStream.range(0, b).map(i -> i * s.size(1)).toArray();
        Value rows = g.reshape(x, b * s.dim(1), s.product(2, s.rank()));
        Value picked = g.apply(new MoveOp.Gather(), rows, g.add(which, g.constant(HostTensor.of(Shape.of(b), starts))));
        return g.reshape(picked, s.with(1, 1).dims());
    }

    private Value integers(int n, int value) {
        int[] v = new int[n];
        java.util.Arrays.fill(v, value);
        return g.constant(HostTensor.of(Shape.of(n), v));
    }
}
