package dev.kerf.model.sam2;

import dev.kerf.tensor.HostTensor;

/**
 * A mask that answers a prompt.
 *
 * <pre>{@code
 * Prediction p = view.predict(Prompt.point(210, 95));
 * p.contains(210, 95); // whether the pixel is the thing's
 * p.bounds();          // the smallest box around it
 * }</pre>
 *
 * @param logits    one for each pixel of the image, (H, W) float32; above 0 is the thing's
 * @param mask      whether each pixel is the thing's, (H, W) U8, 0 or 1
 * @param lowRes    logits of the network's own size, (S/4, S/4) float32 within ±32, to refine with another prompt
 * @param iou       how well the network thinks that the mask fits, 0 … 1
 * @param object    logit of the thing being in the image at all; not above 0 if it isn't
 * @param stability area with the threshold at +1 over the area with it at −1, 0 … 1: how little the mask depends on the
 *                  threshold; 1 if both are empty
 * @param bounds    the smallest box around the mask
 */
public record Prediction(
        HostTensor logits, HostTensor mask, HostTensor lowRes, float iou, float object, double stability, Bounds bounds) {
    /**
     * A box of whole pixels.
     *
     * @param x      left column
     * @param y      top row
     * @param width  columns; 0 if there is no pixel
     * @param height rows; 0 likewise
     */
    public record Bounds(int x, int y, int width, int height) {}

    /** How far from 0 the thresholds of {@link #stability} lie. */
    private static final float OFFSET = 1;

    static Prediction of(HostTensor logits, HostTensor mask, HostTensor lowRes, float iou, float object) {
        float[] l = logits.toFloatArray();
        int width = logits.shape().size(1);
        long inner = 0;
        long outer = 0;
        int left = width;
        int right = -1;
        int top = -1;
        int bottom = -1;
        for (int i = 0; i < l.length; i++) {
            inner += l[i] > OFFSET ? 1 : 0;
            outer += l[i] > -OFFSET ? 1 : 0;
            if (l[i] > 0) {
                left = Math.min(left, i % width);
                right = Math.max(right, i % width);
                top = top < 0 ? i / width : top;
                bottom = i / width;
            }
        }
        Bounds bounds = right < 0 ? new Bounds(0, 0, 0, 0) : new Bounds(left, top, right - left + 1, bottom - top + 1);
        return new Prediction(logits, mask, lowRes, iou, object, outer == 0 ? 1 : (double) inner / outer, bounds);
    }

    /** Columns. */
    public int width() {
        return mask.shape().size(1);
    }

    /** Rows. */
    public int height() {
        return mask.shape().size(0);
    }

    /** Whether the pixel is the thing's. */
    public boolean contains(int x, int y) {
        return mask.getLong((long) y * width() + x) != 0;
    }

    /** Pixels of the mask. */
    public long area() {
        long n = 0;
        for (long i = 0; i < mask.elements(); i++) {
            n += mask.getLong(i);
        }
        return n;
    }
}
