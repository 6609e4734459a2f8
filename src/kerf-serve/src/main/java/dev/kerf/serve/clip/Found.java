package dev.kerf.serve.clip;

import dev.kerf.json.Json;
import dev.kerf.mask.Box;
import dev.kerf.mask.Coco;
import dev.kerf.mask.RunLength;
import dev.kerf.model.sam2.Prediction;

/**
 * An object's mask in a frame.
 *
 * @param object its number
 * @param mask   its pixels, of the frame's size; none if it isn't in the frame
 * @param iou    how well the network thinks that the mask fits
 * @param score  logit of the object being in the frame
 */
public record Found(int object, RunLength mask, Box bounds, double iou, double score) {
    /** A network's. */
    static Found of(int object, Prediction p) {
        return new Found(object, RunLength.encode(p.mask()), p.bounds(), p.iou(), p.object());
    }

    /** As the service sends and keeps it. */
    public Json toJson() {
        return Json.object().put("object", object)
                .put("segmentation", Coco.segmentation(mask, Coco.Form.RUN_LENGTH))
                .put("bbox", new int[] {bounds.x(), bounds.y(), bounds.width(), bounds.height()})
                .put("area", mask.area()).put("iou", iou).put("score", score);
    }

    /** What {@link #toJson} wrote. Throws {@link dev.kerf.error.BadFileException} if it isn't that. */
    static Found of(Json json, int width, int height) {
        RunLength mask = Coco.mask(json.at("segmentation"), width, height);
        return new Found(json.at("object").asInt(), mask, mask.bounds(), json.at("iou").asDouble(),
                json.at("score").asDouble());
    }
}
