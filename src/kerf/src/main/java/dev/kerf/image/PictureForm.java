package dev.kerf.image;

import dev.kerf.error.BadInputException;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Size and layout of pictures: what a model's plan is compiled for.
 *
 * <pre>{@code net.warmUp(Duration.ofSeconds(2), SegmentOptions.of(), new PictureForm(640, 480, PixelFormat.BGR8));}</pre>
 *
 * @param width  columns, at least 1
 * @param height rows, at least 1
 * @param layout how pixels lie in memory; NV12 has even numbers of columns and rows
 */
public record PictureForm(int width, int height, PixelLayout layout) {
    /** Checks the size. */
    public PictureForm {
        Objects.requireNonNull(layout);
        if (width < 1 || height < 1) {
            throw new BadInputException("a picture of " + width + "x" + height + " pixels");
        }
        if (layout instanceof VideoMatrix && (width % 2 != 0 || height % 2 != 0)) {
            throw new BadInputException("an NV12 frame of " + width + "x" + height + " pixels: both must be even");
        }
    }

    /** A picture of this form whose bytes are all 0. */
    public Picture blank() {
        return switch (layout) {
            case PixelFormat f -> Image.blank(width, height, f);
            case VideoMatrix m -> {
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
