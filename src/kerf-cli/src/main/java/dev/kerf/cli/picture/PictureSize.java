package dev.kerf.cli.picture;

import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.error.KerfException;
import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;

/**
 * How large a picture is, as far as the beginning of its file tells.
 *
 * @param pixels columns times rows; 0 if that isn't known
 * @param stored bytes in the file
 */
record PictureSize(long pixels, long stored) {
    static final PictureSize NOTHING = new PictureSize(0, 0);

    /** What a byte of a file that doesn't say its size at the beginning is taken to need: three make a pixel. */
    private static final long BYTES_PER_STORED = 16;
    private static final long PNG = 0x89504E470D0A1A0AL;
    private static final int PNG_HEADER = 24;

    /** Of an input, of whose file a few bytes are read; nothing if there is no such file. */
    static PictureSize of(Input input) {
        if (!input.trouble().isEmpty()) {
            return NOTHING;
        }
        try (InputStream in = Files.newInputStream(input.file())) {
            long stored = Files.size(input.file()) / Math.max(1, input.pages());
            ByteBuffer start = ByteBuffer.wrap(in.readNBytes(PNG_HEADER));
            if (start.remaining() < PNG_HEADER) {
                return new PictureSize(0, stored);
            }
            if (start.getLong(0) == PNG) {
                return new PictureSize(Integer.toUnsignedLong(start.getInt(16)) * Integer.toUnsignedLong(start.getInt(20)),
                        stored);
            }
            return new PictureSize(isShort(start) ? pixels(Image.info(input.file())) : 0, stored);
        } catch (IOException | KerfException e) {
            // Reading it will say why.
            return NOTHING;
        }
    }

    /** Whether it is a JPEG, BMP or GIF, of which the header is read without the rest. */
    private static boolean isShort(ByteBuffer start) {
        return switch (start.getShort(0)) {
            case (short) 0xFFD8, 'B' << 8 | 'M', 'G' << 8 | 'I' -> true;
            default -> false;
        };
    }

    private static long pixels(ImageInfo info) {
        return (long) info.width() * info.height();
    }

    /**
     * Memory that the picture takes.
     *
     * @param perPixel bytes for each pixel
     * @param largest  pixels of the largest so far, which those of unknown size are taken to have at least
     */
    long bytes(long perPixel, long largest) {
        return pixels > 0 ? saturated(perPixel, pixels) : Math.max(saturated(perPixel, largest), BYTES_PER_STORED * stored);
    }

    private static long saturated(long a, long b) {
        return Math.multiplyHigh(a, b) != 0 || a * b < 0 ? Long.MAX_VALUE / 4 : a * b;
    }
}
