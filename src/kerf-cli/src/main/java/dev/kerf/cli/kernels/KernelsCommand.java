package dev.kerf.cli.kernels;

import dev.kerf.Kerf;
import dev.kerf.backend.Precision;
import dev.kerf.check.cost.LaunchCosts;
import dev.kerf.check.golden.Golden;
import dev.kerf.check.ptx.Card;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.option.ImageSizeConverter;
import dev.kerf.cli.option.ModelCommands;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.cli.option.Usage;
import dev.kerf.cli.option.WeightsPath;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.model.ModelKind;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf kernels}: each launch of a model with what it costs, without a GPU. */
@Command(name = "kernels", mixinStandardHelpOptions = true, sortOptions = false, description = "Lists what a model launches on an NVIDIA GPU and what each launch costs: operations, bytes, instructions, sectors, bank"
        + " conflicts, registers and a predicted time. No GPU is needed: some blocks of each launch of the PTX that ships are"
        + " interpreted, and stand for all. Counts are the same in each run.", footer = {"",
            "Example: kerf kernels unet --card a100 --json      what a U-Net of 512x512 costs on an A100"})
public final class KernelsCommand implements Callable<Integer> {
    private static final Map<String, PictureSize> USUAL = Map.of("unet", new PictureSize(512, 512), "maskrcnn",
            new PictureSize(800, 1216), "sam2", new PictureSize(1024, 1024));

    /** A graph of a kind of models. */
    private record Part(ModelKind kind, String name) {}

    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "unet, maskrcnn, sam2-encoder, sam2-decoder (one point), sam2-frame (one that is tracked, with 7 memories) or"
            + " sam2-memory.")
    private String model;

    @Option(names = "--size", paramLabel = "HxW", converter = PictureSize.Converter.class, description = "Rows and columns of images; by default 512x512, for maskrcnn 800x1216, for sam2 1024x1024.")
    private PictureSize size;

    @Option(names = "--image-size", paramLabel = "N", defaultValue = "1024", converter = ImageSizeConverter.class, description = "SAM 2: side that the network sees images at.")
    private int imageSize;

    @Option(names = "--card", paramLabel = "NAME", defaultValue = "h100", description = "h100 (the default), h200, a100, rtx4090, l4 or t4.")
    private String card;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "f32", converter = PrecisionConverter.class, description = "How numbers are stored and multiplied: f32 (the default) or f16.")
    private Precision precision;

    @Option(names = "--weights", paramLabel = "FILE|NAME", converter = WeightsPath.class, description = "Of a network of this kind. By default a U-Net of 31 million parameters, Mask R-CNN with ResNet-50 or SAM 2.1 tiny,"
            + " untrained.")
    private Path weights;

    @Option(names = "--all", description = "Lists every launch in order, not only those that take longest.")
    private boolean all;

    @Option(names = "--markdown", description = "Writes a table of kernels in Markdown, to be set beside another version's.")
    private boolean markdown;

    @Option(names = "--json", description = "Writes JSON, with every launch.")
    private boolean json;

    public KernelsCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        Map<String, Part> parts = new LinkedHashMap<>();
        for (ModelKind kind : Kerf.MODELS) {
            kind.parts().forEach(p -> parts.put(kind.parts().size() == 1 ? kind.name() : kind.name() + "-" + p,
                    new Part(kind, p)));
        }
        Part part = parts.get(model);
        if (part == null) {
            throw new ParameterException(spec.commandLine(), "'" + model + "': expected one of "
                    + String.join(", ", parts.keySet()));
        }
        Card facts = Usage.of(spec, () -> Card.of(card));
        PictureSize images = size == null ? USUAL.getOrDefault(part.kind().name(), USUAL.get("unet")) : size;
        try (Weights open = open(part.kind())) {
            ModelKind.GraphRequest request = new ModelKind.GraphRequest(part.name(), images.height(), images.width(), imageSize,
                    false);
            Graph graph = Usage.of(spec, () -> part.kind().graph(open, request));
            KernelsReport report = new KernelsReport(model, images.toString(), card, facts, precision, weights == null,
                    LaunchCosts.of(graph, open, facts, precision, LaunchCosts.SOME));
            console.out().print(json ? report.json().pretty() + "\n" : markdown ? report.markdown() : report.text(all));
        }
        return ExitCode.OK;
    }

    private Weights open(ModelKind kind) {
        return weights != null
                ? ModelCommands.open(weights, kind)
                : Golden.travelling(kind.name() + "-quick").orElseThrow(() -> new BadInputException(
                        "no network of this kind travels with this program; give --weights FILE")).weights();
    }
}
