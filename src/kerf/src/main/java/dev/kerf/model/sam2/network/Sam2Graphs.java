package dev.kerf.model.sam2.network;

import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.StateOp;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.nn.Layers;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.weights.Weights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

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

    private Sam2Graphs() {}

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
    static Value rounded(GraphBuilder g, Value x) {
        Value levels = g.unary(PointwiseOp.Function.FLOOR, g.add(g.multiply(x, g.constant(255f)), g.constant(0.5f)));
        return g.binary(PointwiseOp.Arithmetic.DIVIDE, g.apply(new PointwiseOp.Clamp(0, 255), levels), g.constant(255f));
    }

    /** Every tensor that some part of the model reads, with the shape that it has to have. */
    public static List<WeightExpr.Tensor> tensors(Sam2Config given) {
        // Tensors don't depend on the image's side, and small graphs are recorded faster.
        Sam2Config config = given.withImageSize(given.smallest());
        DecoderRequest withMask = new DecoderRequest(1, 2, true, false);
        DecoderRequest without = new DecoderRequest(1, 2, false, true);
        return Stream.of(image(config, config.imageSize(), config.imageSize()), decoder(config, withMask),
                Sam2VideoGraphs.frame(config, new Sam2VideoGraphs.FrameRequest(without, 1, 1, 1)),
                Sam2VideoGraphs.remember(config, 1, 1, false),
                Sam2VideoGraphs.given(config, config.imageSize(), config.imageSize()))
                .flatMap(PromptGraphs::tensors)
                .distinct()
                .toList();
    }

    /**
     * Checks all of a checkpoint's tensors.
     *
     * @throws BadWeightsException naming a tensor that is missing, misshapen, or neither used nor known as not needed
     */
    public static void requireFits(Sam2Config config, Weights weights) {
        PromptGraphs.requireFits(config.label(), tensors(config), config.notNeeded(), weights);
    }

    /** Prompt encoder and mask decoder for an image that has no memory: {@link PromptGraphs#decoder}. */
    public static Graph decoder(Sam2Config config, DecoderRequest request) {
        return PromptGraphs.decoder(config.prompts(), request);
    }

    /** What stands for memory where there is none: (1, 256, 1, 1). */
    static Value noMemory(Layers model) {
        int width = Sam2Config.WIDTH;
        return model.g().reshape(model.weight("no_mem_embed", 1, 1, width), 1, width, 1, 1);
    }
}
