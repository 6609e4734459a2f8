package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A set of pixels: one byte each, 0 or 1, rows from the top.
 *
 * <pre>{@code
 * Mask cat = labels.mask(1);
 * cat.area();               // pixels
 * cat.bounds();             // the smallest box around them
 * cat.and(other).area();    // pixels in both
 * }</pre>
 */
public final class Mask {
    private final int width;
    private final int height;
    private final byte[] pixels;

    private Mask(int width, int height, byte[] pixels) {
        if (width < 1 || height < 1 || (long) width * height != pixels.length) {
            throw new BadInputException(pixels.length + " bytes for a mask of " + width + "x" + height
                    + " pixels");
        }
        this.width = width;
        this.height = height;
        this.pixels = pixels;
    }

    /** A mask without pixels. */
    public static Mask empty(int width, int height) {
        if (width < 1 || height < 1 || (long) width * height > Integer.MAX_VALUE) {
            throw new BadInputException("a mask of " + width + "x" + height + " pixels");
        }
        return new Mask(width, height, new byte[width * height]);
    }

    /** The pixels whose byte isn't 0; rows tightly packed; copied. */
    public static Mask of(int width, int height, byte[] pixels) {
        byte[] own = new byte[pixels.length];
        for (int i = 0; i < own.length; i++) {
            own[i] = (byte) (pixels[i] != 0 ? 1 : 0);
        }
        return new Mask(width, height, own);
    }

    /** Columns. */
    public int width() {
        return width;
    }

    /** Rows. */
    public int height() {
        return height;
    }

    /** Row by row, 1 inside and 0 outside; not to be changed. */
    byte[] pixels() {
        return pixels;
    }

    /** Whether the pixel is in the mask; none outside the picture is. */
    public boolean get(int x, int y) {
        return x >= 0 && y >= 0 && x < width && y < height && pixels[y * width + x] != 0;
    }

    /** Puts a pixel into the mask or takes it out. */
    public void set(int x, int y, boolean in) {
        if (x < 0 || y < 0 || x >= width || y >= height) {
            throw new BadInputException("pixel (" + x + ", " + y + ") of a mask of " + width + "x" + height);
        }
        pixels[y * width + x] = (byte) (in ? 1 : 0);
    }

    /** Number of pixels in the mask. */
    public long area() {
        long n = 0;
        for (byte p : pixels) {
            n += p;
        }
        return n;
    }

    /** The smallest box around the mask; {@link Box#EMPTY} around none. */
    public Box bounds() {
        int left = width;
        int right = -1;
        int top = -1;
        int bottom = -1;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                if (pixels[y * width + x] != 0) {
                    left = Math.min(left, x);
                    right = Math.max(right, x);
                    top = top < 0 ? y : top;
                    bottom = y;
                }
            }
        }
        return right < 0 ? Box.EMPTY : new Box(left, top, right - left + 1, bottom - top + 1);
    }

    /** The pixels in both masks. */
    public Mask and(Mask other) {
        return combine(other, 0b1000);
    }

    /** The pixels in either mask. */
    public Mask or(Mask other) {
        return combine(other, 0b1110);
    }

    /** The pixels in this mask and not in the other. */
    public Mask andNot(Mask other) {
        return combine(other, 0b0100);
    }

    /** The table's bit (2 this + other) says whether such a pixel is in. */
    private Mask combine(Mask other, int table) {
        if (other.width != width || other.height != height) {
            throw new BadInputException("masks of " + width + "x" + height + " and " + other.width + "x"
                    + other.height);
        }
        byte[] out = new byte[pixels.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) (table >> (2 * pixels[i] + other.pixels[i]) & 1);
        }
        return new Mask(width, height, out);
    }

    /**
     * The outlines along the edges of its pixels: one polygon for each part (pixels joined by edges), x, y of its corners,
     * clockwise on the screen; none for an empty mask. A hole is reached by a cut of no width. Rasterised by
     * {@link RunLength#ofPolygons} or pycocotools they give exactly the mask.
     */
    public List<double[]> polygons() {
        return Polygons.trace(this);
    }

    /**
     * The polygons of {@link #polygons()} with fewer corners: each corner left out lies within the tolerance of the outline
     * (Douglas and Peucker 1973).
     *
     * @param tolerance in pixels
     */
    public List<double[]> polygons(double tolerance) {
        return polygons().stream().map(p -> Polygons.simplify(p, tolerance)).toList();
    }

    /** The mask as U8 (height, width), 0 or 1; shares this mask's memory. */
    public HostTensor toTensor() {
        return HostTensor.of(Shape.of(height, width), pixels);
    }

    /** The mask as a grey picture, 255 inside and 0 outside. */
    public Image toImage() {
        byte[] grey = new byte[pixels.length];
        for (int i = 0; i < grey.length; i++) {
            grey[i] = (byte) -pixels[i];
        }
        return Image.of(width, height, PixelFormat.GRAY8, grey);
    }

    /** The mask for AWT and Swing, white inside and black outside. */
    public BufferedImage toBufferedImage() {
        return toImage().toBufferedImage();
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof Mask m && m.width == width && m.height == height && Arrays.equals(m.pixels, pixels);
    }

    @Override
    public int hashCode() {
        return 31 * width + Arrays.hashCode(pixels);
    }

    /** Size and area, such as {@code 640x480 mask, 1234 pixels}. */
    @Override
    public String toString() {
        return width + "x" + height + " mask, " + area() + " pixels";
    }
}
