package dev.kerf.model.maskrcnn;

import dev.kerf.backend.Device;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.model.ModelKind;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.List;
import java.util.Map;

/** Mask R-CNN and Panoptic FPN, as torchvision and Detectron2 have them. */
final class RcnnKind implements ModelKind {
    @Override
    public String name() {
        return "maskrcnn";
    }

    @Override
    public boolean accepts(Weights weights) {
        return RcnnNames.known(weights);
    }

    @Override
    public String describe(Weights weights) {
        RcnnConfig c = RcnnConfig.of(weights);
        int layers = 2 + 3 * c.blocks().stream().mapToInt(b -> b).sum();
        String whose = switch (c.names().layout()) {
            case TORCHVISION -> "torchvision's first version";
            case TORCHVISION_V2 -> "torchvision's second version";
            case DETECTRON2 -> "Detectron2's";
        };
        return (c.semantic() ? "Panoptic FPN" : "Mask R-CNN") + ": ResNet-" + layers + "-FPN as " + whose + ", "
                + c.classes() + " classes with background" + (c.semantic() ? ", " + c.semantics() + " labels" : "");
    }

    @Override
    public List<String> parts() {
        return List.of("network");
    }

    @Override
    public Graph graph(Weights weights, GraphRequest r) {
        return MaskRcnn.graph(weights, r.batch(), r.height(), r.width(), DetectOptions.of());
    }

    @Override
    public Map<String, String> metadata(Weights weights, GraphRequest r) {
        RcnnConfig c = RcnnConfig.of(weights);
        return Map.of("kerf.model", name(), "kerf.part", r.part(), "kerf.input",
                "uint8 (1, height, width, 3): red, green, blue, which the graph resizes and normalises itself",
                "kerf.input.normalise", "fixed", "kerf.input.mean", ofColours(c, c.pixelMean()), "kerf.input.std",
                ofColours(c, c.pixelStd()));
    }

    /** Numbers for red, green and blue in 0 … 1; Detectron2's are in the order blue, green, red. */
    private static String ofColours(RcnnConfig config, List<Double> samples) {
        return Json.of((config.detectron() ? samples.reversed() : samples).stream().map(v -> v / 255).toList()).toString();
    }

    @Override
    public Map<String, HostTensor> trace(Device device, Weights weights, TraceRequest r) {
        try (MaskRcnn net = MaskRcnn.load(device, weights)) {
            return net.trace(Image.read(r.image()), DetectOptions.of());
        }
    }
}
