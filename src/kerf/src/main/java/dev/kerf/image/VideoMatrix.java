package dev.kerf.image;

/** How luma and chroma of an {@link Nv12} frame are coded. */
public enum VideoMatrix implements PixelLayout {
    /** ITU-R BT.601, 16 … 235 and 16 … 240. */
    BT601_LIMITED,
    /** ITU-R BT.709, 16 … 235 and 16 … 240. */
    BT709_LIMITED,
    /** ITU-R BT.601, 0 … 255: JPEG. */
    BT601_FULL
}
