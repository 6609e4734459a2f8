package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.cli.option.ModelCommands;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.cli.option.WeightsPath;
import dev.kerf.error.BadInputException;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import picocli.CommandLine.Option;

/** Which detector, and what it looks for. */
final class DetectorOptions {
    @Option(names = "--weights", required = true, paramLabel = "FILE|NAME", converter = WeightsPath.class, description = "A Mask R-CNN: safetensors, a PyTorch checkpoint of torchvision, one of Detectron2 (.pkl, .pth), or the"
            + " name of fetched weights, such as maskrcnn-resnet50-fpn.")
    private Path file;

    @Option(names = "--score", paramLabel = "P", defaultValue = "0.5", description = "Only what scores more counts, 0 to 1; 0.5 by default, COCO's evaluation wants 0.05.")
    private float score;

    @Option(names = "--nms", paramLabel = "IOU", defaultValue = "0.5", description = "Of two things of one class that overlap more than this the surer stays; 0.5 by default.")
    private float overlap;

    @Option(names = "--most", paramLabel = "N", defaultValue = "100", description = "Most things in an image; 100 by default.")
    private int most;

    @Option(names = "--min-size", paramLabel = "N", defaultValue = "800", description = "The shorter side of an image is resized to this; 800 by default …")
    private int minSize;

    @Option(names = "--max-size", paramLabel = "N", defaultValue = "1333", description = "… unless the longer one would become longer than this; 1333 by default.")
    private int maxSize;

    @Option(names = "--classes", split = ",", paramLabel = "NAME", description = "Names of the classes of things in order of their numbers; those of stuff may follow.")
    private List<String> classes;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "f32", converter = PrecisionConverter.class, description = "How numbers are stored and multiplied: f32, tf32x3, tf32, f16 or bf16, if the device has it.")
    private Precision precision;

    @Option(names = "--out", paramLabel = "DIR", defaultValue = ".", description = "Where files go; made if it isn't there. By default the current directory.")
    Path directory;

    @Option(names = "--overlay", negatable = true, defaultValue = "true", fallbackValue = "true", description = "Also draws what is found over the image, NAME-overlay.png; on by default.")
    boolean overlay;

    @Option(names = "--legend", negatable = true, defaultValue = "true", fallbackValue = "true", description = "The overlay says what each thing is; on by default.")
    boolean legend;

    @Option(names = "--video", paramLabel = "ENDING", converter = VideoEnding.class, description = "Of videos and cameras the overlays become one video, NAME-overlay.ENDING (gif, y4m, or mp4 and others through ffmpeg), rather than a PNG a frame.")
    String video;

    @Option(names = "--quiet", description = "Writes nothing on the terminal but errors.")
    boolean quiet;

    @Option(names = "--json", description = "Writes one JSON document on standard output.")
    boolean json;

    /** Where the weights are. */
    Path file() {
        return file;
    }

    /** The network on a device, to be closed; as precise as asked for. */
    MaskRcnn load(Device device, Weights weights) {
        return MaskRcnn.load(device, weights, ModelOptions.of().precision(precision));
    }

    /** Opens the weights, to be closed. */
    Weights open() {
        return ModelCommands.open(file, MaskRcnn.KIND);
    }

    /**
     * What categories are called: as the user says or as the file does.
     *
     * @throws BadInputException if there are more or fewer names than classes
     */
    IntFunction<String> names(MaskRcnn net) {
        if (classes == null) {
            return net::className;
        }
        List<Integer> numbers = new ArrayList<>(net.categories());
        if (classes.size() != numbers.size()) {
            numbers.addAll(net.stuffCategories());
        }
        if (classes.size() != numbers.size()) {
            throw new BadInputException("--classes gives " + classes.size() + " names, the network tells "
                    + net.categories().size() + " classes of things apart"
                    + (net.isPanoptic() ? " and " + net.stuffCategories().size() + " of stuff" : ""));
        }
        Map<Integer, String> given = new HashMap<>();
        for (int i = 0; i < classes.size(); i++) {
            given.put(numbers.get(i), classes.get(i));
        }
        return category -> given.getOrDefault(category, net.className(category));
    }

    /** @throws BadInputException saying which option is out of range */
    DetectOptions options() {
        return DetectOptions.of().score(score).overlap(overlap).most(most).size(minSize, maxSize);
    }
}
