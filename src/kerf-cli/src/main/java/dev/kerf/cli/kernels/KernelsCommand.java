package dev.kerf.cli.kernels;

import dev.kerf.backend.Precision;
import dev.kerf.check.cost.LaunchCosts;
import dev.kerf.check.ptx.Card;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.option.ImageSizeConverter;
import dev.kerf.cli.option.ModelPart;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.cli.option.Usage;
import dev.kerf.cli.option.WeightsPath;
import dev.kerf.graph.Graph;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf kernels}: each launch of a model with what it costs, without a GPU. */
@Command(name = "kernels", mixinStandardHelpOptions = true, sortOptions = false, description = "Lists what a model launches on an NVIDIA GPU and what each launch costs: operations, bytes, instructions, sectors, bank"
        + " conflicts, registers and a predicted time. No GPU is needed: some blocks of each launch of the PTX that ships are"
        + " interpreted, and stand for all. Counts are the same in each run.", footer = {"",
            "Example: kerf kernels unet --card a100 --json      what a U-Net of 512x512 costs on an A100"})
public final class KernelsCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", converter = ModelPart.Converter.class, description = "unet, maskrcnn, sam-encoder, sam-decoder, sam2-encoder, sam2-decoder (one point), sam2-frame (one that is tracked, with 7 memories),"
            + " sam2-memory or u2net.")
    private ModelPart model;

    @Option(names = "--size", paramLabel = "HxW", converter = PictureSize.Converter.class, description = "Rows and columns of images; by default 512x512, for maskrcnn 800x1216, for sam2 1024x1024, for u2net 320x320.")
    private PictureSize size;

    @Option(names = "--image-size", paramLabel = "N", defaultValue = "1024", converter = ImageSizeConverter.class, description = "SAM and SAM 2: side that the network sees images at.")
    private int imageSize;

    @Option(names = "--card", paramLabel = "NAME", defaultValue = "h100", description = "h100 (the default), h200, a100, rtx4090, l4 or t4.")
    private String card;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "f32", converter = PrecisionConverter.class, description = "How numbers are stored and multiplied: f32 (the default), tf32x3, tf32, f16 or bf16.")
    private Precision precision;

    @Option(names = "--weights", paramLabel = "FILE|NAME", converter = WeightsPath.class, description = "Of a network of this kind. By default a U-Net of 31 million parameters, Mask R-CNN with ResNet-50, SAM ViT-B or SAM 2.1 tiny,"
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
        Card facts = Usage.of(spec, () -> Card.of(card));
        PictureSize images = size == null ? model.usual() : size;
        try (Weights open = model.open(weights)) {
            Graph graph = Usage.of(spec, () -> model.graph(open, images, imageSize));
            KernelsReport report = new KernelsReport(model.name(), images.toString(), card, facts, precision, weights == null,
                    LaunchCosts.of(graph, open, facts, precision, LaunchCosts.SOME));
            console.out().print(json ? report.json().pretty() + "\n" : markdown ? report.markdown() : report.text(all));
        }
        return ExitCode.OK;
    }
}
