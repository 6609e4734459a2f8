package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.CocoResults;
import dev.kerf.mask.Instance;
import dev.kerf.mask.Rectangle;
import dev.kerf.mask.RunLength;
import org.jspecify.annotations.Nullable;

/**
 * A detected object, as it is compared with the truth.
 *
 * @param category its class
 * @param score    the greater, the surer
 * @param area     in pixels, by which an unmatched one is small, medium or large
 * @param box      around it; none if only masks are compared
 * @param mask     its pixels; none if only boxes are compared
 */
public record Detection(int category, double score, double area, @Nullable Rectangle box, @Nullable RunLength mask) {
    /** Checks the score. */
    public Detection {
        if (!Double.isFinite(score)) {
            throw new BadInputException("a detection of category " + category + " with score " + score);
        }
    }

    /** An instance; its area is the box's, as pycocotools takes it of results that have boxes. */
    public static Detection of(Instance instance) {
        return new Detection(instance.category(), instance.score(), instance.box().area(), instance.box(),
                instance.mask());
    }

    /** What is known by its box; its area is the box's. */
    public static Detection of(int category, double score, Rectangle box) {
        return new Detection(category, score, box.area(), box, null);
    }

    /** What is known by its mask; its area is the mask's. */
    public static Detection of(int category, double score, RunLength mask) {
        return new Detection(category, score, mask.area(), Rectangle.of(mask.bounds()), mask);
    }

    /**
     * A result with its box and mask.
     *
     * @throws dev.kerf.error.BadFileException if they are malformed
     */
    public static Detection of(CocoResults.Result r) {
        return new Detection(r.category(), r.score(), r.area(), r.box(), r.mask());
    }
}
