package dev.kerf.image;

import dev.kerf.error.BadInputException;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * What every model takes: an {@link Image}, from a file, an AWT picture or memory of the caller's, or an {@link Nv12} frame.
 *
 * <pre>{@code
 * net.segment(Image.read(Path.of("cells.png")), options);
 * net.segment(Image.of(bufferedImage), options);
 * net.segment(new Image(640, 480, PixelFormat.BGR8, 2048, camera), options);      // rows 2048 bytes apart
 * net.segment(new Nv12(1920, 1080, Nv12.Matrix.BT709_LIMITED, 2048, decoder), options);
 * }</pre>
 */
public sealed interface Picture permits Image, Nv12 {
    /** Columns. */
    int width();

    /** Rows. */
    int height();

    /** How its pixels lie in memory. */
    Layout layout();

    /** Bytes from a row to the next. */
    long rowStride();

    /** The rows; don't change them while Kerf reads. */
    MemorySegment data();

    /** Its size and layout: pictures of one form share a compiled plan. */
    default Form form() {
        return new Form(width(), height(), layout());
    }

    /**
     * Size and layout of pictures: what a model's plan is compiled for.
     *
     * <pre>{@code net.warmUp(Duration.ofSeconds(2), SegmentOptions.of(), new Form(640, 480, PixelFormat.BGR8));}</pre>
     *
     * @param width  columns, at least 1
     * @param height rows, at least 1
     * @param layout how pixels lie in memory; NV12 has even numbers of columns and rows
     */
    record Form(int width, int height, Layout layout) {
        /** Checks the size. */
        public Form {
            Objects.requireNonNull(layout);
            if (width < 1 || height < 1) {
                throw new BadInputException("a picture of " + width + "x" + height + " pixels");
            }
            if (layout instanceof Nv12.Matrix && (width % 2 != 0 || height % 2 != 0)) {
                throw new BadInputException("an NV12 frame of " + width + "x" + height + " pixels: both must be even");
            }
        }

        /** A picture of this form whose bytes are all 0. */
        public Picture blank() {
            return switch (layout) {
                case PixelFormat f -> Image.blank(width, height, f);
                case Nv12.Matrix m -> {
                    long bytes = height / 2 * 3L * width;
                    if (bytes > Image.MAX_BYTES) {
                        throw new BadInputException(width + "x" + height + " NV12 takes " + bytes + " bytes, one array holds "
                                + Image.MAX_BYTES);
                    }
                    yield new Nv12(width, height, m, width, MemorySegment.ofArray(new byte[(int) bytes]));
                }
            };
        }
    }

    /** How the pixels of a {@link Picture} lie in memory: interleaved, or as NV12 video frames have them. */
    sealed interface Layout permits PixelFormat, Nv12.Matrix {}
}
