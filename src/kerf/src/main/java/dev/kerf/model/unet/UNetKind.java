package dev.kerf.model.unet;

import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.model.ModelKind;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** U-Nets of the layouts that {@link UNetNames} knows. */
final class UNetKind implements ModelKind {
    @Override
    public String name() {
        return "unet";
    }

    @Override
    public boolean accepts(Weights weights) {
        return UNetNames.known(weights);
    }

    @Override
    public String describe(Weights weights) {
        UNetConfig c = UNetConfig.of(weights);
        return "U-Net: depth " + c.depth() + ", widths " + c.widths() + ", " + c.inputChannels() + " channels in, "
                + (c.upSampling() == UNetConfig.UpSampling.TRANSPOSED ? "transposed convolutions" : "bilinear up-sampling")
                + ", " + switch (c.norm()) {
                    case UNetConfig.Norm.None _ -> "no normalisation";
                    case UNetConfig.Norm.Batch _ -> "batch norm";
                    case UNetConfig.Norm.Group g ->
                        g.groups() == 0 ? "instance norm" : "group norm of " + g.groups() + " groups";
                } + ", " + switch (c.statistics()) {
                    case UNetConfig.InputStatistics.None _ -> "input as it is";
                    case UNetConfig.InputStatistics.PerImage _ -> "input standardised for each image";
                    case UNetConfig.InputStatistics.Fixed _ -> "input standardised with fixed numbers";
                } + ", classes: " + String.join(", ", c.classNames());
    }

    @Override
    public List<String> parts() {
        return List.of("network");
    }

    @Override
    public Graph graph(Weights weights, GraphRequest r) {
        UNetConfig config = UNetConfig.of(weights);
        return r.pixels()
                ? UNetGraph.record(config, weights, UNetRequest.of(form(config, r), r.batch(), UNetRequest.Wanted.EVERYTHING))
                : UNet.graph(weights, r.batch(), r.height(), r.width());
    }

    private static Picture.Form form(UNetConfig config, GraphRequest r) {
        return switch (config.inputChannels()) {
            case 1 -> new Picture.Form(r.width(), r.height(), PixelFormat.GRAY8);
            case 3 -> new Picture.Form(r.width(), r.height(), PixelFormat.RGB8);
            case 4 -> new Picture.Form(r.width(), r.height(), PixelFormat.RGBA8);
            default -> throw new BadInputException("a network of " + config.inputChannels()
                    + " channels takes planes, not pixels, which have 1, 3 or 4");
        };
    }

    @Override
    public Map<String, String> metadata(Weights weights, GraphRequest r) {
        UNetConfig c = UNetConfig.of(weights);
        Map<String, String> out = new LinkedHashMap<>(Map.of("kerf.model", name(), "kerf.part", r.part(), "kerf.classes",
                Json.of(c.classNames()).toString()));
        out.put("kerf.input", r.pixels()
                ? "uint8 (1, height, width, channels): pixels, which the graph normalises itself"
                : "float32 (1, channels, height, width): samples in 0 to 1, normalised as kerf.input.normalise says");
        switch (c.statistics()) {
            case UNetConfig.InputStatistics.None _ -> out.put("kerf.input.normalise", "none");
            case UNetConfig.InputStatistics.PerImage _ -> out.put("kerf.input.normalise", "image");
            case UNetConfig.InputStatistics.Fixed f -> out.putAll(Map.of("kerf.input.normalise", "fixed",
                    "kerf.input.mean", Json.of(f.mean()).toString(), "kerf.input.std", Json.of(f.std()).toString()));
        }
        return out;
    }

    @Override
    public Map<String, HostTensor> trace(Device device, Weights weights, TraceRequest r) {
        boolean planes = HostTensor.isNpy(r.image());
        try (UNet net = UNet.load(device, weights)) {
            return planes
                    ? net.trace(HostTensor.readNpy(r.image()), SegmentOptions.of())
                    : net.trace(Image.read(r.image()), SegmentOptions.of());
        }
    }
}
