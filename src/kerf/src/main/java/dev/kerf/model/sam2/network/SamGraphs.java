package dev.kerf.model.sam2.network;

import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.StateOp;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.nn.Layers;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.weights.Weights;
import java.util.List;
import java.util.stream.Stream;

/**
 * The image encoder of SAM, the first, as graphs. Prompts are answered by those of {@link PromptGraphs}.
 *
 * <pre>{@code
 * Graph encoder = SamGraphs.image(config, 480, 640);
 * Graph decoder = PromptGraphs.decoder(config.prompts(), new DecoderRequest(1, 2, false, true));
 * }</pre>
 */
public final class SamGraphs {
    private SamGraphs() {}

    /**
     * The image encoder: input {@code image}, U8 (1, height, width, 3) RGB; output {@code image_embeddings} (1, 256, S/16,
     * S/16). The image's longer side is brought to S as Pillow does (bilinear, antialiased, rounded to 8 bits after the columns
     * and after the rows), normalised, and zeros are added to its right and below.
     */
    public static Graph image(SamConfig config, int height, int width) {
        GraphBuilder g = new GraphBuilder();
        g.output("image_embeddings", encode(g, config, new Picture.Form(width, height, PixelFormat.RGB8)));
        return g.build();
    }

    /** The image encoder with a state in place of its output, so that what it makes outlives the next image. */
    public static Graph look(SamConfig config, Picture.Form form) {
        GraphBuilder g = new GraphBuilder();
        Value v = encode(g, config, form);
        g.apply(new StateOp.Assign(), g.state("image_embeddings", v.type()), v);
        return g.build();
    }

    private static Value encode(GraphBuilder g, SamConfig config, Picture.Form form) {
        Value image = g.input("image", PictureInput.type(form, 1));
        Value x = PictureInput.planes(g, image, form, 3, false); // (1, 3, height, width)
        int side = config.imageSize();
        int rows = config.prompts().seen(form.height(), form.width());
        int columns = config.prompts().seen(form.width(), form.height());
        if (columns != form.width()) {
            x = Sam2Graphs.rounded(g, PictureInput.resized(g, x, form.height(), columns, Interpolation.BILINEAR, true));
        }
        if (rows != form.height()) {
            x = Sam2Graphs.rounded(g, PictureInput.resized(g, x, rows, columns, Interpolation.BILINEAR, true));
        }
        x = PictureInput.standardised(g, x, Sam2Graphs.MEAN, Sam2Graphs.STD); // (1, 3, rows, columns)
        if (rows != side || columns != side) {
            x = g.apply(new MoveOp.Pad(List.of(0L, 0L, 0L, 0L), List.of(0L, 0L, (long) side - rows, (long) side - columns),
                    MoveOp.PadMode.CONSTANT, 0), x);
        }
        x = g.stage("input", x); // (1, 3, S, S)
        return g.stage("image_embeddings", new VitEncoder(Layers.of(g).at("image_encoder"), config).forward(x));
    }

    /** Every tensor that some part of the model reads, with the shape that it has to have. */
    public static List<WeightExpr.Tensor> tensors(SamConfig given) {
        // Tensors don't depend on the image's side, and small graphs are recorded faster.
        SamConfig config = given.withImageSize(64);
        return Stream.of(image(config, config.imageSize(), config.imageSize()),
                PromptGraphs.decoder(config.prompts(), new DecoderRequest(1, 2, true, false)),
                PromptGraphs.decoder(config.prompts(), new DecoderRequest(1, 2, false, true)))
                .flatMap(PromptGraphs::tensors)
                .distinct()
                .toList();
    }

    /**
     * Checks all of a checkpoint's tensors.
     *
     * @throws BadWeightsException naming a tensor that is missing, misshapen, or left over
     */
    public static void requireFits(SamConfig config, Weights weights) {
        PromptGraphs.requireFits(config.label(), tensors(config), List.of(), weights);
    }
}
