package dev.kerf.model.unet;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.TensorType;
import dev.kerf.image.Picture;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * What an executable of a U-Net is made for: the form and size of its input and what it gives. Equal requests share a plan.
 *
 * @param source    what the caller hands over
 * @param form      of pictures; planes have none
 * @param images    how many images of that form
 * @param channels  planes; 0 for pictures
 * @param height    rows of the input
 * @param width     columns of the input
 * @param netHeight rows that the network sees; differs from {@code height} if the image is resized
 * @param netWidth  columns that the network sees
 * @param wanted    what is computed
 */
record UNetRequest(
        Source source, Picture.@Nullable Form form, int images, int channels, int height, int width, int netHeight,
        int netWidth, Wanted wanted) {
    /** Forms of input. */
    enum Source {
        /** Pixels. */
        PICTURES,
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

    static UNetRequest of(Picture.Form form, int images, Wanted wanted) {
        return new UNetRequest(Source.PICTURES, form, images, 0, form.height(), form.width(), form.height(), form.width(),
                wanted);
    }

    /** Planes (C, H, W), or one plane (H, W). */
    static UNetRequest of(HostTensor planes, Source source, Wanted wanted) {
        Shape s = planes.shape();
        if (planes.dtype() != DType.F32 || s.rank() < 2 || s.rank() > 3 || s.elements() == 0) {
            throw new BadInputException("an image as a tensor must be F32 (channels, height, width) or (height, width), "
                    + "not " + planes);
        }
        return planes(source, s.rank() == 3 ? s.size(0) : 1, s.size(-2), s.size(-1), wanted);
    }

    /** Planes of a size. */
    static UNetRequest planes(Source source, int channels, int height, int width, Wanted wanted) {
        return new UNetRequest(source, null, 1, channels, height, width, height, width, wanted);
    }

    UNetRequest resized(int h, int w) {
        return new UNetRequest(source, form, images, channels, height, width, h, w, wanted);
    }

    UNetRequest wanting(Wanted other) {
        return new UNetRequest(source, form, images, channels, height, width, netHeight, netWidth, other);
    }

    boolean isResized() { return netHeight != height || netWidth != width; }

    TensorType inputType() {
        return source == Source.PICTURES
                ? PictureInput.type(form, images)
                : TensorType.f32(images, channels, height, width);
    }
}
