package dev.kerf.model.sam2.network;

import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.TensorType;
import dev.kerf.model.nn.Layers;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import dev.kerf.weights.Weights.TensorInfo;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Prompts answered, as graphs that SAM, the first, and SAM 2 share: an image's features are computed once, each prompt costs
 * these alone.
 *
 * <pre>{@code
 * Graph decoder = PromptGraphs.decoder(config.prompts(), new DecoderRequest(1, 2, false, true));
 * }</pre>
 */
public final class PromptGraphs {
    /** Logit of a hole that was filled. */
    private static final float FILLED = 0.1f;

    private PromptGraphs() {}

    /**
     * What a decoder is made for.
     *
     * @param batch     prompts answered at once
     * @param points    room for points in each of them, corners of boxes and the padding included
     * @param mask      whether each comes with mask logits
     * @param multimask whether three masks are wanted; one otherwise
     */
    public record DecoderRequest(int batch, int points, boolean mask, boolean multimask) {
        /** Checks the extents. */
        public DecoderRequest {
            if (batch < 1 || points < 1) {
                throw new BadInputException(batch + " prompts of " + points + " points");
            }
        }
    }

    /**
     * Prompt encoder and mask decoder for an image that has no memory: inputs are the image encoder's outputs, {@code
     * points} (B, P, 2) in 0 … 1, {@code labels} (B, P) int32 (1 foreground, 0 background, 2 and 3 the corners of a
     * box, −1 the padding that ends a list, −2 for unused room) and, if asked for, {@code mask_input} (B, 1, S/4,
     * S/4). Outputs {@code low_res_masks} (B, M, S/4, S/4), {@code iou_predictions} (B, M) and, of SAM 2, {@code
     * object_score_logits} (B, 1), M being 3 or 1.
     */
    public static Graph decoder(PromptConfig config, DecoderRequest request) {
        GraphBuilder g = new GraphBuilder();
        var prompted = prompt(g, config, request, features(g, config, "image_embeddings"));
        MaskDecoder decoder = prompted.decoder();
        MaskDecoder.Masks m = prompted.masks();
        Value masks = m.masks();
        Value ious = m.ious();
        if (!request.multimask()) {
            Value which = decoder.one(m);
            masks = decoder.pick(m.masks(), which);
            ious = decoder.pick(m.ious(), which);
        }
        g.output("low_res_masks", g.stage("low_res_masks", masks));
        g.output("iou_predictions", g.stage("iou_predictions", ious));
        if (m.object() != null) {
            g.output("object_score_logits", g.stage("object_score_logits", m.object()));
        }
        return g.build();
    }

    /**
     * Masks of the network's size brought to an image's: input {@code low_res_masks} (B, M, S/4, S/4), outputs {@code
     * logits} (B · M, 1, height, width), bilinear, and {@code masks}, U8, 1 where a logit is above 0. If holes are filled
     * first, there is {@code filled_masks} (B, M, S/4, S/4) too. {@link FiniteCheck}'s output says of each of the B whether
     * its masks are numbers.
     *
     * <p>Where a picture keeps its proportions, masks are first brought to the square that the network sees and cut to what
     * the picture fills of it, as upstream does.
     *
     * @param batch    B
     * @param masks    M
     * @param holeArea pixels of the largest holes that are filled; 0 for none
     */
    public static Graph upscale(PromptConfig config, int batch, int masks, int height, int width, int holeArea) {
        GraphBuilder g = new GraphBuilder();
        int side = config.maskSize();
        Value low = g.input("low_res_masks", TensorType.f32(batch, masks, side, side));
        FiniteCheck check = new FiniteCheck(g);
        check.add(low);
        check.record();
        Value one = g.reshape(low, (long) batch * masks, 1, side, side);
        if (holeArea > 0) {
            one = filled(g, one, holeArea);
            g.output("filled_masks", g.reshape(one, batch, masks, side, side));
        }
        Value logits = g.output("logits", sized(g, config, one, height, width));
        g.output("masks", g.apply(new PointwiseOp.Compare(PointwiseOp.Relation.GREATER), logits, g.constant(0f)));
        return g.build();
    }

    /** {@link #upscale} of one mask, of which nothing is wanted but its pixels: output {@code masks} alone, and FiniteCheck's. */
    public static Graph pixels(PromptConfig config, int height, int width) {
        GraphBuilder g = new GraphBuilder();
        int side = config.maskSize();
        Value low = g.input("low_res_masks", TensorType.f32(1, 1, side, side));
        FiniteCheck check = new FiniteCheck(g);
        check.add(low);
        check.record();
        g.output("masks", g.apply(new PointwiseOp.Compare(PointwiseOp.Relation.GREATER), sized(g, config, low, height, width),
                g.constant(0f)));
        return g.build();
    }

    private static Value sized(GraphBuilder g, PromptConfig config, Value low, int height, int width) {
        if (config.second()) {
            return g.bilinear(low, height, width, Sampling.HALF_PIXEL);
        }
        int side = config.imageSize();
        int rows = config.seen(height, width);
        int columns = config.seen(width, height);
        Value square = g.bilinear(low, side, side, Sampling.HALF_PIXEL); // (B · M, 1, S, S)
        Value high = rows == side ? square : g.slice(square, 2, 0, rows);
        Value seen = columns == side ? high : g.slice(high, 3, 0, columns);
        return rows == height && columns == width ? seen : g.bilinear(seen, height, width, Sampling.HALF_PIXEL);
    }

    /** Upstream's {@code fill_holes_in_mask_scores}: logits (N, 1, H, W), small regions of those not above 0 raised to 0.1. */
    private static Value filled(GraphBuilder g, Value logits, int most) {
        Shape s = logits.type().shape();
        Value outside = g.apply(new PointwiseOp.Compare(PointwiseOp.Relation.LESS_OR_EQUAL), logits, g.constant(0f));
        List<Value> regions = g.add(
                new MeasureOp.Components(8), g.reshape(outside, s.dim(0), s.dim(2), s.dim(3)));
        Value areas = regions.get(1); // (N, R)
        int labels = areas.type().shape().size(1);
        int[] first = IntStream.range(0, s.size(0)).map(i -> i * labels).toArray();
        Value row = g.add(regions.get(0), g.constant(HostTensor.of(Shape.of(first.length, 1, 1), first)));
        Value area = g.apply(new MoveOp.Gather(), g.reshape(areas, areas.type().shape().elements()), row); // (N, H, W)
        Value small = g.apply(new PointwiseOp.Compare(PointwiseOp.Relation.LESS_OR_EQUAL), g.reshape(area, s.dims()),
                g.constant(HostTensor.of(Shape.of(), new int[] {most})));
        Value raised = g.apply(new PointwiseOp.Where(), outside, g.constant(FILLED), logits);
        return g.apply(new PointwiseOp.Where(), small, raised, logits);
    }

    /** The tensors that a graph reads. */
    static Stream<WeightExpr.Tensor> tensors(Graph graph) {
        return graph.weights().stream()
                .map(w -> (WeightExpr.Tensor) (w instanceof WeightExpr.FourierGrid f ? f.matrix() : w));
    }

    /**
     * Checks all of a checkpoint's tensors.
     *
     * @param model     what it is called
     * @param tensors   that some part of it reads
     * @param notNeeded names of those that none reads
     * @throws BadWeightsException naming a tensor that is missing, misshapen, or neither used nor known as not needed
     */
    static void requireFits(String model, List<WeightExpr.Tensor> tensors, List<String> notNeeded, Weights weights) {
        for (WeightExpr.Tensor t : tensors) {
            Optional<TensorInfo> found = weights.find(t.name());
            if (found.isEmpty() || !found.get().shape().equals(t.shape())) {
                throw new BadWeightsException(weights.source() + ": " + model + " needs tensor '" + t.name() + "' of shape "
                        + t.shape() + "; the file has "
                        + found.map(i -> "it of shape " + i.shape()).orElse("none of that name"));
            }
        }
        weights.requireAllUsed(tensors.stream().map(WeightExpr.Tensor::name).toList(), notNeeded);
    }

    /** Inputs that take the image encoder's outputs. */
    static ImageEncoder.Features features(GraphBuilder g, PromptConfig config, String embeddings) {
        int grid = config.grid();
        Value coarse = g.input(embeddings, TensorType.f32(1, Sam2Config.WIDTH, grid, grid));
        if (!config.second()) {
            return new ImageEncoder.Features(coarse, null, null);
        }
        return new ImageEncoder.Features(coarse,
                g.input("high_res_features_0", TensorType.f32(1, 32, 4L * grid, 4L * grid)),
                g.input("high_res_features_1", TensorType.f32(1, 64, 2L * grid, 2L * grid)));
    }

    /** A decoder and what it made of prompts. */
    record Prompted(MaskDecoder decoder, MaskDecoder.Masks masks) {}

    /** Prompts as inputs, encoded and decoded. */
    static Prompted prompt(GraphBuilder g, PromptConfig config, DecoderRequest r, ImageEncoder.Features features) {
        Value points = g.input("points", TensorType.f32(r.batch(), r.points(), 2));
        Value labels = g.input("labels", TensorType.of(DType.I32, r.batch(), r.points()));
        int side = config.maskSize();
        Value mask = r.mask() ? g.input("mask_input", TensorType.f32(r.batch(), 1, side, side)) : null;
        return prompt(g, config, points, labels, mask, features, r.multimask());
    }

    /** Prompts encoded and decoded, among them a mask if one is given. */
    static Prompted prompt(GraphBuilder g, PromptConfig config, Value points, Value labels, @Nullable Value mask,
            ImageEncoder.Features features, boolean multimask) {
        Layers model = Layers.of(g);
        PromptEncoder encoder = new PromptEncoder(model, config);
        Value dense = mask == null ? encoder.noMask() : encoder.masks(mask);
        Value rows = encoder.rows(labels);
        Value sparse = g.stage("sparse_prompt_embeddings", encoder.points(points, labels, rows));
        Value positions = encoder.image();
        g.stage("image_pe", model.image(positions, config.grid()));
        long b = labels.type().shape().dim(0);
        g.stage("dense_prompt_embeddings", mask != null
                ? dense
                : g.apply(new MoveOp.Expand(Shape.of(b, Sam2Config.WIDTH, config.grid(), config.grid())), dense));
        MaskDecoder decoder = new MaskDecoder(model, config, multimask);
        return new Prompted(decoder, decoder.forward(features, positions, sparse, encoder.bias(rows), dense));
    }
}
