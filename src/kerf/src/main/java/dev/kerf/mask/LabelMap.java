package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.awt.image.BufferedImage;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * A class number for each pixel.
 *
 * <pre>{@code
 * LabelMap labels = LabelMap.read(Path.of("truth.png"));
 * labels.counts(3);                                                    // pixels of classes 0, 1 and 2
 * labels.writePng(Path.of("mask.png"), Palette.of(3, 0));
 * }</pre>
 *
 * @param tensor U8, U16 or I32 of shape (height, width), at least one pixel; labels of I32 aren't negative
 */
public record LabelMap(HostTensor tensor) {
    /** Checks type and shape. */
    public LabelMap {
        DType d = tensor.dtype();
        if (tensor.shape().rank() != 2 || tensor.elements() < 1 || tensor.elements() > Integer.MAX_VALUE
                || d != DType.U8 && d != DType.U16 && d != DType.I32) {
            throw new BadInputException("labels are U8, U16 or I32 of shape (height, width), not " + tensor);
        }
    }

    /** Labels 0 to 255 over an array of tightly packed rows, not copied. */
    public static LabelMap of(int width, int height, byte[] labels) {
        return new LabelMap(HostTensor.of(Shape.of(height, width), labels));
    }

    /** Labels over an array of tightly packed rows, not copied. */
    public static LabelMap of(int width, int height, int[] labels) {
        return new LabelMap(HostTensor.of(Shape.of(height, width), labels));
    }

    /**
     * Reads labels from an image file: a palette's indices, or the stored numbers of a grey picture of up to 16 bits, in TIFF
     * of up to 64, which may also have been saved as RGB with equal channels. Alpha is left aside.
     *
     * @throws dev.kerf.error.BadFileException  if a number is negative, past 2^31 - 1 or no whole one; as
     *                                          {@link Image#read(Path)}
     * @throws BadInputException if the picture is in colour without a palette
     */
    public static LabelMap read(Path file) {
        return new LabelMap(Image.readLabels(file));
    }

    /** Columns. */
    public int width() {
        return tensor.shape().size(1);
    }

    /** Rows. */
    public int height() {
        return tensor.shape().size(0);
    }

    /**
     * The label at a column and row.
     *
     * @throws BadInputException if that is outside the picture
     */
    public int get(int x, int y) {
        if (x < 0 || y < 0 || x >= width() || y >= height()) {
            throw new BadInputException("pixel (" + x + ", " + y + ") of labels of " + width() + "x" + height());
        }
        return (int) tensor.getLong((long) y * width() + x);
    }

    /** All labels, rows tightly packed, copied. */
    public int[] toArray() {
        int[] out = new int[(int) tensor.elements()];
        if (tensor.dtype() == DType.U8) {
            byte[] bytes = tensor.data().toArray(ValueLayout.JAVA_BYTE);
            for (int i = 0; i < out.length; i++) {
                out[i] = bytes[i] & 0xFF;
            }
        } else {
            for (int i = 0; i < out.length; i++) {
                out[i] = (int) tensor.getLong(i);
            }
        }
        return out;
    }

    /** The greatest label that occurs. */
    public int max() {
        int most = 0;
        for (int v : toArray()) {
            most = Math.max(most, v);
        }
        return most;
    }

    /** Pixels of each label below {@code classes}; the others aren't counted. */
    public long[] counts(int classes) {
        if (classes < 0) {
            throw new BadInputException(classes + " classes");
        }
        long[] out = new long[classes];
        int[] labels = toArray();
        for (int i = 0, from = 0; i < labels.length; from = i) {
            // Equal ones stand together: counted run by run, no number waits for the one before.
            int v = labels[from];
            while (i < labels.length && labels[i] == v) {
                i++;
            }
            if (v >= 0 && v < classes) {
                out[v] += i - from;
            }
        }
        return out;
    }

    /** The pixels of one label. */
    public Mask mask(int label) {
        int[] labels = toArray();
        byte[] in = new byte[labels.length];
        for (int i = 0; i < in.length; i++) {
            in[i] = (byte) (labels[i] == label ? 1 : 0);
        }
        return Mask.of(width(), height(), in);
    }

    /**
     * Writes the labels as a PNG that any viewer shows in colours: a palette of 1, 2, 4 or 8 bits, as few as the number
     * of classes needs. Labels past 255 don't fit a palette: then it is a 16-bit grey PNG whose values are the labels,
     * which looks black but reads back. {@link #read} gives the same labels back in both cases.
     *
     * @param palette colours of the classes, 0xRRGGBB; where a label occurs that it lacks, {@link Palette} fills it up
     * @throws BadInputException if a label is negative or past 65535
     * @throws dev.kerf.error.BadFileException if the file can't be written there
     */
    public void writePng(Path file, int[] palette) {
        AtomicFile.write(file, toPng(palette));
    }

    /** The file that {@link #writePng} writes. */
    public byte[] toPng(int[] palette) {
        int most = mostStored();
        return most > 255
                ? grey().toPng()
                : Image.toPng(width(), height(), indices(), Palette.ofIndices(palette, most));
    }

    /**
     * The labels as a picture for AWT and Swing: indices with a palette, or TYPE_USHORT_GRAY with the labels as they are
     * where one is past 255.
     *
     * <pre>{@code
     * label.setIcon(new ImageIcon(labels.toBufferedImage(Palette.of(3, 0))));
     * }</pre>
     *
     * @param palette as for {@link #writePng}
     * @throws BadInputException if a label is negative or past 65535
     */
    public BufferedImage toBufferedImage(int[] palette) {
        int most = mostStored();
        return most > 255
                ? grey().toBufferedImage()
                : Image.toBufferedImage(width(), height(), indices(), Palette.ofIndices(palette, most));
    }

    /** The greatest label; all of them must fit 16 bits. */
    private int mostStored() {
        int most = 0;
        if (tensor.dtype() == DType.U8) {
            boolean[] occurs = new boolean[256];
            for (byte v : tensor.data().toArray(ValueLayout.JAVA_BYTE)) {
                occurs[v & 0xFF] = true;
            }
            for (int v = 0; v < 256; v++) {
                most = occurs[v] ? v : most;
            }
            return most;
        }
        for (int v : toArray()) {
            if (v < 0 || v > 65535) {
                throw new BadInputException("label " + v + " doesn't fit a picture; labels of 0 to 65535 do");
            }
            most = Math.max(most, v);
        }
        return most;
    }

    private Image grey() {
        Image grey = Image.blank(width(), height(), PixelFormat.GRAY16);
        int[] labels = toArray();
        for (int i = 0; i < labels.length; i++) {
            grey.setSample(i % width(), i / width(), 0, labels[i]);
        }
        return grey;
    }

    private byte[] indices() {
        if (tensor.dtype() == DType.U8) {
            return tensor.data().toArray(ValueLayout.JAVA_BYTE);
        }
        int[] labels = toArray();
        byte[] indices = new byte[labels.length];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = (byte) labels[i];
        }
        return indices;
    }

    /** Size and type, such as {@code 640x480 labels U8}. */
    @Override
    public String toString() {
        return width() + "x" + height() + " labels " + tensor.dtype();
    }
}
