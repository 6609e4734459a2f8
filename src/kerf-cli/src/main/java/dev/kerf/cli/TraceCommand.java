package dev.kerf.cli;

import dev.kerf.Kerf;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.Golden;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.ImageSizeConverter;
import dev.kerf.cli.option.Usage;
import dev.kerf.cli.option.WeightsOptions;
import dev.kerf.cli.picture.PromptText;
import dev.kerf.model.ModelKind;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kerf trace}: every named stage of a model, to be compared by {@code kerf diff}. */
@Command(name = "trace", mixinStandardHelpOptions = true, sortOptions = false, description = "Writes every named stage of a model for one image, or for a golden case, to a safetensors file.")
final class TraceCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Mixin
    private WeightsOptions weights;

    @Option(names = "--image", paramLabel = "FILE", description = "An image, or .npy or .npz of float32 (H, W) or (C, H, W).")
    private Path image;

    @Option(names = "--golden", paramLabel = "DIR", description = "A golden case, in place of --weights and --image.")
    private Path golden;

    @Option(names = "--point", paramLabel = "X,Y", description = "SAM and SAM 2: a pixel of the thing. May be given several times.")
    private List<String> points = List.of();

    @Option(names = "--box", paramLabel = "X0,Y0,X1,Y1", description = "SAM and SAM 2: a box around the thing.")
    private String box;

    @Option(names = "--image-size", paramLabel = "N", defaultValue = "1024", converter = ImageSizeConverter.class, description = "SAM and SAM 2: side that the network sees the image at.")
    private int imageSize;

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
        Usage.of(spec, this::request);
        Claims.spare("--out", target, image, weights.file());
        Map<String, HostTensor> stages;
        Map<String, String> metadata = new LinkedHashMap<>();
        try (Device opened = device.open()) {
            stages = golden == null ? ofImage(opened, metadata) : ofGolden(opened, metadata);
            metadata.put("kerf.backend", opened.info().backend());
            metadata.put("kerf.device", opened.info().name());
        }
        Safetensors.write(target, stages, metadata);
        console.out().println(target + "  " + stages.size() + " stages");
        return ExitCode.OK;
    }

    private Map<String, HostTensor> ofGolden(Device device, Map<String, String> metadata) {
        Golden open = Golden.of(golden);
        metadata.put("kerf.model", open.golden().model());
        metadata.put("kerf.golden", golden.toString());
        return open.stages(device);
    }

    private ModelKind.TraceRequest request() {
        return new ModelKind.TraceRequest(image, points.stream().map(p -> PromptText.numbers(p, 2, "--point")).toList(),
                box == null ? new double[0] : PromptText.numbers(box, 4, "--box"), imageSize);
    }

    private Map<String, HostTensor> ofImage(Device device, Map<String, String> metadata) {
        metadata.put("kerf.image", image.toString());
        try (Weights open = weights.open()) {
            ModelKind kind = Kerf.model(open);
            metadata.put("kerf.model", kind.name());
            return kind.trace(device, open, request());
        }
    }
}
