package dev.kerf.model.maskrcnn;

import dev.kerf.error.BadInputException;

/**
 * How instances are looked for. The defaults are upstream's.
 *
 * <pre>{@code DetectOptions.of().score(0.5f).size(480, 800)}</pre>
 *
 * @param score     a detection counts if its score is larger; 0 … 1
 * @param overlap   IoU above which the lesser of two detections of one class goes; 0 … 1
 * @param most      most detections of an image
 * @param proposals most proposals of an image, and candidates of each level before suppression
 * @param minSize   the shorter side of the image is resized to this…
 * @param maxSize   …unless the longer one would become longer than this; at most {@link #MOST_SIZE}
 */
public record DetectOptions(float score, float overlap, int most, int proposals, int minSize, int maxSize) {
    /** The largest side that an image is resized to. */
    public static final int MOST_SIZE = 1 << 13;

    private static final DetectOptions DEFAULT = new DetectOptions(0.05f, 0.5f, 100, 1000, 800, 1333);

    /** Checks the ranges. */
    public DetectOptions {
        if (!(score >= 0 && score <= 1) || !(overlap >= 0 && overlap <= 1)) {
            throw new BadInputException("score " + score + " and overlap " + overlap + " must be within 0 … 1");
        }
        if (most < 1 || proposals < 1) {
            throw new BadInputException("at least one detection and one proposal, not " + most + ", " + proposals);
        }
        if (minSize < 1 || maxSize < minSize || maxSize > MOST_SIZE) {
            throw new BadInputException("sizes " + minSize + " and " + maxSize + ": 1 to " + MOST_SIZE + ", ascending");
        }
    }

    /** Upstream's: score 0.05, overlap 0.5, 100 detections of 1000 proposals, sides 800 and 1333. */
    public static DetectOptions of() {
        return DEFAULT;
    }

    /** This with another least score. */
    public DetectOptions score(float least) {
        return new DetectOptions(least, overlap, most, proposals, minSize, maxSize);
    }

    /** This with another IoU of suppression. */
    public DetectOptions overlap(float iou) {
        return new DetectOptions(score, iou, most, proposals, minSize, maxSize);
    }

    /** This with another number of detections at most. */
    public DetectOptions most(int detections) {
        return new DetectOptions(score, overlap, detections, proposals, minSize, maxSize);
    }

    /** This with another number of proposals at most. */
    public DetectOptions proposals(int n) {
        return new DetectOptions(score, overlap, most, n, minSize, maxSize);
    }

    /** This with other sides to resize to. */
    public DetectOptions size(int min, int max) {
        return new DetectOptions(score, overlap, most, proposals, min, max);
    }
}
