package dev.kerf.model.matting;

import dev.kerf.backend.Device;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.model.ModelKind;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.List;
import java.util.Map;

/** U²-Net, U²-Netp and IS-Net. */
final class SaliencyKind implements ModelKind {
    @Override
    public String name() {
        return "u2net";
    }

    @Override
    public boolean accepts(Weights weights) {
        return SaliencyNet.known(weights);
    }

    @Override
    public String describe(Weights weights) {
        SaliencyNet net = SaliencyNet.of(weights);
        int side = net.trained().side();
        return net.label() + ": six stages of residual U-blocks" + (net.halved() ? " at half the picture's resolution" : "")
                + ", one matte; trained at " + side + "×" + side + " pixels";
    }

    @Override
    public List<String> parts() {
        return List.of("network");
    }

    @Override
    public Graph graph(Weights weights, GraphRequest r) {
        return CheckpointMattes.graph(SaliencyNet.of(weights), r.batch(), r.height(), r.width(), r.pixels());
    }

    @Override
    public Map<String, String> metadata(Weights weights, GraphRequest r) {
        Trained trained = SaliencyNet.of(weights).trained();
        return Map.of("kerf.model", name(), "kerf.part", r.part(), "kerf.input",
                r.pixels()
                        ? "uint8 (1, height, width, channels): pixels, which the graph normalises itself"
                        : "float32 (1, channels, height, width): samples in 0 to 1, normalised as kerf.input.normalise says",
                "kerf.input.normalise", "fixed", "kerf.input.mean", Json.of(trained.mean()).toString(), "kerf.input.std",
                Json.of(trained.std()).toString());
    }

    @Override
    public Map<String, HostTensor> trace(Device device, Weights weights, TraceRequest r) {
        SaliencyNet net = SaliencyNet.of(weights);
        try (CheckpointMattes mattes = new CheckpointMattes(device, net, MattingOptions.of(), 1)) {
            return mattes.trace(Image.read(r.image()));
        }
    }
}
