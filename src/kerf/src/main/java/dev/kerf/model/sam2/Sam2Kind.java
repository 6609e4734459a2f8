package dev.kerf.model.sam2;

import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.model.ModelKind;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.network.Sam2Graphs;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.model.sam2.network.Sam2VideoGraphs;
import dev.kerf.model.sam2.network.Sam2VideoGraphs.FrameRequest;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** SAM 2.0 and 2.1 in their four sizes. */
final class Sam2Kind implements ModelKind {
    /** Of the rings in an exported graph. */
    private static final int SLOTS = 32;

    @Override
    public String name() {
        return "sam2";
    }

    @Override
    public boolean accepts(Weights weights) {
        return weights.contains(Sam2Config.PATCHES) || weights.contains(Sam2Config.STEM);
    }

    @Override
    public String describe(Weights weights) {
        Sam2Config c = Sam2Config.of(weights);
        Sam2Config.Size s = c.size();
        if (s == Sam2Config.Size.EDGE) {
            return c.label() + ": RepViT-M1, " + s.depth() + " blocks in stages " + s.stages() + ", " + s.embedDim() + " to "
                    + 8 * s.embedDim() + " channels; trained at " + Sam2Config.IMAGE_SIZE + "×" + Sam2Config.IMAGE_SIZE
                    + " pixels";
        }
        return (c.version() == Sam2Config.Version.V2_1 ? "SAM 2.1" : "SAM 2.0") + ": Hiera " + s.label() + ", "
                + s.depth() + " blocks in stages " + s.stages() + ", " + s.embedDim() + " to " + 8 * s.embedDim()
                + " channels, " + s.heads() + " to " + 8 * s.heads() + " heads; trained at " + Sam2Config.IMAGE_SIZE + "×"
                + Sam2Config.IMAGE_SIZE + " pixels";
    }

    /** The image encoder; the decoder of one point and three masks; a tracked frame; what is kept of it. */
    @Override
    public List<String> parts() {
        return List.of("encoder", "decoder", "frame", "memory");
    }

    @Override
    public Graph graph(Weights weights, GraphRequest r) {
        Sam2Config config = Sam2Config.of(weights).withImageSize(r.imageSize());
        DecoderRequest prompts = new DecoderRequest(r.batch(), 2, false, true);
        if (r.part().equals("encoder") && r.batch() > 1) {
            throw new BadInputException("SAM 2's encoder takes one image at a time, not " + r.batch());
        }
        return switch (r.part()) {
            case "encoder" -> Sam2Graphs.image(config, r.height(), r.width());
            case "decoder" -> Sam2Graphs.decoder(config, prompts);
            case "frame" -> Sam2VideoGraphs.frame(
                    config, new FrameRequest(prompts, SLOTS, Sam2Config.MEMORIES, Sam2Config.POINTERS));
            case "memory" -> Sam2VideoGraphs.remember(config, r.batch(), SLOTS, false);
            default -> throw new BadInputException("no part '" + r.part() + "'; there are " + parts());
        };
    }

    @Override
    public Map<String, String> metadata(Weights weights, GraphRequest r) {
        return metadata(name(), r);
    }

    /** That of a model whose encoder takes images as they are. */
    static Map<String, String> metadata(String model, GraphRequest r) {
        Map<String, String> out = new LinkedHashMap<>(Map.of("kerf.model", model, "kerf.part", r.part()));
        if (r.part().equals("encoder")) {
            out.putAll(Map.of("kerf.input",
                    "uint8 (1, height, width, 3): red, green, blue, which the graph resizes and normalises itself",
                    "kerf.input.normalise", "fixed", "kerf.input.mean", Json.of(Sam2Graphs.MEAN).toString(),
                    "kerf.input.std", Json.of(Sam2Graphs.STD).toString()));
        }
        return out;
    }

    @Override
    public Map<String, HostTensor> trace(Device device, Weights weights, TraceRequest r) {
        try (Sam2 sam = Sam2.load(device, weights, Sam2.Settings.of().imageSize(r.imageSize()), ModelOptions.of())) {
            return sam.trace(Image.read(r.image()), prompt(r), false);
        }
    }

    /** What is shown. */
    static Prompt prompt(TraceRequest r) {
        Prompt prompt = new Prompt(List.of(), null, null);
        for (double[] xy : r.points()) {
            prompt = prompt.foreground(xy[0], xy[1]);
        }
        double[] c = r.box();
        return c.length == 0 ? prompt : prompt.and(Prompt.box(c[0], c[1], c[2], c[3]));
    }
}
