package dev.kerf.bench;

import dev.kerf.check.golden.GoldenCase;
import dev.kerf.graph.Graph;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.sam2.network.Sam2Graphs;
import dev.kerf.model.sam2.network.Sam2Graphs.DecoderRequest;
import dev.kerf.model.sam2.network.Sam2VideoGraphs;
import dev.kerf.model.sam2.network.Sam2VideoGraphs.FrameRequest;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Function;

/** Whole networks, or the parts that run on their own, at their real sizes; weights by formula. */
enum ModelCase {
    UNET("U-Net 512²", "logits", w -> UNet.graph(w, 512, 512)), SAM2_ENCODER(
            "SAM 2.1 tiny, image encoder 1024²", "vision_features",
            w -> Sam2Graphs.image(Sam2Config.of(w), 1024, 1024)), SAM2_DECODER("SAM 2.1 tiny, decoder, one point",
                    "low_res_masks",
                    w -> Sam2Graphs.decoder(Sam2Config.of(w), new DecoderRequest(1, 2, false, true))), SAM2_FRAME(
                            "SAM 2.1 tiny, a tracked frame, 7 memories", "low_res_masks",
                            w -> Sam2VideoGraphs.frame(Sam2Config.of(w),
                                    new FrameRequest(
                                            new DecoderRequest(1, 2, false, true), ModelCase.SLOTS, 7, 16))), SAM2_MEMORY(
                                                    "SAM 2.1 tiny, memory encoder", "memory_features",
                                                    w -> Sam2VideoGraphs.remember(Sam2Config.of(w), 1, ModelCase.SLOTS,
                                                            false)), MASKRCNN("Mask R-CNN R50-FPN, 800×1216", "scores",
                                                                    w -> MaskRcnn.graph(w, 800, 1216, DetectOptions.of()));

    /** Frames that a video's memory holds here: the seven that attention sees and nine more for pointers. */
    static final int SLOTS = 16;

    /** As reports name it. */
    final String title;
    /** What engines are compared by. */
    final String output;

    private final Function<Weights, Graph> graph;

    ModelCase(String title, String output, Function<Weights, Graph> graph) {
        this.title = title;
        this.output = output;
        this.graph = graph;
    }

    /** Its name on the command line: lower case. */
    static ModelCase named(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    static boolean known(String name) {
        return Arrays.stream(values()).anyMatch(c -> c.name().equalsIgnoreCase(name));
    }

    /** Its weights; to be closed. */
    Weights weights() {
        Path goldens = Path.of("src/kerf-check/src/test/resources/goldens");
        String golden = switch (this) {
            case UNET -> "unet-quick";
            case MASKRCNN -> "maskrcnn-quick";
            default -> "sam2-quick";
        };
        return GoldenCase.open(goldens.resolve(golden)).weights();
    }

    Graph graph(Weights weights) {
        return graph.apply(weights);
    }

    /** Largest relative L2 difference of two engines' outputs: what these weights make of float32's own error, doubled. */
    double tolerance() {
        return switch (this) {
            case UNET -> 1e-4;
            case MASKRCNN -> 1e-2;
            default -> 1e-3;
        };
    }
}
