package dev.kerf.model.maskrcnn;

import dev.kerf.graph.TensorType;
import dev.kerf.image.Image;
import dev.kerf.tensor.DType;
import java.util.List;

/**
 * What an executable of a Mask R-CNN is made for. Equal requests share a plan.
 *
 * @param deep      whether samples have 16 bits, not 8
 * @param images    how many images of the same form
 * @param channels  samples of a pixel
 * @param blueFirst whether the first three samples are blue, green, red
 * @param height    rows of an image
 * @param width     columns of an image
 * @param semantic  whether every pixel is to be given a class too
 * @param options   sizes, thresholds and limits
 */
record RcnnRequest(
        boolean deep, int images, int channels, boolean blueFirst, int height, int width, boolean semantic,
        DetectOptions options) {
    /** A size in pixels. */
    record Size(int height, int width) {
        /** The next size whose sides are multiples of {@code step}. */
        Size padded(int step) {
            return new Size(Math.ceilDiv(height, step) * step, Math.ceilDiv(width, step) * step);
        }
    }

    static RcnnRequest of(Image image, int images, boolean semantic, DetectOptions options) {
        return new RcnnRequest(image.bits() > 8, images, image.channels(), image.format().isBlueFirst(), image.height(),
                image.width(), semantic, options);
    }

    TensorType inputType() {
        return TensorType.of(deep ? DType.U16 : DType.U8, images, height, width, channels);
    }

    /** The samples that make red, green, blue, or blue, green, red; grey fills all three. */
    List<Integer> sampleOrder(boolean blueWanted) {
        if (channels < 3) {
            return List.of(0, 0, 0);
        }
        return blueFirst == blueWanted ? List.of(0, 1, 2) : List.of(2, 1, 0);
    }

    /**
     * The size that the network sees. torchvision computes the factor in float32 and cuts the product off; Detectron2
     * rounds, and after the shorter side the longer.
     */
    Size resized(boolean detectron) {
        int shorter = Math.min(height, width);
        int longer = Math.max(height, width);
        if (!detectron) {
            // torch divides a number by a tensor as the tensor's reciprocal times the number: two roundings.
            double scale = Math.min(1f / shorter * options.minSize(), 1f / longer * options.maxSize());
            return new Size(Math.max(1, (int) Math.floor(height * scale)), Math.max(1, (int) Math.floor(width * scale)));
        }
        double scale = (double) options.minSize() / shorter;
        double h = height < width ? options.minSize() : scale * height;
        double w = height < width ? scale * width : options.minSize();
        if (Math.max(h, w) > options.maxSize()) {
            double less = options.maxSize() / Math.max(h, w);
            h *= less;
            w *= less;
        }
        return new Size(Math.max(1, (int) (h + 0.5)), Math.max(1, (int) (w + 0.5)));
    }
}
