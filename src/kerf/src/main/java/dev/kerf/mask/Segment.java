package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import java.util.Objects;

/**
 * A part of a panoptic picture: one thing, or all of one kind of stuff.
 *
 * @param id       1 to 2^24 − 1, the value of its pixels
 * @param category number of its class, 0 or more: in COCO files the category's id
 * @param crowd    whether it is a region of many things, which only truths have
 * @param area     in pixels
 * @param box      around its pixels
 */
public record Segment(int id, int category, boolean crowd, long area, Box box) {
    static final int MOST_ID = (1 << 24) - 1;

    /** Checks the numbers. */
    public Segment {
        if (id < 1 || id > MOST_ID || category < 0 || area < 0) {
            throw new BadInputException("a segment of id " + id + ", category " + category + " and " + area
                    + " pixels; ids are 1 to 2^24 - 1, categories and areas not negative");
        }
        Objects.requireNonNull(box);
    }
}
