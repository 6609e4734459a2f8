package dev.kerf.model.unet;

import dev.kerf.error.BadInputException;

/**
 * How an image is segmented.
 *
 * <pre>{@code SegmentOptions.of().withLogits().tile(512)}</pre>
 *
 * @param tile   {@link #AUTO}, {@link #WHOLE}, or the side of a tile in pixels, rounded up to what the network needs
 * @param scale  factor by which the image is resized before the network (bicubic, antialiased; the logits are resized
 *               back bilinearly, half-pixel), as milesial's {@code --scale}; 1 for none
 * @param logits whether logits are returned
 */
public record SegmentOptions(int tile, double scale, boolean logits) {
    /** Tiles only if the whole image doesn't fit into a quarter of the device's memory. */
    public static final int AUTO = 0;
    /** Never tiles. */
    public static final int WHOLE = -1;

    private static final SegmentOptions DEFAULT = new SegmentOptions(AUTO, 1, false);

    /** Checks the ranges. */
    public SegmentOptions {
        if (tile < WHOLE) {
            throw new BadInputException("tile " + tile + ": the side in pixels, AUTO or WHOLE");
        }
        if (!(scale > 0 && scale <= 16)) {
            throw new BadInputException("scale " + scale + " is not within 0 … 16");
        }
    }

    /** Tiles where needed, no resizing, labels only. */
    public static SegmentOptions of() {
        return DEFAULT;
    }

    /** This with another tile side. */
    public SegmentOptions tile(int side) {
        return new SegmentOptions(side, scale, logits);
    }

    /** This with the image resized before the network. */
    public SegmentOptions scale(double factor) {
        return new SegmentOptions(tile, factor, logits);
    }

    /** This with logits returned. */
    public SegmentOptions withLogits() {
        return new SegmentOptions(tile, scale, true);
    }
}
