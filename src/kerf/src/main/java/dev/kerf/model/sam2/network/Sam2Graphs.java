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
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.nn.Layers;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import dev.kerf.weights.Weights.TensorInfo;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The parts of SAM 2 as graphs: an image's features are computed once, each prompt costs the decoder alone.
 *
 * <pre>{@code
 * Graph encoder = Sam2Graphs.image(config, 1024, 1024);
 * Graph decoder = Sam2Graphs.decoder(config, new DecoderRequest(1, 2, false, true));
 * }</pre>
 */
public final class Sam2Graphs {
    /** Of red, green and blue in 0 … 1. */
    public static final List<Double> MEAN = List.of(0.485, 0.456, 0.406);
    /** Their deviations. */
    public static final List<Double> STD = List.of(0.229, 0.224, 0.225);

    /** Logit of a hole that was filled. */
    private static final float FILLED = 0.1f;

    private Sam2Graphs() {}

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
     * The image encoder: input {@code image}, U8 (1, height, width, 3) RGB; outputs {@code vision_features} (1, 256,
     * S/16, S/16), which memories are made of and added to, {@code image_embeddings} (the same with what stands for
     * memory where there is none), {@code high_res_features_0} (1, 32, S/4, S/4) and {@code high_res_features_1} (1,
     * 64, S/8, S/8). The image is resized to S × S (bilinear, antialiased) and normalised as upstream's image
     * predictor does.
     */
    public static Graph image(Sam2Config config, int height, int width) {
        GraphBuilder g = new GraphBuilder();
        encode(g, config, new Picture.Form(width, height, PixelFormat.RGB8), false).forEach(g::output);
        return g.build();
    }

    /**
     * The image encoder with states in place of outputs, so that what it makes outlives the next image.
     *
     * @param video whether frames are resized as upstream's video predictor does, by Pillow: bicubic, antialiased,
     *              rounded to 8 bits after the columns and after the rows
     */
    public static Graph look(Sam2Config config, Picture.Form form, boolean video) {
        GraphBuilder g = new GraphBuilder();
        encode(g, config, form, video).forEach((name, v) -> g.apply(new StateOp.Assign(), g.state(name, v.type()), v));
        return g.build();
    }

    private static Map<String, Value> encode(GraphBuilder g, Sam2Config config, Picture.Form form, boolean video) {
        int height = form.height();
        int width = form.width();
        Value image = g.input("image", PictureInput.type(form, 1));
        Value x = PictureInput.planes(g, image, form, 3, false); // (1, 3, height, width)
        int side = config.imageSize();
        if (video) {
            x = width == side ? x : rounded(g, PictureInput.resized(g, x, height, side, Interpolation.BICUBIC, true));
            x = height == side ? x : rounded(g, PictureInput.resized(g, x, side, side, Interpolation.BICUBIC, true));
        } else {
            x = PictureInput.resized(g, x, side, side, Interpolation.BILINEAR, true);
        }
        x = g.stage("input", PictureInput.standardised(g, x, MEAN, STD)); // (1, 3, S, S)
        Layers model = Layers.of(g);
        var f = new ImageEncoder(model, config, config.trunk(model.at("image_encoder.trunk"))).forward(x);
        Map<String, Value> made = new LinkedHashMap<>();
        made.put("vision_features", f.embeddings());
        made.put("image_embeddings", g.stage("image_embeddings", g.add(f.embeddings(), noMemory(model))));
        made.put("high_res_features_0", f.fine());
        made.put("high_res_features_1", f.medium());
        return made;
    }

    /** Samples in 0 … 1 rounded to the nearest of 256, halves up. */
    private static Value rounded(GraphBuilder g, Value x) {
        Value levels = g.unary(PointwiseOp.Function.FLOOR, g.add(g.multiply(x, g.constant(255f)), g.constant(0.5f)));
        return g.binary(PointwiseOp.Arithmetic.DIVIDE, g.apply(new PointwiseOp.Clamp(0, 255), levels), g.constant(255f));
    }

    /**
     * Masks of the network's size brought to an image's: input {@code low_res_masks} (B, M, S/4, S/4), outputs {@code
     * logits} (B · M, 1, height, width), bilinear, and {@code masks}, U8, 1 where a logit is above 0. If holes are filled
     * first, there is {@code filled_masks} (B, M, S/4, S/4) too. {@link FiniteCheck}'s output says of each of the B whether
     * its masks are numbers.
     *
     * @param batch    B
     * @param masks    M
     * @param holeArea pixels of the largest holes that are filled; 0 for none
     */
    public static Graph upscale(Sam2Config config, int batch, int masks, int height, int width, int holeArea) {
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
        Value logits = g.output("logits", g.bilinear(one, height, width, Sampling.HALF_PIXEL));
        g.output("masks", g.apply(new PointwiseOp.Compare(PointwiseOp.Relation.GREATER), logits, g.constant(0f)));
        return g.build();
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

    /** Every tensor that some part of the model reads, with the shape that it has to have. */
    static List<WeightExpr.Tensor> tensors(Sam2Config given) {
        // Tensors don't depend on the image's side, and small graphs are recorded faster.
        Sam2Config config = given.withImageSize(64);
        DecoderRequest withMask = new DecoderRequest(1, 2, true, false);
        DecoderRequest without = new DecoderRequest(1, 2, false, true);
        return Stream.of(image(config, config.imageSize(), config.imageSize()), decoder(config, withMask),
                Sam2VideoGraphs.frame(config, new Sam2VideoGraphs.FrameRequest(without, 1, 1, 1)),
                Sam2VideoGraphs.remember(config, 1, 1, false),
                Sam2VideoGraphs.given(config, config.imageSize(), config.imageSize()))
                .flatMap(g -> g.weights().stream())
                .map(w -> (WeightExpr.Tensor) (w instanceof WeightExpr.FourierGrid f ? f.matrix() : w))
                .distinct()
                .toList();
    }

    /**
     * Checks all of a checkpoint's tensors.
     *
     * @throws BadWeightsException naming a tensor that is missing, misshapen, or neither used nor known as not needed
     */
    public static void requireFits(Sam2Config config, Weights weights) {
        List<WeightExpr.Tensor> tensors = tensors(config);
        for (WeightExpr.Tensor t : tensors) {
            Optional<TensorInfo> found = weights.find(t.name());
            if (found.isEmpty() || !found.get().shape().equals(t.shape())) {
                throw new BadWeightsException(weights.source() + ": SAM 2 " + config.size().label() + " needs tensor '"
                        + t.name() + "' of shape " + t.shape() + "; the file has "
                        + found.map(i -> "it of shape " + i.shape()).orElse("none of that name"));
            }
        }
        weights.requireAllUsed(tensors.stream().map(WeightExpr.Tensor::name).toList(), Sam2Config.NOT_NEEDED);
    }

    /**
     * Prompt encoder and mask decoder for an image that has no memory: inputs are the image encoder's outputs, {@code
     * points} (B, P, 2) in 0 … 1, {@code labels} (B, P) int32 (1 foreground, 0 background, 2 and 3 the corners of a
     * box, −1 the padding that ends a list, −2 for unused room) and, if asked for, {@code mask_input} (B, 1, S/4,
     * S/4). Outputs {@code low_res_masks} (B, M, S/4, S/4), {@code iou_predictions} (B, M) and {@code
     * object_score_logits} (B, 1), M being 3 or 1.
     */
    public static Graph decoder(Sam2Config config, DecoderRequest request) {
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
        g.output("object_score_logits", g.stage("object_score_logits", m.object()));
        return g.build();
    }

    /** What stands for memory where there is none: (1, 256, 1, 1). */
    static Value noMemory(Layers model) {
        int width = Sam2Config.WIDTH;
        return model.g().reshape(model.weight("no_mem_embed", 1, 1, width), 1, width, 1, 1);
    }

    /** Inputs that take the image encoder's outputs. */
    static ImageEncoder.Features features(GraphBuilder g, Sam2Config config, String embeddings) {
        int grid = config.grid();
        return new ImageEncoder.Features(
                g.input(embeddings, TensorType.f32(1, Sam2Config.WIDTH, grid, grid)),
                g.input("high_res_features_0", TensorType.f32(1, 32, 4L * grid, 4L * grid)),
                g.input("high_res_features_1", TensorType.f32(1, 64, 2L * grid, 2L * grid)));
    }

    /** A decoder and what it made of prompts. */
    record Prompted(MaskDecoder decoder, MaskDecoder.Masks masks) {}

    /** Prompts as inputs, encoded and decoded. */
    static Prompted prompt(GraphBuilder g, Sam2Config config, DecoderRequest r, ImageEncoder.Features features) {
        Value points = g.input("points", TensorType.f32(r.batch(), r.points(), 2));
        Value labels = g.input("labels", TensorType.of(DType.I32, r.batch(), r.points()));
        int side = config.maskSize();
        Value mask = r.mask() ? g.input("mask_input", TensorType.f32(r.batch(), 1, side, side)) : null;
        return prompt(g, config, points, labels, mask, features, r.multimask());
    }

    /** Prompts encoded and decoded, among them a mask if one is given. */
    static Prompted prompt(GraphBuilder g, Sam2Config config, Value points, Value labels, @Nullable Value mask,
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
