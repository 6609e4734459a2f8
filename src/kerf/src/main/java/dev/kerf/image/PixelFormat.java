package dev.kerf.image;

import dev.kerf.error.BadInputException;
import java.util.stream.IntStream;

/**
 * How a pixel lies in memory: its channels in order, each an unsigned byte or an unsigned little-endian 16-bit number.
 * The range is the whole range of the type: 0 is black or transparent, 255 or 65535 is white or opaque.
 */
public enum PixelFormat implements Picture.Layout {
    /** Grey, 8 bit. */
    GRAY8(1, 1, false),
    /** Grey and alpha, 8 bit. */
    GRAY_ALPHA8(2, 1, false),
    /** Red, green, blue, 8 bit. */
    RGB8(3, 1, false),
    /** Red, green, blue, alpha, 8 bit. */
    RGBA8(4, 1, false),
    /** Blue, green, red, 8 bit. */
    BGR8(3, 1, true),
    /** Blue, green, red, alpha, 8 bit. */
    BGRA8(4, 1, true),
    /** Grey, 16 bit. */
    GRAY16(1, 2, false),
    /** Grey and alpha, 16 bit. */
    GRAY_ALPHA16(2, 2, false),
    /** Red, green, blue, 16 bit. */
    RGB16(3, 2, false),
    /** Red, green, blue, alpha, 16 bit. */
    RGBA16(4, 2, false);

    private final int channels;
    private final int sampleBytes;
    private final boolean blueFirst;

    PixelFormat(int channels, int sampleBytes, boolean blueFirst) {
        this.channels = channels;
        this.sampleBytes = sampleBytes;
        this.blueFirst = blueFirst;
    }

    /** The red-first format of 1 to 4 channels and 8 or 16 bits. */
    public static PixelFormat of(int channels, int bits) {
        for (PixelFormat f : values()) {
            if (f.channels == channels && f.bits() == bits && !f.blueFirst) {
                return f;
            }
        }
        throw new BadInputException("no pixel format of " + channels + " channels, " + bits + " bits");
    }

    /** Samples of a pixel, alpha included: 1 to 4. */
    public int channels() {
        return channels;
    }

    /** Bits of a sample: 8 or 16. */
    public int bits() {
        return sampleBytes * 8;
    }

    /** Largest sample: 255 or 65535. */
    public int max() {
        return sampleBytes == 1 ? 255 : 65535;
    }

    /** Bytes of a sample: 1 or 2. */
    public int sampleBytes() {
        return sampleBytes;
    }

    /** Bytes of a pixel: 1 to 8. */
    public int pixelBytes() {
        return channels * sampleBytes;
    }

    /** Bytes from the start of a pixel to a channel's sample: of grey or red, green, blue, then alpha. */
    int offset(int channel) {
        return (blueFirst && channel < 3 ? 2 - channel : channel) * sampleBytes;
    }

    /** {@link #offset} of all channels. */
    int[] offsets() {
        return IntStream.range(0, channels).map(this::offset).toArray();
    }

    /** Whether the last channel is alpha. */
    public boolean hasAlpha() {
        return channels == 2 || channels == 4;
    }

    /** Whether there is one grey channel rather than red, green and blue. */
    public boolean isGrey() { return channels <= 2; }

    /** Whether blue comes before red in memory. */
    public boolean isBlueFirst() { return blueFirst; }
}
