package dev.kerf.cli;

import dev.kerf.Kerf;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.option.ImageSizeConverter;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.cli.option.Usage;
import dev.kerf.cli.option.WeightsOptions;
import dev.kerf.graph.Graph;
import dev.kerf.graph.onnx.OnnxExport;
import dev.kerf.model.ModelKind;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kerf export}: a network as an ONNX model. */
@Command(name = "export", mixinStandardHelpOptions = true, sortOptions = false, description = "Writes a network for one image size as an ONNX model (opset "
        + OnnxExport.OPSET + ").")
final class ExportCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Option(names = "--onnx", required = true, paramLabel = "FILE", description = "The model to write.")
    private Path target;

    @Mixin
    private WeightsOptions weights;

    @Option(names = "--size", required = true, paramLabel = "HxW", converter = PictureSize.Converter.class, description = "Rows and columns, such as 512x512.")
    private PictureSize size;

    @Option(names = "--part", paramLabel = "PART", description = "SAM and SAM 2: encoder (of images of --size; the default), decoder (one point, three masks), frame (one"
            + " that is tracked, with 7 memories and 16 pointers) or memory (what is kept of it).")
    private String part;

    @Option(names = "--image-size", paramLabel = "N", defaultValue = "1024", converter = ImageSizeConverter.class, description = "SAM and SAM 2: side that the network sees images at.")
    private int imageSize;

    @Option(names = "--pixels", description = "The model takes pixels, uint8 (1, H, W, channels), and normalises them itself. Without this a U-Net"
            + " takes float32 planes that are normalised already; other networks take pixels in any case. The model's"
            + " metadata says which, and how planes are normalised.")
    private boolean pixels;

    @Option(names = "--stages", split = ",", paramLabel = "STAGE", description = "Stages that become outputs too.")
    private List<String> stages = List.of();

    ExportCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Claims.spare("--onnx", target, weights.file());
        try (Weights open = weights.open()) {
            ModelKind kind = Kerf.model(open);
            String wanted = part == null ? kind.parts().getFirst() : part;
            if (!kind.parts().contains(wanted)) {
                throw new ParameterException(spec.commandLine(),
                        "--part " + part + ": expected " + String.join(", ", kind.parts()));
            }
            ModelKind.GraphRequest request = new ModelKind.GraphRequest(wanted, size.height(), size.width(), imageSize,
                    pixels);
            Graph graph = Usage.of(spec, () -> {
                Graph all = kind.graph(open, request);
                all.kept(Set.copyOf(stages));
                return all;
            });
            OnnxExport.write(graph, open, target, OnnxExport.Options.of()
                    .stages(stages.toArray(String[]::new)).metadata(kind.metadata(open, request)));
        }
        console.out().println(target + "  " + Text.bytes(Files.size(target)));
        return ExitCode.OK;
    }
}
