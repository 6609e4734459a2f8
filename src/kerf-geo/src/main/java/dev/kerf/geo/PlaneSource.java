package dev.kerf.geo;

/** Planes for a network that are read by windows, so that they needn't be held. May be used by many threads. */
public interface PlaneSource {
    /** Columns. */
    int width();

    /** Rows. */
    int height();

    /** Planes of each window. */
    int channels();

    /** The planes of a window that lies within: (channels, h, w). */
    Planes read(int x, int y, int w, int h);
}
