package dev.kerf.serve;

import dev.kerf.error.BadInputException;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.sam2.PromptModel;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.UNet;
import dev.kerf.serve.look.Pointer;
import dev.kerf.serve.look.RegionPointer;
import dev.kerf.serve.look.SamPointer;
import dev.kerf.weights.Weights;
import java.util.Optional;

/**
 * What a {@link Server} answers with; whoever loaded the networks closes them after the server.
 *
 * @param sam     answers prompts
 * @param unet    gives each pixel a class; where there is no SAM, a click selects a connected region of a class
 * @param rcnn    finds things
 * @param weights of SAM, by which features that were kept are told from those of other weights; without them none are
 *                given out or taken in
 */
public record Networks(Optional<PromptModel> sam, Optional<UNet> unet, Optional<MaskRcnn> rcnn, Optional<Weights> weights) {
    /** Checks that there is something to click with. */
    public Networks {
        if (sam.isEmpty() && unet.isEmpty()) {
            throw new BadInputException("a server needs SAM or a U-Net: a click selects with one of them");
        }
    }

    /** SAM alone. */
    public static Networks of(PromptModel sam, Weights weights) {
        return new Networks(Optional.of(sam), Optional.empty(), Optional.empty(), Optional.of(weights));
    }

    /** A U-Net alone. */
    public static Networks of(UNet unet) {
        return new Networks(Optional.empty(), Optional.of(unet), Optional.empty(), Optional.empty());
    }

    /** What follows things through videos: SAM 2, 2.1 or EdgeTAM; null if there is none. */
    Sam2 tracker() {
        return sam.orElse(null) instanceof Sam2 s ? s : null;
    }

    /** What answers clicks. */
    Pointer pointer() {
        return sam.<Pointer>map(SamPointer::new).orElseGet(() -> new RegionPointer(unet.orElseThrow()));
    }
}
