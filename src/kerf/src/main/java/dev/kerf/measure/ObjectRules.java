package dev.kerf.measure;

import dev.kerf.error.BadInputException;

/**
 * How masks are taken apart into objects. A mask is first opened, then closed, its holes are filled, it is taken apart into what is
 * connected, where objects touch those are told apart, and what is too small or too large is left out, in this order.
 *
 * <pre>{@code
 * ObjectRules.of().fillHoles(Long.MAX_VALUE).split(ObjectRules.USUAL_DEPTH).areas(20, Long.MAX_VALUE);
 * }</pre>
 *
 * @param connectivity 4 where pixels are joined that share an edge, 8 where those that share a corner are, too; {@link #WHOLE} where
 *                     all pixels of a mask are one object
 * @param open         radius of the disc by which a mask is opened, in pixels; 0 for none: takes away what no such disc fits into
 * @param close        radius of the disc by which it is closed; 0 for none: fills what no such disc beside the mask fits into
 * @param fillHoles    pixels of the largest holes that are filled; 0 for none
 * @param split        how much lower, in pixels, the distance from the outside must be between two middles of an object for it to be
 *                     two that touch; {@link #NO_SPLIT} for never
 * @param minArea      fewest pixels of an object
 * @param maxArea      most pixels
 */
public record ObjectRules(int connectivity, int open, int close, long fillHoles, double split, long minArea, long maxArea) {
    /** A mask is one object, in however many parts. */
    public static final int WHOLE = 0;
    /** Objects that touch are one. */
    public static final double NO_SPLIT = Double.POSITIVE_INFINITY;
    /** Of {@link #split}: what ImageJ takes for its watershed. */
    public static final double USUAL_DEPTH = 0.5;

    private static final int MOST_RADIUS = 1 << 15;

    /** Checks the ranges. */
    public ObjectRules {
        if (connectivity != 4 && connectivity != 8 && connectivity != WHOLE) {
            throw new BadInputException("connectivity is 4 or 8, not " + connectivity);
        }
        if (Math.min(open, close) < 0 || Math.max(open, close) > MOST_RADIUS) {
            throw new BadInputException(
                    "opened by " + open + " and closed by " + close + " pixels; radii are 0 to " + MOST_RADIUS);
        }
        if (!(split >= 0) || fillHoles < 0) {
            throw new BadInputException("objects split at a depth of " + split + " pixels, holes filled up to " + fillHoles
                    + "; both are 0 or more");
        }
        if (minArea < 1 || maxArea < minArea) {
            throw new BadInputException("objects of " + minArea + " to " + maxArea + " pixels");
        }
        if (connectivity == WHOLE && split != NO_SPLIT) {
            throw new BadInputException(
                    "what is whole isn't split: connectivity is 4 or 8 where objects that touch are told apart");
        }
    }

    /** Pixels that share an edge or a corner are joined; nothing is cleaned, filled, split or left out. */
    public static ObjectRules of() {
        return new ObjectRules(8, 0, 0, 0, NO_SPLIT, 1, Long.MAX_VALUE);
    }

    /** With this connectivity. */
    public ObjectRules connectivity(int pixels) {
        return new ObjectRules(pixels, open, close, fillHoles, split, minArea, maxArea);
    }

    /** Opened by a disc of this radius. */
    public ObjectRules open(int radius) {
        return new ObjectRules(connectivity, radius, close, fillHoles, split, minArea, maxArea);
    }

    /** Closed by a disc of this radius. */
    public ObjectRules close(int radius) {
        return new ObjectRules(connectivity, open, radius, fillHoles, split, minArea, maxArea);
    }

    /** With holes filled up to so many pixels; {@link Long#MAX_VALUE} fills all. */
    public ObjectRules fillHoles(long most) {
        return new ObjectRules(connectivity, open, close, most, split, minArea, maxArea);
    }

    /** With objects that touch told apart at this depth. */
    public ObjectRules split(double depth) {
        return new ObjectRules(connectivity, open, close, fillHoles, depth, minArea, maxArea);
    }

    /** With objects of so many pixels alone. */
    public ObjectRules areas(long least, long most) {
        return new ObjectRules(connectivity, open, close, fillHoles, split, least, most);
    }

    /** Whether pixels that share a corner only are joined. */
    boolean corners() {
        return connectivity != 4;
    }
}
