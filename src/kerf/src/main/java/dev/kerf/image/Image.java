package dev.kerf.image;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.file.AtomicFile;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A picture in memory: rows from the top, pixels from the left, channels interleaved (height, width, channels). The
 * memory belongs to whoever made the segment, so a camera's frame can be wrapped without a copy; don't change it while
 * Kerf reads.
 *
 * <pre>{@code
 * Image photo = Image.read(Path.of("cat.jpg")).toRgb8();
 * photo.sample(10, 20, 0);                                             // red at column 10, row 20: 0..255
 * Image frame = new Image(640, 480, PixelFormat.BGRA8, 2560, segment); // the caller's memory
 * }</pre>
 *
 * <p>No colour management is done: samples are those in the file, embedded profiles are ignored.
 *
 * @param width     pixels in a row, at least 1
 * @param height    rows, at least 1
 * @param format    what a pixel is
 * @param rowStride bytes from a row to the next, at least {@code width * format.pixelBytes()}
 * @param data      the rows; at least {@code (height - 1) * rowStride + width * format.pixelBytes()} bytes
 */
public record Image(int width, int height, PixelFormat format, long rowStride, MemorySegment data)
        implements
            Picture {
    /** Most bytes that a decoded file may take: what one Java array can hold. */
    public static final int MAX_BYTES = Integer.MAX_VALUE - 16;

    private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Checks that the memory holds the rows. */
    public Image {
        Objects.requireNonNull(format);
        if (width < 1 || height < 1) {
            throw new BadInputException("an image of " + width + "x" + height + " pixels");
        }
        long row = (long) width * format.pixelBytes();
        if (rowStride < row) {
            throw new BadInputException("row stride " + rowStride + " is less than a row's " + row + " bytes");
        }
        // By division: the product may pass 2^63.
        if (data.byteSize() < row || height > 1 && rowStride > (data.byteSize() - row) / (height - 1)) {
            throw new BadInputException(width + "x" + height + " " + format + " with row stride " + rowStride
                    + " takes more bytes than the segment's " + data.byteSize());
        }
    }

    /**
     * The rows; the caller's own memory where the image was made over it.
     *
     * @throws dev.kerf.error.ClosedException if the arena that it is of is closed
     */
    @Override
    public MemorySegment data() {
        return KerfException.usable(data, this);
    }

    /** An image over an array of tightly packed rows, not copied; 16-bit samples little-endian. */
    public static Image of(int width, int height, PixelFormat format, byte[] pixels) {
        return new Image(width, height, format, (long) width * format.pixelBytes(), MemorySegment.ofArray(pixels));
    }

    /** An image over an array of tightly packed rows of 16-bit samples, not copied. */
    public static Image of(int width, int height, PixelFormat format, short[] samples) {
        return new Image(width, height, format, (long) width * format.pixelBytes(), MemorySegment.ofArray(samples));
    }

    /** An RGBA image over an array of pixels 0xAARRGGBB, not copied. */
    public static Image ofArgb(int width, int height, int[] pixels) {
        return new Image(width, height, PixelFormat.BGRA8, 4L * width, MemorySegment.ofArray(pixels));
    }

    /** A black (and transparent, where there is alpha) image on the Java heap. */
    public static Image blank(int width, int height, PixelFormat format) {
        new Picture.Form(width, height, format);
        long bytes = Math.multiplyExact((long) width * height, (long) format.pixelBytes());
        if (bytes > MAX_BYTES) {
            throw new BadInputException("an image of " + width + "x" + height + " " + format + " takes " + bytes
                    + " bytes; at most " + MAX_BYTES + " are possible on the heap");
        }
        return of(width, height, format, new byte[(int) bytes]);
    }

    /**
     * An image over an AWT picture: over its own memory, without a copy, where that lies as one of the formats does
     * (TYPE_3BYTE_BGR, TYPE_INT_ARGB, TYPE_BYTE_GRAY, TYPE_USHORT_GRAY and rasters of interleaved components, windows of
     * them too), a copy otherwise. Samples of grey and sRGB are taken as they are and premultiplied colours divided by
     * their alpha; palettes become RGB (grey where every entry is); all else goes through AWT's conversion to 8-bit sRGB.
     *
     * <pre>{@code
     * Segmentation s = net.segment(Image.of(robot.createScreenCapture(area)), SegmentOptions.of());
     * }</pre>
     *
     * @throws NoClassDefFoundError at run time without the module java.desktop, which nothing else needs
     */
    public static Image of(BufferedImage picture) {
        return BufferedImages.from(picture);
    }

    /**
     * Reads a PNG, JPEG, BMP, TIFF or GIF file; which of them is told by its content. EXIF orientation is applied.
     * Palettes become RGB (grey where every entry is), 1-, 2- and 4-bit greys become 8 bit, transparency becomes an
     * alpha channel, CMYK becomes RGB. Of several pages or frames the first is read; {@link #read(Path, int, int...)} reads any.
     *
     * @throws BadFileException if there is no such file, it can't be read, is none of these formats, is damaged or
     *                          truncated, or too large: more than {@link #MAX_BYTES} when decoded, or more than the
     *                          free heap
     */
    public static Image read(Path file) {
        return ImageFile.open(file).decode(false);
    }

    /**
     * Reads one of the pages of a TIFF file, or some of the channels of a picture of many: samples of one page, or pages
     * that ImageJ or OME says are channels of one another. Numbers without a range of their own (signed ones, floats, those
     * of 32 bits and more) are those of 16 bits where they fit or are 0 to 1, and stretched from the least to the greatest
     * otherwise.
     *
     * <pre>{@code
     * for (int p = 0; p < Image.pages(stack); p++) net.segment(Image.read(stack, p), options);
     * Image.read(stack, 0, 3, 2, 1);         // channels 3, 2 and 1 as red, green and blue
     * }</pre>
     *
     * @param page     from 0; with channels, the picture
     * @param channels none for the page as it is; one or three, counted from 1
     * @throws BadInputException if the file has no such page or channel; as {@link #read(Path)} otherwise
     */
    public static Image read(Path file, int page, int... channels) {
        return ImageFile.open(file).decode(page, channels);
    }

    /** The pages of a TIFF file, smaller versions of them not counted; 1 of others. Throws as {@link #read(Path)} does. */
    public static int pages(Path file) {
        return ImageFile.open(file).pages(false);
    }

    /** The pictures that {@link #read(Path, int, int...)} makes of chosen channels. */
    public static int pictures(Path file) {
        return ImageFile.open(file).pages(true);
    }

    /** Reads an image file's content. The name stands in error messages. As {@link #read(Path)} otherwise. */
    public static Image read(byte[] content, String name) {
        return new ImageFile(name, content).decode(false);
    }

    /**
     * Reads a stream to its end; doesn't close it. The name stands in error messages. As {@link #read(Path)} otherwise.
     */
    public static Image read(InputStream content, String name) {
        try {
            return read(content.readAllBytes(), name);
        } catch (IOException e) {
            throw new BadFileException(name + ": can't be read: " + e.getMessage(), e);
        }
    }

    /**
     * Reads a label image: a palette PNG, BMP, TIFF or GIF gives its indices and a grey one of whatever bits its stored
     * numbers, as GRAY8 or GRAY16; in TIFF they may be signed or floats that are whole. Colours are read as by
     * {@link #read(Path)}.
     *
     * @throws BadFileException if a number is negative, past 65535 or no whole one, or the file is a JPEG, which doesn't
     *                          keep numbers; as {@link #read(Path)} otherwise
     */
    public static Image readIndices(Path file) {
        return ImageFile.open(file).decode(true);
    }

    /**
     * Reads the numbers of {@link #readIndices} as a tensor (height, width) of U8, U16 or, where a TIFF file has one band
     * of anything but unsigned numbers of 8 or 16 bits, I32; of colours where red, green and blue are equal everywhere. Alpha is left aside.
     *
     * @throws BadInputException if the picture is in colour without a palette
     * @throws BadFileException  as {@link #readIndices}, but numbers up to 2^31 - 1 are labels
     */
    public static HostTensor readLabels(Path file) {
        return ImageFile.open(file).labels();
    }

    /** What the file's header says, without decoding its pixels. Throws what {@link #read(Path)} does. */
    public static ImageInfo info(Path file) {
        return ImageFile.openHeader(file);
    }

    @Override
    public Picture.Layout layout() {
        return format;
    }

    /** Samples of a pixel, alpha included: 1 to 4. */
    public int channels() {
        return format.channels();
    }

    /** Bits of a sample: 8 or 16. */
    public int bits() {
        return format.bits();
    }

    /**
     * One sample, 0 to 255 or 65535.
     *
     * @param x       column
     * @param y       row
     * @param channel grey, alpha or red, green, blue, alpha, whatever their order in memory
     * @throws BadInputException if there is no such sample
     */
    public int sample(int x, int y, int channel) {
        long at = offset(x, y, channel);
        return format.sampleBytes() == 1 ? data().get(U8, at) & 0xFF : data().get(U16, at) & 0xFFFF;
    }

    /**
     * Sets one sample; the arguments are those of {@link #sample}.
     *
     * @throws BadInputException if there is no such sample, or the memory can't be written to
     */
    public void setSample(int x, int y, int channel, int value) {
        long at = offset(x, y, channel);
        MemorySegment out = KerfException.writable(data, this);
        if (format.sampleBytes() == 1) {
            out.set(U8, at, (byte) value);
        } else {
            out.set(U16, at, (short) value);
        }
    }

    /**
     * A part of it, over the same memory.
     *
     * @param left  first column, from 0
     * @param top   first row, from 0
     * @param columns of the part
     * @param rows    of the part
     * @throws BadInputException if it doesn't lie in the image
     */
    public Image crop(int left, int top, int columns, int rows) {
        if (left < 0 || top < 0 || columns < 1 || rows < 1 || columns > width - left || rows > height - top) {
            throw new BadInputException("a part of " + columns + "x" + rows + " pixels at " + left + ", " + top
                    + " of an image of " + width + "x" + height);
        }
        long first = top * rowStride + (long) left * format.pixelBytes();
        long bytes = (rows - 1) * rowStride + (long) columns * format.pixelBytes();
        return new Image(columns, rows, format, rowStride, data().asSlice(first, bytes));
    }

    /** Whether rows follow each other without a gap and red comes first, so that the memory is a plain tensor. */
    public boolean isPacked() {
        return rowStride == (long) width * format.pixelBytes() && !format.isBlueFirst();
    }

    /** This image with red first and no gaps between rows; itself where it {@link #isPacked() is} so already. */
    public Image packed() {
        return isPacked() ? this : convert(format.channels(), format.bits());
    }

    /**
     * The pixels as a tensor (height, width, channels) of U8 or U16, red first; shares the memory of a packed image.
     */
    public HostTensor toTensor() {
        Image p = packed();
        long bytes = p.rowStride * height;
        return new HostTensor(format.sampleBytes() == 1 ? DType.U8 : DType.U16, Shape.of(height, width, channels()),
                p.data().asSlice(0, bytes));
    }

    /**
     * One grey channel, with as many bits. Colour becomes ITU-R 601 luma in the integer arithmetic of Pillow's
     * {@code convert("L")}: (19595 R + 38470 G + 7471 B + 32768) / 65536, rounded down. Alpha is dropped.
     */
    public Image toGrey() {
        return format.channels() == 1 ? this : convert(1, format.bits());
    }

    /**
     * Red, green, blue, with as many bits. Grey is repeated; alpha is dropped, as by Pillow's {@code convert("RGB")}:
     * the colours under transparent pixels show, nothing is composited.
     */
    public Image toRgb() {
        return format.channels() == 3 && !format.isBlueFirst() ? this : convert(3, format.bits());
    }

    /** Without its alpha channel, if there is one; the other samples stay as they are. */
    public Image dropAlpha() {
        return format.hasAlpha() ? convert(format.channels() - 1, format.bits()) : this;
    }

    /** With 8 bits a sample: of 16-bit ones the nearest to {@code v / 257}, so that white stays white. */
    public Image to8Bit() {
        return format.bits() == 8 ? this : convert(format.channels(), 8);
    }

    /** {@link #toRgb} with 8 bits a sample: what networks trained on photographs want. */
    public Image toRgb8() {
        return format == PixelFormat.RGB8 ? this : convert(3, 8);
    }

    /**
     * A copy for AWT and Swing, of the same samples: TYPE_BYTE_GRAY, TYPE_USHORT_GRAY, TYPE_3BYTE_BGR or TYPE_4BYTE_ABGR
     * where there is such a type, a raster of interleaved components otherwise. Needs the module java.desktop.
     */
    public BufferedImage toBufferedImage() {
        return BufferedImages.to(this);
    }

    /**
     * A picture of indices for AWT and Swing.
     *
     * @param indices rows from the top, tightly packed; copied
     * @param palette 1 to 256 colours 0xRRGGBB, more than any index
     */
    public static BufferedImage toBufferedImage(int width, int height, byte[] indices, int[] palette) {
        return BufferedImages.indexed(width, height, indices, palette);
    }

    /** The content of a PNG file of the same channels and bits; blue-first pixels as red-first ones. */
    public byte[] toPng() {
        return Png.encode(this);
    }

    /**
     * The content of a palette PNG of 1, 2, 4 or 8 bits a pixel, whichever is the least that the palette's size needs.
     *
     * @param indices rows from the top, tightly packed; each less than {@code palette.length}
     * @param palette 1 to 256 colours, 0xRRGGBB
     * @throws BadInputException if an index is outside the palette or the array is of another size
     */
    public static byte[] toPng(int width, int height, byte[] indices, int[] palette) {
        return Png.encodeIndexed(width, height, indices, palette);
    }

    /**
     * Writes a PNG file of the same channels and bits, whole or not at all.
     *
     * @throws BadFileException if it can't be written there
     */
    public void writePng(Path file) {
        AtomicFile.write(file, toPng());
    }

    private Image convert(int channels, int bits) {
        Image out = blank(width, height, PixelFormat.of(channels, bits));
        if (channels == 3 && bits == 8 && format.bits() == 8) {
            colours(out);
            return out;
        }
        boolean narrow = format.bits() == 16 && bits == 8;
        int colours = channels <= 2 ? 1 : 3;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < channels; c++) {
                    int v;
                    if (c >= colours) {
                        v = format.hasAlpha() ? sample(x, y, format.channels() - 1) : format.max();
                    } else if (format.isGrey()) {
                        v = sample(x, y, 0);
                    } else if (colours == 1) {
                        v = luma(sample(x, y, 0), sample(x, y, 1), sample(x, y, 2));
                    } else {
                        v = sample(x, y, c);
                    }
                    out.setSample(x, y, c, narrow ? (v * 255 + 32767) / 65535 : v);
                }
            }
        }
        return out;
    }

    /** Row by row, as most pictures go. */
    private void colours(Image rgb) {
        byte[] row = new byte[width * format.channels()];
        byte[] made = new byte[3 * width];
        int step = format.channels();
        int red = format.offset(0);
        int toGreen = format.isGrey() ? 0 : format.offset(1) - red;
        int toBlue = format.isGrey() ? 0 : format.offset(2) - red;
        MemorySegment from = data();
        for (int y = 0; y < height; y++) {
            MemorySegment.copy(from, U8, y * rowStride, row, 0, row.length);
            for (int p = red, q = 0; q < made.length; p += step, q += 3) {
                made[q] = row[p];
                made[q + 1] = row[p + toGreen];
                made[q + 2] = row[p + toBlue];
            }
            MemorySegment.copy(made, 0, rgb.data, U8, y * rgb.rowStride, made.length);
        }
    }

    // The sum of 16-bit samples fills 32 bits, hence the unsigned shift.
    private static int luma(int r, int g, int b) {
        return (r * 19595 + g * 38470 + b * 7471 + 0x8000) >>> 16;
    }

    private long offset(int x, int y, int channel) {
        if (x < 0 || x >= width || y < 0 || y >= height || channel < 0 || channel >= format.channels()) {
            throw new BadInputException("sample " + channel + " of pixel (" + x + ", " + y + ") of an image of " + this);
        }
        return y * rowStride + (long) x * format.pixelBytes() + format.offset(channel);
    }

    /** Size and format, such as {@code 640x480 RGB8}; not the pixels. */
    @Override
    public String toString() {
        return width + "x" + height + " " + format;
    }
}
