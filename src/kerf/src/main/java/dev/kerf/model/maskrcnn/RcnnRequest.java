package dev.kerf.model.maskrcnn;

import dev.kerf.image.Picture;

/**
 * What an executable of a Mask R-CNN is made for. Equal requests share a plan.
 *
 * @param form     size and layout of a picture
 * @param images   how many pictures of that form
 * @param semantic whether every pixel is to be given a class too
 * @param options  sizes, thresholds and limits
 */
record RcnnRequest(Picture.Form form, int images, boolean semantic, DetectOptions options) {
    /** A size in pixels. */
    record Size(int height, int width) {
        /** The next size whose sides are multiples of {@code step}. */
        Size padded(int step) {
            return new Size(Math.ceilDiv(height, step) * step, Math.ceilDiv(width, step) * step);
        }
    }

    /** Rows of a picture. */
    int height() {
        return form.height();
    }

    /** Columns of a picture. */
    int width() {
        return form.width();
    }

    /**
     * The size that the network sees. torchvision (0.29.1; 0.14.1 had the factor in float32) cuts the product off, so that
     * a side can be one less than asked for; Detectron2 rounds, and after the shorter side the longer.
     */
    Size resized(boolean detectron) {
        int height = height();
        int width = width();
        int shorter = Math.min(height, width);
        int longer = Math.max(height, width);
        if (!detectron) {
            double scale = Math.min((double) options.minSize() / shorter, (double) options.maxSize() / longer);
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
