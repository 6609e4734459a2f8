package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Progress;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.ModelCommands;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.cli.option.ImageSizeConverter;
import dev.kerf.cli.option.Usage;
import dev.kerf.cli.option.WeightsPath;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.MaskGenerator;
import dev.kerf.model.sam2.MaskGenerator.GeneratedMask;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.PromptModel;
import dev.kerf.model.sam2.Sam;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf sam}: the pixels of what is pointed at. */
@Command(name = "sam", mixinStandardHelpOptions = true, sortOptions = false, description = "Finds the pixels of what you point at, with SAM, SAM 2, 2.1 or EdgeTAM.", footer = {
    "", "Example: kerf sam street.jpg --weights sam2.1_hiera_tiny.pt --point 210,95",
    "Several boxes are several things; points and scribbles belong to one thing, and to one box at most.",
    "Writes NAME-masks.png, each thing's number for its pixels, and NAME-overlay.png; with --multimask NAME-mask-1.png to -3",
    "and NAME-overlay-1.png to -3."})
public final class SamCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "IMAGE", description = "PNG, JPEG, BMP, TIFF or GIF.")
    private String image;

    @Option(names = "--weights", required = true, paramLabel = "FILE|NAME", converter = WeightsPath.class, description = "A checkpoint of SAM, SAM 2, 2.1 or EdgeTAM: the official .pth or .pt file, safetensors made from it, or the"
            + " name of fetched weights, such as sam2.1-tiny or sam-vit-b.")
    private Path weights;

    @Option(names = "--point", paramLabel = "X,Y", description = "A pixel of the thing. May be given several times.")
    private List<String> points = List.of();

    @Option(names = "--background", paramLabel = "X,Y", description = "A pixel beside it. May be given several times.")
    private List<String> background = List.of();

    @Option(names = "--box", paramLabel = "X0,Y0,X1,Y1", description = "A box around a thing. May be given several times.")
    private List<String> boxes = List.of();

    @Option(names = "--scribble", paramLabel = "FILE", description = "A stroke over the thing: a text file with a pixel X,Y in each line.")
    private List<Path> scribbles = List.of();

    @Option(names = "--multimask", description = "Three masks of what the prompt could mean, the best first.")
    private boolean multimask;

    @Option(names = "--everything", description = "Masks of everything, without a prompt.")
    private boolean everything;

    @Option(names = "--points-per-side", paramLabel = "N", defaultValue = "32", description = "With --everything: points along a side of the grid.")
    private int pointsPerSide;

    @Option(names = "--min-iou", paramLabel = "P", description = "With --everything: least IoU that the network gives a mask to be kept; by default upstream's, 0.8, or 0.88 of SAM, the first.")
    private Double minIou;

    @Option(names = "--min-stability", paramLabel = "P", defaultValue = "0.95", description = "With --everything: least IoU of a mask cut off higher and lower.")
    private double minStability;

    @Option(names = "--nms", paramLabel = "IOU", defaultValue = "0.7", description = "With --everything: of masks whose boxes overlap by more, the best is kept.")
    private double nms;

    @Option(names = "--crop-layers", paramLabel = "N", defaultValue = "0", description = "With --everything: looks at parts of the image too, 4, then 16 …")
    private int cropLayers;

    @Option(names = "--min-region", paramLabel = "N", defaultValue = "0", description = "With --everything: removes holes and islands of fewer pixels.")
    private int minRegion;

    @Option(names = "--image-size", paramLabel = "N", converter = ImageSizeConverter.class, description = "Side that the network sees the image at; by default the one it was trained with, 1024 of the official ones.")
    private int imageSize;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "f32", converter = PrecisionConverter.class, description = "How numbers are stored and multiplied: f32, tf32x3, tf32, f16 or bf16, if the device has it.")
    private Precision precision;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private PageOptions pages;

    @Mixin
    private MaskOutput output;

    @Mixin
    private MeasureOptions measure;

    @Mixin
    private AnnotationOptions annotation;

    public SamCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        measure.check();
        boolean prompted = !points.isEmpty() || !background.isEmpty() || !boxes.isEmpty() || !scribbles.isEmpty();
        if (prompted == everything) {
            throw new ParameterException(spec.commandLine(), everything
                    ? "--everything takes no prompt"
                    : "show the thing by --point, --box or --scribble, or ask for --everything");
        }
        if (everything && multimask || multimask && boxes.size() > 1) {
            throw new ParameterException(spec.commandLine(), "--multimask answers one prompt");
        }
        List<Prompt> prompts = everything ? List.of() : Usage.of(spec, this::prompts);
        Usage.of(spec, () -> settings(MaskGenerator.Settings.of()));
        if (multimask) {
            output.candidates(spec);
        }
        Consumer<String> note = console.notes(output.quiet);
        Input input = ImageInputs.of(List.of(image), false, output.directory, note).getFirst();
        Image picture = pages.read(input, note);
        output.check(input.file(), weights);
        long start = System.nanoTime();
        try (Weights source = ModelCommands.open(weights, Sam2.KIND, Sam.KIND);
                OutputDirectory _ = new OutputDirectory(output.directory);
                Device opened = device.open();
                PromptModel sam = PromptModel.load(opened, source, imageSize, ModelOptions.of().precision(precision));
                Measurements measured = measure.open(opened);
                AnnotationFiles annotations = annotation.in(output.directory).begin(List.of(MaskOutput.THING))) {
            output.claim(measured, annotations, input);
            List<MaskOutput.Found> found = everything
                    ? everything(sam, picture, settings(sam.everything()))
                    : answers(sam, picture, prompts);
            output.write(console, input.file(), picture, prompts, found, sam.name(), opened.info(),
                    (System.nanoTime() - start) / 1e9);
            output.annotate(annotations, input, picture, found);
            output.measure(console, measured, input.file(), picture, found);
        }
        return ExitCode.OK;
    }

    private MaskGenerator.Settings settings(MaskGenerator.Settings usual) {
        return usual.pointsPerSide(pointsPerSide).thresholds(minIou == null ? usual.iouThreshold() : minIou, minStability)
                .boxIou(nms).cropLayers(cropLayers).minRegionArea(minRegion);
    }

    private List<Prompt> prompts() {
        Prompt shown = new Prompt(List.of(), null, null);
        for (String p : points) {
            double[] xy = PromptText.numbers(p, 2, "--point");
            shown = shown.foreground(xy[0], xy[1]);
        }
        for (String p : background) {
            double[] xy = PromptText.numbers(p, 2, "--background");
            shown = shown.background(xy[0], xy[1]);
        }
        for (Path file : scribbles) {
            shown = shown.and(Prompt.scribble(PromptText.stroke(file)));
        }
        if (boxes.size() > 1 && !shown.points().isEmpty()) {
            throw new BadInputException("points belong to one thing, but there are " + boxes.size()
                    + " boxes: ask for each by itself");
        }
        List<Prompt> all = new ArrayList<>();
        for (String box : boxes) {
            double[] c = PromptText.numbers(box, 4, "--box");
            all.add(Prompt.box(c[0], c[1], c[2], c[3]).and(shown));
        }
        return all.isEmpty() ? List.of(shown) : all;
    }

    private List<MaskOutput.Found> answers(PromptModel sam, Image picture, List<Prompt> prompts) {
        try (ImageView view = sam.look(picture)) {
            List<Prediction> answers = multimask ? view.candidates(prompts.getFirst()) : view.predictAll(prompts);
            return answers.stream().map(MaskOutput.Found::of).toList();
        }
    }

    private List<MaskOutput.Found> everything(PromptModel sam, Image picture, MaskGenerator.Settings settings) {
        try (Progress progress = console.terminal() && !output.quiet
                ? Progress.bar(console, 100, "percent")
                : Progress.none()) {
            int[] done = {0};
            List<GeneratedMask> masks = new MaskGenerator(sam, settings).generate(picture, percent -> {
                for (; done[0] < percent; done[0]++) {
                    progress.step();
                }
            });
            return masks.stream()
                    .map(m -> new MaskOutput.Found(m.mask(), m.iou(), Double.NaN, m.stability()))
                    .toList();
        }
    }
}
