package dev.kerf.model.matting;

import dev.kerf.backend.Precision;
import dev.kerf.error.BadInputException;
import java.util.List;

/**
 * How a network that makes mattes is given pictures, where what {@link Matting} takes by itself isn't right.
 *
 * <pre>{@code MattingOptions.of().mean(List.of(0.5)).std(List.of(0.5)).size(512, 512)     // MODNet}</pre>
 *
 * @param precision how numbers are stored and multiplied
 * @param height    rows that a picture is resized to; 0 for what the network was trained with
 * @param width     likewise, columns
 * @param scale     what samples of 0 … 255 are multiplied by; those of 16 bits are brought to that range first
 * @param mean      taken off each channel afterwards: one number or one a channel; empty, with {@code std}, for the network's own
 * @param std       what each channel is then divided by; likewise
 * @param blueFirst whether the channels are blue, green, red
 * @param output    name of an ONNX model's output that is the matte; "" for the first
 */
public record MattingOptions(Precision precision, int height, int width, double scale, List<Double> mean, List<Double> std,
        boolean blueFirst, String output) {
    private static final MattingOptions DEFAULT = new MattingOptions(Precision.FLOAT32, 0, 0, 1 / 255.0, List.of(), List.of(),
            false, "");

    /** Checks the numbers. */
    public MattingOptions {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (!Double.isFinite(scale) || scale == 0) {
            throw new BadInputException("samples times " + scale);
        }
        if (std.stream().anyMatch(s -> !(s > 0) || s.isInfinite()) || mean.stream().anyMatch(m -> !Double.isFinite(m))) {
            throw new BadInputException("a mean of " + mean + ", a standard deviation of " + std);
        }
        if (height < 0 || width < 0 || (height == 0) != (width == 0)) {
            throw new BadInputException("a picture of " + width + "x" + height);
        }
    }

    /** float32, the network's own size and numbers, red first, the first output. */
    public static MattingOptions of() {
        return DEFAULT;
    }

    /** This with another precision. */
    public MattingOptions precision(Precision p) {
        return new MattingOptions(p, height, width, scale, mean, std, blueFirst, output);
    }

    /** This with a size that pictures are resized to. */
    public MattingOptions size(int rows, int columns) {
        return new MattingOptions(precision, rows, columns, scale, mean, std, blueFirst, output);
    }

    /** This with another factor of samples. */
    public MattingOptions scale(double factor) {
        return new MattingOptions(precision, height, width, factor, mean, std, blueFirst, output);
    }

    /** This with means of the channels. */
    public MattingOptions mean(List<Double> means) {
        return new MattingOptions(precision, height, width, scale, means, std, blueFirst, output);
    }

    /** This with standard deviations of the channels. */
    public MattingOptions std(List<Double> deviations) {
        return new MattingOptions(precision, height, width, scale, mean, deviations, blueFirst, output);
    }

    /** This with blue first or not. */
    public MattingOptions blueFirst(boolean first) {
        return new MattingOptions(precision, height, width, scale, mean, std, first, output);
    }

    /** This with another output of an ONNX model. */
    public MattingOptions output(String name) {
        return new MattingOptions(precision, height, width, scale, mean, std, blueFirst, name);
    }

    /** Whether the caller says how samples are normalised. */
    boolean normalised() {
        return !mean.isEmpty() || !std.isEmpty();
    }
}
