package dev.kerf.model.unet;

import dev.kerf.backend.Device;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.model.ModelKind;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Npy;
import dev.kerf.weights.Weights;
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
        return UNet.graph(weights, r.height(), r.width());
    }

    @Override
    public Map<String, HostTensor> trace(Device device, Weights weights, TraceRequest r) {
        boolean planes = Npy.isNpy(r.image());
        try (UNet net = UNet.load(device, weights)) {
            return planes
                    ? net.trace(Npy.read(r.image()), SegmentOptions.of())
                    : net.trace(Image.read(r.image()), SegmentOptions.of());
        }
    }
}
