package dev.kerf.image;

import java.lang.foreign.MemorySegment;

/**
 * What every model takes: an {@link Image}, from a file, an AWT picture or memory of the caller's, or an {@link Nv12} frame.
 *
 * <pre>{@code
 * net.segment(Image.read(Path.of("cells.png")), options);
 * net.segment(Image.of(bufferedImage), options);
 * net.segment(new Image(640, 480, PixelFormat.BGR8, 2048, camera), options);      // rows 2048 bytes apart
 * net.segment(new Nv12(1920, 1080, VideoMatrix.BT709_LIMITED, 2048, decoder), options);
 * }</pre>
 */
public sealed interface Picture permits Image, Nv12 {
    /** Columns. */
    int width();

    /** Rows. */
    int height();

    /** How its pixels lie in memory. */
    PixelLayout layout();

    /** Bytes from a row to the next. */
    long rowStride();

    /** The rows; don't change them while Kerf reads. */
    MemorySegment data();

    /** Its size and layout: pictures of one form share a compiled plan. */
    default PictureForm form() {
        return new PictureForm(width(), height(), layout());
    }
}
