package dev.kerf.model.onnx;

import dev.kerf.backend.Precision;
import dev.kerf.error.BadInputException;
import java.util.List;

/**
 * How a network of an ONNX model is given pictures and what its result means; a model's file says neither.
 *
 * <pre>{@code OnnxOptions.of().mean(List.of(0.485, 0.456, 0.406)).std(List.of(0.229, 0.224, 0.225))}</pre>
 *
 * @param precision how numbers are stored and multiplied
 * @param height    rows that a picture is resized to; 0 for the model's, or for the picture's in multiples of 32
 * @param width     likewise, columns
 * @param scale     what samples of 0 … 255 are multiplied by; those of 16 bits are brought to that range first
 * @param mean      taken off each channel afterwards; empty for nothing
 * @param std       what each channel is then divided by; empty for nothing
 * @param blueFirst whether the channels are blue, green, red
 * @param answer    what the result means
 * @param output    name of the output that is taken; "" for the first
 * @param score     an instance counts if its score is larger
 * @param overlap   of two instances of one class whose boxes' IoU is larger the surer stays
 * @param most      most instances of a picture
 */
public record OnnxOptions(Precision precision, int height, int width, double scale, List<Double> mean, List<Double> std,
        boolean blueFirst, Answer answer, String output, float score, float overlap, int most) {
    /** What a network's result means. */
    public enum Answer {
        /** By its type and extents: whole numbers are labels, several channels are classes, one is a matte. */
        AUTO,
        /** A number for each class, the largest of which counts: logits or probabilities. */
        CLASSES,
        /** A logit for each class by itself; a pixel has the largest that is above 0, else none. */
        SIGMOID,
        /** The class of each pixel as a whole number. */
        LABELS,
        /** How much of each pixel belongs, 0 … 1, or its logit. */
        MATTE,
        /**
         * Instances, whose masks are mixed of prototypes: two outputs, rows of boxes, scores and coefficients, and the prototypes
         * (1, K, h, w), as YOLO's models for segmentation have them. The picture is put onto a grey sheet of the model's size.
         * {@code AUTO} takes a model for one whose metadata say {@code task: segment}.
         */
        INSTANCES
    }

    private static final OnnxOptions DEFAULT = new OnnxOptions(Precision.FLOAT32, 0, 0, 1 / 255.0, List.of(), List.of(), false,
            Answer.AUTO, "", 0.25f, 0.7f, 300);

    /** Checks the numbers. */
    public OnnxOptions {
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
        if (!(score >= 0 && score <= 1) || !(overlap >= 0 && overlap <= 1) || most < 1) {
            throw new BadInputException("a score of " + score + ", an overlap of " + overlap + ", " + most
                    + " instances: expected 0 … 1, 0 … 1, at least one");
        }
    }

    /** float32, the model's size or the picture's, samples of 0 … 1, red first, the first output; 300 instances above 0.25, IoU 0.7. */
    public static OnnxOptions of() {
        return DEFAULT;
    }

    /** This with another precision. */
    public OnnxOptions precision(Precision p) {
        return new OnnxOptions(p, height, width, scale, mean, std, blueFirst, answer, output, score, overlap, most);
    }

    /** This with a size that pictures are resized to. */
    public OnnxOptions size(int rows, int columns) {
        return new OnnxOptions(precision, rows, columns, scale, mean, std, blueFirst, answer, output, score, overlap, most);
    }

    /** This with another factor of samples. */
    public OnnxOptions scale(double factor) {
        return new OnnxOptions(precision, height, width, factor, mean, std, blueFirst, answer, output, score, overlap, most);
    }

    /** This with means of the channels. */
    public OnnxOptions mean(List<Double> means) {
        return new OnnxOptions(precision, height, width, scale, means, std, blueFirst, answer, output, score, overlap, most);
    }

    /** This with standard deviations of the channels. */
    public OnnxOptions std(List<Double> deviations) {
        return new OnnxOptions(precision, height, width, scale, mean, deviations, blueFirst, answer, output, score, overlap,
                most);
    }

    /** This with blue first or not. */
    public OnnxOptions blueFirst(boolean first) {
        return new OnnxOptions(precision, height, width, scale, mean, std, first, answer, output, score, overlap, most);
    }

    /** This with another meaning of the result. */
    public OnnxOptions answer(Answer what) {
        return new OnnxOptions(precision, height, width, scale, mean, std, blueFirst, what, output, score, overlap, most);
    }

    /** This with another output. */
    public OnnxOptions output(String name) {
        return new OnnxOptions(precision, height, width, scale, mean, std, blueFirst, answer, name, score, overlap, most);
    }

    /** This with another least score, overlap and number of instances. */
    public OnnxOptions instances(float least, float iou, int number) {
        return new OnnxOptions(precision, height, width, scale, mean, std, blueFirst, answer, output, least, iou, number);
    }
}
