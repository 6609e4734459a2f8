package dev.kerf.cli;

import dev.kerf.graph.Graph;
import dev.kerf.graph.onnx.OnnxExport;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.sam2.Sam2Config;
import dev.kerf.model.sam2.Sam2Graphs;
import dev.kerf.model.sam2.Sam2Graphs.DecoderRequest;
import dev.kerf.model.sam2.Sam2VideoGraphs;
import dev.kerf.model.unet.UNet;
import dev.kerf.model.unet.UNetConfig;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kerf export}: a network as an ONNX model. */
@Command(name = "export", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Writes a network for one image size as an ONNX model (opset " + OnnxExport.OPSET + ").")
final class ExportCommand implements Callable<Integer> {
    private static final int MOST = 1 << 16;
    private static final int SLOTS = 32;

    private final Console console;

    @Spec
    private CommandSpec spec;

    @Option(names = "--onnx", required = true, paramLabel = "FILE", description = "The model to write.")
    private Path target;

    @Mixin
    private WeightsOptions weights;

    @Option(names = "--size", required = true, paramLabel = "HxW", description = "Rows and columns, such as 512x512.")
    private String size;

    @Option(names = "--part", paramLabel = "PART", defaultValue = "encoder",
            description = "SAM 2: encoder (of images of --size), decoder (one point, three masks), frame (one that is tracked, "
                    + "with 7 memories and 16 pointers) or memory (what is kept of it).")
    private String part;

    @Option(names = "--image-size", paramLabel = "N", defaultValue = "1024",
            description = "SAM 2: side that the network sees images at.")
    private int imageSize;

    @Option(names = "--stages", split = ",", paramLabel = "STAGE", description = "Stages that become outputs too.")
    private List<String> stages = List.of();

    ExportCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        int cross = size.indexOf('x');
        int height = extent(cross < 0 ? "" : size.substring(0, cross));
        int width = extent(size.substring(cross + 1));
        try (Weights open = weights.open()) {
            Graph graph = Sam2Config.accepts(open) ? sam(SamCommand.config(open, imageSize), height, width)
                    : MaskRcnn.accepts(open) ? MaskRcnn.graph(open, height, width, DetectOptions.of())
                    : UNet.graph(UNetConfig.of(open), open, height, width);
            OnnxExport.write(graph, open, target,
                    OnnxExport.Options.of().stages(stages.toArray(String[]::new)));
        }
        console.out().println(target + "  " + Text.bytes(Files.size(target)));
        return ExitCode.OK;
    }

    private Graph sam(Sam2Config config, int height, int width) {
        DecoderRequest one = new DecoderRequest(1, 2, false, true);
        return switch (part) {
            case "encoder" -> Sam2Graphs.image(config, height, width);
            case "decoder" -> Sam2Graphs.decoder(config, one);
            case "frame" -> Sam2VideoGraphs.frame(config, new Sam2VideoGraphs.FrameRequest(one, SLOTS, 7, 16));
            case "memory" -> Sam2VideoGraphs.remember(config, 1, SLOTS, false);
            default -> throw new ParameterException(spec.commandLine(), "--part " + part
                    + ": expected encoder, decoder, frame or memory");
        };
    }

    private int extent(String text) {
        try {
            int n = Integer.parseInt(text);
            if (n >= 1 && n <= MOST) {
                return n;
            }
        } catch (NumberFormatException e) {
            throw badSize();
        }
        throw badSize();
    }

    private ParameterException badSize() {
        return new ParameterException(spec.commandLine(), "--size " + size + ": expected rows and columns, such as 512x512");
    }
}
