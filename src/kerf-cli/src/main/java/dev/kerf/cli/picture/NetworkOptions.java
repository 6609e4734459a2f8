package dev.kerf.cli.picture;

import dev.kerf.backend.Precision;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.json.Json;
import dev.kerf.model.onnx.OnnxOptions;
import dev.kerf.model.onnx.OnnxOptions.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoublePredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How a network of an ONNX model is given pictures and what its result means, where its file doesn't say. */
final class NetworkOptions {
    /** Ultralytics' way to name classes: a dictionary as Python prints it. */
    private static final Pattern NAMED = Pattern.compile("(\\d+)\\s*:\\s*(?:'([^']*)'|\"([^\"]*)\")");

    @Option(names = "--input-scale", paramLabel = "F", converter = Factor.class, description = "ONNX: what samples of 0 ... 255 are multiplied by; by default 1/255.")
    private Double scale;

    @Option(names = "--mean", split = ",", paramLabel = "M", converter = Mean.class, description = "ONNX: taken off each channel then; one number or one a channel. By default what the model says, or 0.")
    private List<Double> mean;

    @Option(names = "--std", split = ",", paramLabel = "S", converter = Deviation.class, description = "ONNX: what each channel is divided by then; by default what the model says, or 1.")
    private List<Double> std;

    @Option(names = "--bgr", description = "ONNX: the network takes blue, green, red.")
    private boolean bgr;

    @Option(names = "--input-size", paramLabel = "HxW", converter = PictureSize.Converter.class, description = "ONNX: what images are resized to; by default the model's size, or the image's in multiples of 32.")
    private PictureSize size;

    @Option(names = "--output", paramLabel = "NAME", defaultValue = "", description = "ONNX: the output that is taken; by default the first.")
    private String output;

    @Option(names = "--result", paramLabel = "auto|classes|sigmoid|labels|matte|instances", defaultValue = "auto", description = "ONNX: what the output means: classes of which the largest counts, classes each by itself, labels, a matte, or instances of rows and prototypes (YOLO). By default the model or its extents say.")
    private Answer answer;

    @Option(names = "--score", paramLabel = "P", converter = Share.class, description = "ONNX, instances: only what scores more counts, 0 to 1; 0.25 by default.")
    private Double score;

    @Option(names = "--nms", paramLabel = "IOU", converter = Share.class, description = "ONNX, instances: of two things of one class whose boxes overlap more than this the surer stays; 0.7 by default.")
    private Double overlap;

    @Option(names = "--most", paramLabel = "N", converter = Number.class, description = "ONNX, instances: most things in an image; 300 by default.")
    private Integer most;

    /** Whether any of these is given, which only an ONNX model takes. */
    boolean given() {
        return scale != null || mean != null || std != null || bgr || size != null || !output.isEmpty()
                || answer != Answer.AUTO || score != null || overlap != null || most != null;
    }

    OnnxOptions of(OnnxModel model, Precision precision) {
        OnnxOptions out = OnnxOptions.of().precision(precision).scale(scale == null ? 1 / 255.0 : scale)
                .mean(mean == null ? said(model, "kerf.input.mean") : mean)
                .std(std == null ? said(model, "kerf.input.std") : std).blueFirst(bgr).answer(answer).output(output);
        out = out.instances(score == null ? out.score() : score.floatValue(),
                overlap == null ? out.overlap() : overlap.floatValue(), most == null ? out.most() : most);
        return size == null ? out : out.size(size.height(), size.width());
    }

    /** Numbers that Kerf's own exports say. */
    private static List<Double> said(OnnxModel model, String key) {
        String text = model.metadata().get(key);
        if (text == null) {
            return List.of();
        }
        try {
            List<Double> numbers = new ArrayList<>();
            Json.parse(text, key).items().forEach(n -> numbers.add(n.asDouble()));
            return numbers;
        } catch (KerfException e) {
            throw new BadInputException(
                    "the model says " + key + " " + text + ", which is no list of numbers; give --mean and --std",
                    e);
        }
    }

    /** Names of classes that the model says; numbers where it doesn't. */
    static List<String> names(OnnxModel model, int classes) {
        List<String> said = names(model);
        return said.size() == classes
                ? said
                : IntStream.range(0, classes).mapToObj(i -> "class " + i).toList();
    }

    /** Names of classes that the model says. */
    static List<String> names(OnnxModel model) {
        List<String> said = new ArrayList<>();
        String own = model.metadata().get("kerf.classes");
        if (own != null) {
            Json.parse(own, "kerf.classes").items().forEach(n -> said.add(n.asString()));
        } else {
            Matcher m = NAMED.matcher(model.metadata().getOrDefault("names", ""));
            while (m.find()) {
                said.add(m.group(2) != null ? m.group(2) : m.group(3));
            }
        }
        return said;
    }

    private static double number(String text, String expected, DoublePredicate fits) {
        try {
            double value = Double.parseDouble(text);
            if (fits.test(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + text + "': expected " + expected);
        }
        throw new TypeConversionException("'" + text + "': expected " + expected);
    }

    /** Reads a factor. */
    static final class Factor implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return number(text, "a number that isn't 0", v -> v != 0 && Double.isFinite(v));
        }
    }

    /** Reads a share. */
    static final class Share implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return number(text, "a number from 0 to 1", v -> v >= 0 && v <= 1);
        }
    }

    /** Reads how many. */
    static final class Number implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) number(text, "a whole number from 1 to 10000", v -> v >= 1 && v <= 10_000 && v == Math.rint(v));
        }
    }

    /** Reads a mean. */
    static final class Mean implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return number(text, "a number", Double::isFinite);
        }
    }

    /** Reads a standard deviation. */
    static final class Deviation implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return number(text, "a number above 0", v -> v > 0 && Double.isFinite(v));
        }
    }
}
