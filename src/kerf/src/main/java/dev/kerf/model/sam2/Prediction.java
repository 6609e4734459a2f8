package dev.kerf.model.sam2;

import dev.kerf.mask.Box;
import dev.kerf.mask.Mask;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.tensor.HostTensor;
import java.lang.foreign.ValueLayout;

/**
 * A mask that answers a prompt.
 *
 * <pre>{@code
 * Prediction p = view.predict(Prompt.point(210, 95));
 * p.mask().get(210, 95);                            // whether the pixel is the thing's
 * p.bounds();                                       // the smallest box around it
 * p.mask().toImage().writePng(Path.of("mask.png"));
 * }</pre>
 *
 * @param logits    one for each pixel of the image, (H, W) float32; above 0 is the thing's
 * @param mask      the thing's pixels
 * @param lowRes    logits of the network's own size, (S/4, S/4) float32 (of SAM 2 within ±32), to refine with another prompt
 * @param iou       how well the network thinks that the mask fits, 0 … 1
 * @param object    logit of the thing being in the image at all; not above 0 if it isn't; NaN of a network that doesn't say
 * @param stability area with the threshold at +1 over the area with it at −1, 0 … 1: how little the mask depends on the
 *                  threshold; 1 if both are empty
 * @param bounds    the smallest box around the mask
 */
public record Prediction(
        HostTensor logits, Mask mask, HostTensor lowRes, float iou, float object, double stability, Box bounds) {
    /** How far from 0 the thresholds of {@link #stability} lie. */
    private static final float OFFSET = 1;

    /** Of a network that says whether the thing is there. */
    static Prediction of(HostTensor logits, HostTensor mask, HostTensor lowRes, float iou, float object) {
        FiniteCheck.require("the image", object);
        return made(logits, mask, lowRes, iou, object);
    }

    /** Of a network that doesn't. */
    static Prediction of(HostTensor logits, HostTensor mask, HostTensor lowRes, float iou) {
        return made(logits, mask, lowRes, iou, Float.NaN);
    }

    private static Prediction made(HostTensor logits, HostTensor mask, HostTensor lowRes, float iou, float object) {
        FiniteCheck.require("the image", iou);
        float[] l = logits.toFloatArray();
        long inner = 0;
        long outer = 0;
        for (float v : l) {
            inner += v > OFFSET ? 1 : 0;
            outer += v > -OFFSET ? 1 : 0;
        }
        Mask of = Mask.of(mask.shape().size(1), mask.shape().size(0), mask.data().toArray(ValueLayout.JAVA_BYTE));
        return new Prediction(logits, of, lowRes, iou, object, outer == 0 ? 1 : (double) inner / outer, of.bounds());
    }
}
