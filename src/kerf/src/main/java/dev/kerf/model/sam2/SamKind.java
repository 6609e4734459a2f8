package dev.kerf.model.sam2;

import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.model.ModelKind;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.network.PromptGraphs;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.model.sam2.network.SamConfig;
import dev.kerf.model.sam2.network.SamGraphs;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.List;
import java.util.Map;

/** SAM, the first, in its three sizes. */
final class SamKind implements ModelKind {
    @Override
    public String name() {
        return "sam";
    }

    @Override
    public boolean accepts(Weights weights) {
        return weights.contains(SamConfig.PATCHES) && weights.contains("image_encoder.pos_embed");
    }

    @Override
    public String describe(Weights weights) {
        SamConfig c = SamConfig.of(weights);
        SamConfig.Size s = c.size();
        return c.label() + ": " + s.depth() + " blocks, " + s.width() + " channels, " + s.heads() + " heads; trained at "
                + c.imageSize() + "×" + c.imageSize() + " pixels";
    }

    /** The image encoder; the decoder of one point and three masks. */
    @Override
    public List<String> parts() {
        return List.of("encoder", "decoder");
    }

    @Override
    public Graph graph(Weights weights, GraphRequest r) {
        SamConfig config = SamConfig.of(weights).withImageSize(r.imageSize());
        if (r.part().equals("encoder") && r.batch() > 1) {
            throw new BadInputException("SAM's encoder takes one image at a time, not " + r.batch());
        }
        return switch (r.part()) {
            case "encoder" -> SamGraphs.image(config, r.height(), r.width());
            case "decoder" -> PromptGraphs.decoder(config.prompts(), new DecoderRequest(r.batch(), 2, false, true));
            default -> throw new BadInputException("no part '" + r.part() + "'; there are " + parts());
        };
    }

    @Override
    public Map<String, String> metadata(Weights weights, GraphRequest r) {
        return Sam2Kind.metadata(name(), r);
    }

    @Override
    public Map<String, HostTensor> trace(Device device, Weights weights, TraceRequest r) {
        try (Sam sam = Sam.load(device, weights, r.imageSize(), ModelOptions.of())) {
            return sam.trace(Image.read(r.image()), Sam2Kind.prompt(r), false);
        }
    }
}
