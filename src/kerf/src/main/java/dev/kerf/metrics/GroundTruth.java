package dev.kerf.metrics;

import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.Rectangle;
import dev.kerf.mask.RunLength;
import org.jspecify.annotations.Nullable;

/**
 * A true object, as detections are compared with it.
 *
 * @param category its class
 * @param area     in pixels, by which it is small, medium or large: COCO's files give it apart from box and mask
 * @param crowd    whether it is a region of many objects: detections in it count neither for nor against
 * @param box      around it; none if only masks are compared
 * @param mask     its pixels; none if only boxes are compared
 */
public record GroundTruth(int category, double area, boolean crowd, @Nullable Rectangle box, @Nullable RunLength mask) {
    /** One object of which the mask is known, not a crowd. */
    public static GroundTruth of(int category, RunLength mask) {
        return new GroundTruth(category, mask.area(), false, Rectangle.of(mask.bounds()), mask);
    }

    /** One object of which only the box is known, not a crowd; its area is the box's. */
    public static GroundTruth of(int category, Rectangle box) {
        return new GroundTruth(category, box.area(), false, box, null);
    }

    /**
     * An annotation with its box and mask.
     *
     * @throws dev.kerf.error.BadFileException if it lacks one of them or they are malformed
     */
    public static GroundTruth of(CocoDataset.Annotation a) {
        return new GroundTruth(a.category(), a.area(), a.crowd(), a.box(), a.mask());
    }
}
