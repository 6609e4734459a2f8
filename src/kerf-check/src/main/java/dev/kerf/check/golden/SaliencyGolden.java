package dev.kerf.check.golden;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.image.Image;
import dev.kerf.model.matting.Matting;
import dev.kerf.model.matting.MattingOptions;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Cases of U²-Net and IS-Net: every stage in float32, of a picture that isn't resized, and the matte that users get, stretched to
 * reach from 0 to 1.
 */
final class SaliencyGolden implements Golden.Model {
    @Override
    public String silent(GoldenCase golden, Precision precision) {
        return "mattes of random weights, which are near a half everywhere, say nothing of what " + precision + " costs";
    }

    @Override
    public Map<String, HostTensor> stages(Device device, GoldenCase golden, Precision precision) {
        Image image = Image.read(golden.file("image"));
        try (Weights weights = golden.weights();
                Matting net = Matting.load(device, weights,
                        MattingOptions.of().precision(precision).size(image.height(), image.width()))) {
            Map<String, HostTensor> out = new LinkedHashMap<>(net.trace(image));
            out.put("stretched", net.matte(image));
            return out;
        }
    }

    @Override
    public List<Golden.Figure> decided(GoldenCase golden, Map<String, HostTensor> stages) {
        HostTensor logits = stages.get("logits");
        return logits == null
                ? List.of()
                : List.of(new Golden.Figure("foreground", golden.wrongSigns("logits", logits), 0, false,
                        "wrong beyond the margin"));
    }
}
