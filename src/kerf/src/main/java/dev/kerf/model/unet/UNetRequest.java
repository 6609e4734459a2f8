package dev.kerf.model.unet;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.TensorType;
import dev.kerf.image.Image;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What an executable of a U-Net is made for: the form and size of its input and what it gives. Equal requests share a plan.
 *
 * @param source    what the caller hands over
 * @param channels  samples of a pixel, or planes
 * @param blueFirst whether the first three samples are blue, green, red
 * @param height    rows of the input
 * @param width     columns of the input
 * @param netHeight rows that the network sees; differs from {@code height} if the image is resized
 * @param netWidth  columns that the network sees
 * @param wanted    what is computed
 */
record UNetRequest(
        Source source, int channels, boolean blueFirst, int height, int width, int netHeight, int netWidth,
        Wanted wanted) {
    /** Forms of input. */
    enum Source {
        /** Interleaved 8-bit samples. */
        PIXELS_U8,
        /** Interleaved 16-bit samples. */
        PIXELS_U16,
        /** float32 planes, to be normalised. */
        PLANES,
        /** float32 planes as the network takes them. */
        NORMALISED,
        /** float32 logits, one plane for each: only resized and labelled. */
        LOGITS
    }

    /** Parts of the way from image to labels. */
    enum Wanted {
        /** Labels. */
        LABELS,
        /** Labels and logits. */
        LABELS_AND_LOGITS,
        /** Only what the network takes: resized and normalised planes. */
        NORMALISED,
        /** Everything, for tracing. */
        EVERYTHING
    }

    static UNetRequest of(Image image, Wanted wanted) {
        Source source = image.bits() == 8 ? Source.PIXELS_U8 : Source.PIXELS_U16;
        return new UNetRequest(source, image.channels(), image.format().isBlueFirst(), image.height(), image.width(),
                image.height(), image.width(), wanted);
    }

    /** Planes (C, H, W), or one plane (H, W). */
    static UNetRequest of(HostTensor planes, Source source, Wanted wanted) {
        Shape s = planes.shape();
        if (planes.dtype() != DType.F32 || s.rank() < 2 || s.rank() > 3 || s.elements() == 0) {
            throw new BadInputException("an image as a tensor must be F32 (channels, height, width) or (height, width), "
                    + "not " + planes);
        }
        int h = s.size(-2);
        int w = s.size(-1);
        return new UNetRequest(source, s.rank() == 3 ? s.size(0) : 1, false, h, w, h, w, wanted);
    }

    UNetRequest resized(int h, int w) {
        return new UNetRequest(source, channels, blueFirst, height, width, h, w, wanted);
    }

    UNetRequest wanting(Wanted other) {
        return new UNetRequest(source, channels, blueFirst, height, width, netHeight, netWidth, other);
    }

    boolean isResized() {
        return netHeight != height || netWidth != width;
    }

    TensorType inputType() {
        return switch (source) {
            case PIXELS_U8 -> TensorType.of(DType.U8, 1, height, width, channels);
            case PIXELS_U16 -> TensorType.of(DType.U16, 1, height, width, channels);
            case PLANES, NORMALISED, LOGITS -> TensorType.f32(1, channels, height, width);
        };
    }

    /**
     * Which samples make the network's planes, and whether they are mixed to luma.
     *
     * @throws BadInputException if the image has no such channels
     */
    boolean luma(int planes) {
        return planes == 1 && channels >= 3;
    }

    List<Integer> sampleOrder(int planes) {
        List<Integer> colours = blueFirst ? List.of(2, 1, 0) : List.of(0, 1, 2);
        if (luma(planes) || planes == 3 && channels >= 3) {
            return colours;
        }
        if (planes == 1 || planes == 3) {
            return IntStream.range(0, planes).mapToObj(i -> 0).toList();
        }
        if (planes != channels) {
            throw new BadInputException("the network takes " + planes + " channels, the image has " + channels
                    + ": give an image with " + planes + " channels, or a tensor (" + planes + ", height, width)");
        }
        return IntStream.range(0, planes).boxed().toList();
    }
}
