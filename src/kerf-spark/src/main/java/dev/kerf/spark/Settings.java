package dev.kerf.spark;

import dev.kerf.backend.Precision;
import dev.kerf.error.BadInputException;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.onnx.OnnxOptions.Answer;
import dev.kerf.model.unet.SegmentOptions;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** How images are taken through a network: the options of the job and of {@link KerfOptions}, said once. */
final class Settings {
    /** What a row says of an image beside its size, times and error. */
    enum Part {
        /** A PNG of the labels. */
        LABELS,
        /** Run lengths of each object. */
        RLE,
        /** Outlines of each object. */
        POLYGONS,
        /** Area, box and centroid of each object. */
        MEASURES
    }

    /** What an object of labels is. */
    enum Unit {
        /** All pixels of a class. */
        CLASSES,
        /** Pixels of a class that are connected. */
        COMPONENTS
    }

    @Option(names = "--weights", paramLabel = "URI", description = "Weights of the network: safetensors, a PyTorch checkpoint or an ONNX model; a file of the driver or whatever Hadoop reads. By default, for segment, the network that comes with Kerf.")
    String weights;

    @Option(names = "--backend", paramLabel = "NAME", defaultValue = "auto", description = "cpu, cuda, opencl …. By default cuda where Spark gives executors GPUs, else a GPU if there is one, else cpu.")
    String backend;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "f32", converter = Converters.Numbers.class, description = "How numbers are stored and multiplied: f32, tf32x3, tf32, f16 or bf16, if the device has it.")
    Precision precision;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "4", converter = Converters.Count.class, description = "Images that are given to the network at once, and decoded ahead; 4 by default.")
    int batch;

    @Option(names = "--tile", paramLabel = "auto|off|N", defaultValue = "auto", converter = Converters.Tile.class, description = "Side of the tiles that an image is cut into; by default only what doesn't fit is cut.")
    int tile;

    @Option(names = "--scale", paramLabel = "F", defaultValue = "1", converter = Converters.Factor.class, description = "Resizes the image by this factor for a U-Net.")
    double scale;

    @Option(names = "--stream-above", paramLabel = "MIB", defaultValue = "256", converter = Converters.Count.class, description = "TIFF files that take more than this when decoded are read by windows and segmented tile by tile; 256 by default.")
    int streamAbove;

    @Option(names = "--outputs", split = ",", paramLabel = "PART", defaultValue = "labels,rle,measures", description = "One or more of labels (PNG), rle (COCO's run lengths), polygons, measures (area, box, centroid); all but polygons by default.")
    List<Part> outputs;

    @Option(names = "--objects", paramLabel = "classes|components", defaultValue = "classes", description = "What an object of labels is: all pixels of a class, or those that are connected.")
    Unit objects;

    @Option(names = "--min-area", paramLabel = "N", defaultValue = "1", converter = Converters.Count.class, description = "Connected objects of fewer pixels are left out.")
    int minArea;

    @Option(names = "--background", paramLabel = "LABEL", description = "Name or number of the class that is no object, or 'none'. By default a class named background.")
    String background;

    @Option(names = "--classes", split = ",", paramLabel = "NAME", description = "Names of the classes, from label 0; of detectors in the order of their numbers.")
    List<String> classes;

    @Option(names = "--score", paramLabel = "P", converter = Converters.Share.class, description = "Instances: only what scores more counts; 0.5 by default, 0.25 of ONNX models.")
    Double score;

    @Option(names = "--nms", paramLabel = "IOU", converter = Converters.Share.class, description = "Instances: of two of one class that overlap more than this the surer stays; 0.5 by default, 0.7 of ONNX models.")
    Double overlap;

    @Option(names = "--most", paramLabel = "N", converter = Converters.Count.class, description = "Instances: most in an image; 100 by default, 300 of ONNX models.")
    Integer most;

    @Option(names = "--min-size", paramLabel = "N", defaultValue = "800", converter = Converters.Count.class, description = "Detectors: the shorter side of an image is resized to this; 800 by default …")
    int minSize;

    @Option(names = "--max-size", paramLabel = "N", defaultValue = "1333", converter = Converters.Count.class, description = "… unless the longer one would become longer than this; 1333 by default.")
    int maxSize;

    @Option(names = "--input-scale", paramLabel = "F", converter = Converters.Factor.class, description = "ONNX: what samples of 0 ... 255 are multiplied by; by default 1/255.")
    Double inputScale;

    @Option(names = "--mean", split = ",", paramLabel = "M", description = "ONNX: taken off each channel then; by default what the model says, or 0.")
    List<Double> mean;

    @Option(names = "--std", split = ",", paramLabel = "S", description = "ONNX: what each channel is divided by then; by default what the model says, or 1.")
    List<Double> std;

    @Option(names = "--bgr", description = "ONNX: the network takes blue, green, red.")
    boolean bgr;

    @Option(names = "--input-size", paramLabel = "HxW", converter = Converters.Size.class, description = "ONNX: what images are resized to; by default the model's size, or the image's in multiples of 32.")
    int[] inputSize;

    @Option(names = "--output", paramLabel = "NAME", defaultValue = "", description = "ONNX: the output that is taken; by default the first.")
    String output;

    @Option(names = "--result", paramLabel = "auto|classes|sigmoid|labels|matte|instances", defaultValue = "auto", description = "ONNX: what the output means; by default the model or its extents say.")
    Answer answer;

    boolean wants(Part part) {
        return outputs.contains(part);
    }

    Set<Part> parts() {
        return EnumSet.copyOf(outputs);
    }

    SegmentOptions segmenting() {
        return SegmentOptions.of().tile(tile).scale(scale);
    }

    DetectOptions detecting() {
        DetectOptions own = DetectOptions.of().score(score == null ? 0.5f : score.floatValue());
        return own.overlap(overlap == null ? own.overlap() : overlap.floatValue()).most(most == null ? own.most() : most)
                .size(minSize, maxSize);
    }

    /** The class that is no object; -1 for none. */
    int background(List<String> names) {
        if (background == null) {
            return names.indexOf("background");
        }
        if (background.equals("none")) {
            return -1;
        }
        int named = names.indexOf(background);
        for (int i = 0; named < 0 && i < names.size(); i++) {
            named = Integer.toString(i).equals(background) ? i : -1;
        }
        if (named < 0) {
            throw new BadInputException("--background " + background + ": there is no such class; there are "
                    + String.join(", ", names));
        }
        return named;
    }

    /** Names of classes: those that were given, or the network's own. */
    List<String> named(List<String> own) {
        if (classes == null || own.isEmpty()) {
            return own;
        }
        if (classes.size() != own.size()) {
            throw new BadInputException("--classes gives " + classes.size() + " names, the network tells " + own.size()
                    + " classes apart: " + String.join(", ", own));
        }
        return classes;
    }
}
