package dev.kerf.model.unet;

import dev.kerf.backend.Precision;

/**
 * How an image is segmented.
 *
 * <pre>{@code SegmentOptions.of().withLogits().tile(512)}</pre>
 *
 * @param precision how numbers are stored and multiplied
 * @param tile      {@link #AUTO}, {@link #WHOLE}, or the side of a tile in pixels, rounded up to what the network needs
 * @param scale     factor by which the image is resized before the network (bicubic, antialiased; the logits are resized
 *                  back bilinearly, half-pixel), as milesial's {@code --scale}; 1 for none
 * @param logits    whether logits are returned
 */
public record SegmentOptions(Precision precision, int tile, double scale, boolean logits) {
    /** Tiles only if the whole image doesn't fit into a quarter of the device's memory. */
    public static final int AUTO = 0;
    /** Never tiles. */
    public static final int WHOLE = -1;

    private static final SegmentOptions DEFAULT = new SegmentOptions(Precision.FLOAT32, AUTO, 1, false);

    /** Checks the ranges. */
    public SegmentOptions {
        if (tile < WHOLE) {
            throw new IllegalArgumentException("tile " + tile);
        }
        if (!(scale > 0 && scale <= 16)) {
            throw new IllegalArgumentException("scale " + scale + " is not within 0 … 16");
        }
    }

    /** float32, tiles where needed, no resizing, labels only. */
    public static SegmentOptions of() {
        return DEFAULT;
    }

    /** This with another precision. */
    public SegmentOptions precision(Precision p) {
        return new SegmentOptions(p, tile, scale, logits);
    }

    /** This with another tile side. */
    public SegmentOptions tile(int side) {
        return new SegmentOptions(precision, side, scale, logits);
    }

    /** This with the image resized before the network. */
    public SegmentOptions scale(double factor) {
        return new SegmentOptions(precision, tile, factor, logits);
    }

    /** This with logits returned. */
    public SegmentOptions withLogits() {
        return new SegmentOptions(precision, tile, scale, true);
    }
}
