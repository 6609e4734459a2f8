package dev.kerf.serve.look;

import dev.kerf.json.Json;
import dev.kerf.mask.Box;
import dev.kerf.mask.RunLength;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.tensor.HostTensor;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A mask that answers a prompt.
 *
 * @param mask   its pixels, of the picture's size
 * @param bounds the smallest box around it
 * @param iou    how well the network thinks that it fits, if it says
 * @param lowRes the network's own logits, to refine with another prompt; none of a region
 * @param label  what it is, if that is known
 */
public record Answer(RunLength mask, Box bounds, OptionalDouble iou, Optional<HostTensor> lowRes, Optional<String> label) {
    /** A network's. */
    static Answer of(ImageView.Outline o) {
        return new Answer(o.mask(), o.bounds(), OptionalDouble.of(o.iou()), Optional.of(o.lowRes()), Optional.empty());
    }

    /** A mask that needs no refining. */
    public static Answer of(RunLength mask, OptionalDouble iou, String label) {
        return new Answer(mask, mask.bounds(), iou, Optional.empty(), Optional.of(label));
    }

    /** As the service sends it: COCO's compressed run lengths, box and area in pixels. */
    public Json toJson() {
        Json json = Json.object()
                .put("segmentation", Json.object().put("size", Json.array().add(mask.height()).add(mask.width()))
                        .put("counts", mask.toCocoString()))
                .put("bbox", Json.array().add(bounds.x()).add(bounds.y()).add(bounds.width()).add(bounds.height()))
                .put("area", mask.area());
        iou.ifPresent(v -> json.put("iou", v));
        label.ifPresent(l -> json.put("label", l));
        return json;
    }
}
