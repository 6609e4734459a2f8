package dev.kerf.image;

/** How the pixels of a {@link Picture} lie in memory: interleaved, or as NV12 video frames have them. */
public sealed interface PixelLayout permits PixelFormat, VideoMatrix {}
