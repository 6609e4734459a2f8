package dev.kerf.model.unet;

import dev.kerf.error.BadWeightsException;
import dev.kerf.json.Json;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import dev.kerf.weights.Weights.TensorInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A U-Net's architecture, read from its weight file: from metadata (keys {@code kerf.*}) where there is any, the rest from
 * the names and shapes of its tensors.
 *
 * <pre>{@code
 * UNetConfig c = UNetConfig.of(Weights.open(Path.of("unet.pt")));
 * c.depth();      // 4
 * c.classNames(); // [class 0, class 1]
 * }</pre>
 *
 * @param names         how the modules are called, and the order of the parts that a decoder joins
 * @param inputChannels planes that the network takes
 * @param widths        channels of each level from the finest to the coarsest; one more than {@link #depth}
 * @param upSampling    how a decoder doubles the size
 * @param norm          what stands between convolution and activation
 * @param statistics    how pixels are normalised
 * @param classNames    one for each class; a network with one logit has two, absent and present
 * @param name          what the network calls itself, or its kind
 */
record UNetConfig(
        UNetNames names, int inputChannels, List<Integer> widths, UpSampling upSampling, Norm norm,
        InputStatistics statistics, List<String> classNames, String name) {
    /** How a decoder doubles the size of its input. */
    enum UpSampling {
        /** A transposed convolution 2×2 of stride 2. */
        TRANSPOSED,
        /** Bilinear with {@code align_corners=True}, as milesial's {@code bilinear=True}: depends on the image's size. */
        BILINEAR
    }

    /** What stands between a convolution and its activation. */
    sealed interface Norm {
        /** Nothing. */
        record None() implements Norm {}

        /**
         * Batch norm with running statistics.
         *
         * @param eps added to the variance
         */
        record Batch(double eps) implements Norm {}

        /**
         * Group norm; instance norm when there are as many groups as channels.
         *
         * @param groups groups, or 0 for one each channel
         * @param eps    added to the variance
         */
        record Group(int groups, double eps) implements Norm {}
    }

    /** How pixels in 0 … 1 become what the network takes. */
    sealed interface InputStatistics {
        /** As they are: milesial's. */
        record None() implements InputStatistics {}

        /** (x − mean) / std with each plane's own mean and population standard deviation over the whole image. */
        record PerImage() implements InputStatistics {}

        /**
         * (x − mean) / std with given numbers for each plane.
         *
         * @param mean of each plane
         * @param std  of each plane, not 0
         */
        record Fixed(List<Double> mean, List<Double> std) implements InputStatistics {
            /** Copies the lists. */
            public Fixed {
                mean = List.copyOf(mean);
                std = List.copyOf(std);
            }
        }
    }

    private static final double TORCH_EPS = 1e-5;

    /** Copies the lists. */
    public UNetConfig {
        widths = List.copyOf(widths);
        classNames = List.copyOf(classNames);
    }

    /** Number of poolings; the image is halved so often. */
    public int depth() {
        return widths.size() - 1;
    }

    /** Logits that the network gives for each pixel. */
    public int logits(Weights weights) {
        return weights.tensor(names.head() + ".weight").shape().size(0);
    }

    /**
     * Reads the architecture of a weight file.
     *
     * @throws BadWeightsException if the tensors are not those of a U-Net, or the metadata contradicts them
     */
    public static UNetConfig of(Weights weights) {
        Map<String, String> meta = weights.metadata();
        String kind = meta.getOrDefault("kerf.model", "unet");
        if (!kind.equals("unet")) {
            throw new BadWeightsException(weights.source() + " holds a model of kind '" + kind + "', not a U-Net");
        }
        UNetNames names = UNetNames.of(weights);
        List<Integer> widths = new ArrayList<>();
        for (int level = 0; level <= names.depth(); level++) {
            widths.add(UNetBlock.of(weights, names.encoder(level), new Norm.None()).outChannels());
        }
        TensorInfo first = weights.find(UNetBlock.of(weights, names.encoder(0), new Norm.None())
                .layers().getFirst().conv() + ".weight").orElseThrow();
        Norm norm = norm(weights, names, meta);
        int logits = head(weights, names).size(0);
        UpSampling up = weights.contains(names.up(names.depth() - 1) + ".weight")
                ? UpSampling.TRANSPOSED
                : UpSampling.BILINEAR;
        if (up == UpSampling.TRANSPOSED) {
            IntStream.range(0, names.depth()).forEach(level -> requireDoubling(weights, names.up(level) + ".weight"));
        }
        check(meta, "kerf.up", up == UpSampling.TRANSPOSED ? "transposed" : "bilinear", weights);
        check(meta, "kerf.input.channels", Long.toString(first.shape().dim(1)), weights);
        return new UNetConfig(names, first.shape().size(1), widths, up, norm,
                statistics(meta, names, first.shape().size(1), weights), classNames(meta, logits, weights),
                meta.getOrDefault("kerf.name", "U-Net"));
    }

    private static void requireDoubling(Weights weights, String tensor) {
        Shape s = weights.tensor(tensor).shape();
        if (s.rank() != 4 || s.dim(2) != 2 || s.dim(3) != 2) {
            throw new BadWeightsException(weights.source() + ": tensor \"" + tensor + "\" has shape " + s
                    + ", expected a transposed convolution that doubles the size (channels in, channels out, 2, 2)");
        }
    }

    private static Shape head(Weights weights, UNetNames names) {
        Shape s = weights.tensor(names.head() + ".weight").shape();
        if (s.rank() != 4 || s.dim(2) != 1 || s.dim(3) != 1) {
            throw new BadWeightsException(weights.source() + ": tensor \"" + names.head() + ".weight\" has shape " + s
                    + ", expected a 1×1 convolution (classes, channels, 1, 1)");
        }
        return s;
    }

    private static Norm norm(Weights weights, UNetNames names, Map<String, String> meta) {
        UNetBlock.Layer layer = UNetBlock.of(weights, names.encoder(0), new Norm.None()).layers().getFirst();
        double eps = number(meta, "kerf.norm.eps", TORCH_EPS, weights);
        if (layer.norm() == null) {
            check(meta, "kerf.norm", "none", weights);
            return new Norm.None();
        }
        if (weights.contains(layer.norm() + ".running_mean")) {
            check(meta, "kerf.norm", "batch", weights);
            return new Norm.Batch(eps);
        }
        int groups = (int) number(meta, "kerf.norm.groups", 0, weights);
        check(meta, "kerf.norm", groups == 0 ? "instance" : "group", weights);
        return new Norm.Group(groups, eps);
    }

    private static InputStatistics statistics(
            Map<String, String> meta, UNetNames names, int channels, Weights weights) {
        String how = meta.getOrDefault("kerf.input.normalise", names.normalisesEachImage() ? "image" : "none");
        return switch (how) {
            case "none" -> new InputStatistics.None();
            case "image" -> new InputStatistics.PerImage();
            case "fixed" -> new InputStatistics.Fixed(numbers(meta, "kerf.input.mean", channels, weights),
                    numbers(meta, "kerf.input.std", channels, weights));
            default -> throw new BadWeightsException(weights.source() + ": metadata kerf.input.normalise is '" + how
                    + "', expected none, image or fixed");
        };
    }

    private static List<String> classNames(Map<String, String> meta, int logits, Weights weights) {
        int classes = Math.max(2, logits);
        String text = meta.get("kerf.classes");
        if (text == null) {
            return IntStream.range(0, classes).mapToObj(i -> "class " + i).toList();
        }
        List<String> read = Json.parse(text).items().stream().map(Json::asString).toList();
        if (read.size() != classes) {
            throw new BadWeightsException(weights.source() + ": metadata kerf.classes names " + read.size()
                    + " classes, the network tells " + classes + " apart");
        }
        return read;
    }

    private static double number(Map<String, String> meta, String key, double otherwise, Weights weights) {
        try {
            return Double.parseDouble(meta.getOrDefault(key, Double.toString(otherwise)));
        } catch (NumberFormatException e) {
            throw new BadWeightsException(weights.source() + ": metadata " + key + " is '" + meta.get(key)
                    + "', expected a number", e);
        }
    }

    private static List<Double> numbers(Map<String, String> meta, String key, int count, Weights weights) {
        List<Double> read = Optional.ofNullable(meta.get(key))
                .map(t -> Json.parse(t).items().stream().map(Json::asDouble).toList())
                .orElse(List.of());
        if (read.size() != count) {
            throw new BadWeightsException(weights.source() + ": metadata " + key + " has " + read.size()
                    + " numbers, expected one for each of " + count + " planes");
        }
        return read;
    }

    private static void check(Map<String, String> meta, String key, String found, Weights weights) {
        String said = meta.getOrDefault(key, found);
        if (!said.equals(found)) {
            throw new BadWeightsException(weights.source() + ": metadata " + key + " is '" + said
                    + "', the tensors say '" + found + "'");
        }
    }
}
