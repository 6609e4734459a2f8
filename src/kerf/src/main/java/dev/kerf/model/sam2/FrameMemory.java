package dev.kerf.model.sam2;

import dev.kerf.tensor.HostTensor;

/** What is known of one object in one frame: its mask, and where its memory and pointer lie. */
final class FrameMemory {
    /** Not on the device. */
    static final int NOWHERE = -1;

    /** Logits (S/4, S/4), holes filled. */
    final HostTensor mask;
    /** Logit of the object being there. */
    final float object;
    /** Predicted IoU of the mask. */
    final float iou;
    /** The object pointer, (256). */
    final HostTensor pointer;
    /** The memory, (grid², 64), while it has no slot. */
    HostTensor stored;
    /** In the rings; {@link #NOWHERE} if it has none. */
    int slot = NOWHERE;
    /** When it was last needed. */
    long used;

    FrameMemory(HostTensor mask, float object, float iou, HostTensor pointer) {
        this.mask = mask;
        this.object = object;
        this.iou = iou;
        this.pointer = pointer;
    }

    /** Bytes that it takes on the heap. */
    long bytes() {
        return mask.data().byteSize() + pointer.data().byteSize() + (stored == null ? 0 : stored.data().byteSize());
    }

    /** Whether the frame was put into memory: not yet, if it has only been prompted. */
    boolean remembered() {
        return slot != NOWHERE || stored != null;
    }
}
