package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import java.util.Objects;

/**
 * One object that was found in an image.
 *
 * @param category number of its class, 0 or more: in COCO files the category's id
 * @param score    how sure the detector is, usually 0 to 1; the greater, the surer
 * @param box      around it, as the detector gives it, which needn't be the mask's own
 * @param mask     its pixels, of the image's size; may be empty
 */
public record Instance(int category, double score, Rectangle box, RunLength mask) {
    /** Checks category and score. */
    public Instance {
        if (category < 0 || !Double.isFinite(score)) {
            throw new BadInputException("an instance of category " + category + " with score " + score
                    + "; categories are 0 or more, scores finite");
        }
        Objects.requireNonNull(box);
        Objects.requireNonNull(mask);
    }

    /** An instance whose box is the smallest around its mask. */
    public Instance(int category, double score, RunLength mask) {
        this(category, score, Rectangle.of(mask.bounds()), mask);
    }
}
