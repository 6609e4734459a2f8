package dev.kerf.cli;

import dev.kerf.backend.Device;
import dev.kerf.image.Image;
import dev.kerf.model.GoldenCase;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.maskrcnn.RcnnCase;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kerf trace}: every named stage of a model, to be compared by {@code kerf diff}. */
@Command(name = "trace", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Writes every named stage of a model for one image, or for a golden case, to a safetensors file.")
final class TraceCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Mixin
    private WeightsOptions weights;

    @Option(names = "--image", paramLabel = "FILE", description = "An image, or .npy of float32 (H, W) or (C, H, W).")
    private Path image;

    @Option(names = "--golden", paramLabel = "DIR", description = "A golden case, in place of --weights and --image.")
    private Path golden;

    @Mixin
    private DeviceOptions device;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The safetensors file to write.")
    private Path target;

    TraceCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if ((image == null) == (golden == null)) {
            throw new ParameterException(spec.commandLine(), "give either --image or --golden");
        }
        if (golden != null && !weights.embedded()) {
            throw new ParameterException(spec.commandLine(), "a golden case has its own weights: leave out --weights");
        }
        Source source = golden == null ? new Source(image, weights.open()) : source(GoldenCase.open(golden));
        try (Weights open = source.weights;
                Device opened = device.open()) {
            boolean detector = MaskRcnn.accepts(open);
            Map<String, HostTensor> stages = detector ? detector(opened, open, source.image) : labels(opened, open, source.image);
            Safetensors.write(target, stages, Map.of("kerf.model", detector ? "maskrcnn" : "unet", "kerf.backend", opened.info().backend(),
                    "kerf.device", opened.info().name(), "kerf.image", source.image.toString()));
            console.out().println(target + "  " + stages.size() + " stages");
        }
        return ExitCode.OK;
    }

    private static Map<String, HostTensor> labels(Device device, Weights weights, Path image) {
        try (UNet net = UNet.load(device, weights)) {
            return Picture.read(image).trace(net, SegmentOptions.of());
        }
    }

    /** A golden case brings sizes and boxes of its own. */
    private Map<String, HostTensor> detector(Device device, Weights weights, Path image) {
        try (MaskRcnn net = MaskRcnn.load(device, weights)) {
            if (golden == null) {
                return net.trace(Image.read(image), DetectOptions.of());
            }
            try (RcnnCase c = RcnnCase.open(golden)) {
                return c.stages(net);
            }
        }
    }

    private static Source source(GoldenCase open) {
        WeightsOptions.checkKind(open.model());
        return new Source(open.file("image"), open.weights());
    }

    private record Source(Path image, Weights weights) {}
}
