package dev.kerf.image;

import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import java.lang.foreign.MemorySegment;

/**
 * A video frame as hardware decoders and cameras give it: rows of luma, then half as many rows of interleaved blue and red
 * chroma, each for four pixels. The memory belongs to whoever made the segment and isn't copied.
 *
 * @param width     columns, even
 * @param height    rows, even
 * @param matrix    how luma and chroma are coded
 * @param rowStride bytes from a row to the next, of luma and of chroma, at least {@code width}; the chroma begins
 *                  {@code height} rows after the luma
 * @param data      the rows; at least {@code (height * 3 / 2 - 1) * rowStride + width} bytes
 */
public record Nv12(int width, int height, Matrix matrix, long rowStride, MemorySegment data) implements Picture {
    /** How luma and chroma of an {@link Nv12} frame are coded. */
    public enum Matrix implements Picture.Layout {
        /** ITU-R BT.601, 16 … 235 and 16 … 240. */
        BT601_LIMITED,
        /** ITU-R BT.709, 16 … 235 and 16 … 240. */
        BT709_LIMITED,
        /** ITU-R BT.601, 0 … 255: JPEG. */
        BT601_FULL
    }

    /** Checks that the memory holds the rows. */
    public Nv12 {
        new Picture.Form(width, height, matrix);
        if (rowStride < width) {
            throw new BadInputException("row stride " + rowStride + " is less than a row's " + width + " bytes");
        }
        // By division: the product may pass 2^63.
        if (data.byteSize() < width || rowStride > (data.byteSize() - width) / (height / 2 * 3L - 1)) {
            throw new BadInputException(width + "x" + height + " NV12 with row stride " + rowStride
                    + " takes more bytes than the segment's " + data.byteSize());
        }
    }

    /**
     * The rows: the caller's own memory.
     *
     * @throws dev.kerf.error.ClosedException if the arena that it is of is closed
     */
    @Override
    public MemorySegment data() {
        return KerfException.usable(data, "an NV12 frame");
    }

    @Override
    public Picture.Layout layout() {
        return matrix;
    }
}
