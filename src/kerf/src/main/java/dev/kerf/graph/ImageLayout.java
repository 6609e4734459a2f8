package dev.kerf.graph;

import dev.kerf.tensor.Shape;
import java.util.Locale;

/** How the numbers of an image (N, C, H, W) lie in memory. A graph as recorded knows {@link #CHANNELS_FIRST} alone. */
public enum ImageLayout {
    /** (N, C, H, W): plane by plane. */
    CHANNELS_FIRST,
    /**
     * (N, H, W, C): pixel by pixel, the channels filled up with zeros to a multiple of {@link #PADDING}, so that a pixel's
     * are read sixteen bytes at a time.
     */
    CHANNELS_LAST;

    /** What the channels of {@link #CHANNELS_LAST} are filled up to a multiple of. */
    public static final int PADDING = 8;

    /** The extents in memory of an image (N, C, H, W). */
    public Shape stored(Shape image) {
        return this == CHANNELS_FIRST
                ? image
                : Shape.of(image.dim(0), image.dim(2), image.dim(3), Math.ceilDiv(image.dim(1), PADDING) * PADDING);
    }

    /** (N, C, H, W) of an image with so many channels that lies in memory with these extents. */
    public Shape image(Shape stored, long channels) {
        return this == CHANNELS_FIRST ? stored : Shape.of(stored.dim(0), channels, stored.dim(1), stored.dim(2));
    }

    /** As manifests name it: {@code channels_last}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
