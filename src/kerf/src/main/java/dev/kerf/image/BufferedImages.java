package dev.kerf.image;

import dev.kerf.error.BadInputException;
import java.awt.Point;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.ComponentSampleModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.DataBufferInt;
import java.awt.image.DataBufferUShort;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.SampleModel;
import java.awt.image.SinglePixelPackedSampleModel;
import java.awt.image.WritableRaster;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** To and from AWT's pictures; the only class that needs the module java.desktop. */
final class BufferedImages {
    private BufferedImages() {
    }

    /** The picture over its own memory where that lies as a {@link PixelFormat} says, a copy otherwise. */
    static Image from(BufferedImage picture) {
        ColorModel colours = picture.getColorModel();
        PixelFormat format = format(colours, picture.getRaster().getNumBands());
        boolean premultiplied = colours.hasAlpha() && colours.isAlphaPremultiplied();
        Image shared = format == null || premultiplied ? null : shared(picture, format);
        if (shared != null) {
            return shared;
        } else if (format != null) {
            return samples(picture, format, premultiplied);
        }
        boolean grey = colours instanceof IndexColorModel palette && isGrey(palette);
        return converted(picture, PixelFormat.of((grey ? 1 : 3) + (colours.hasAlpha() ? 1 : 0), 8));
    }

    /** What the raster's samples are; nothing where they aren't grey or sRGB of 8 or 16 bits. */
    private static @Nullable PixelFormat format(ColorModel model, int bands) {
        int bits = model.getComponentSize(0);
        boolean alike = Arrays.stream(model.getComponentSize()).allMatch(b -> b == bits);
        int kind = model.getTransferType();
        boolean integers = kind == DataBuffer.TYPE_BYTE || kind == DataBuffer.TYPE_USHORT || kind == DataBuffer.TYPE_INT;
        int colours = bands - (model.hasAlpha() ? 1 : 0);
        ColorSpace space = model.getColorSpace();
        boolean known = colours == 1 && space.getType() == ColorSpace.TYPE_GRAY || colours == 3 && space.isCS_sRGB();
        return !(model instanceof IndexColorModel) && alike && known && integers && (bits == 8 || bits == 16)
                ? PixelFormat.of(bands, bits)
                : null;
    }

    /** The picture over its own memory; nothing where a copy is needed. */
    private static @Nullable Image shared(BufferedImage picture, PixelFormat format) {
        Raster raster = picture.getRaster();
        DataBuffer buffer = raster.getDataBuffer();
        MemorySegment memory = switch (buffer) {
            case DataBufferByte bytes -> MemorySegment.ofArray(bytes.getData());
            case DataBufferUShort shorts -> MemorySegment.ofArray(shorts.getData());
            case DataBufferInt ints -> MemorySegment.ofArray(ints.getData());
            default -> null;
        };
        SampleModel model = raster.getSampleModel();
        // Bytes from the start of a pixel to each sample, elements from a row to the next, and from a pixel to the next.
        int bytes = DataBuffer.getDataTypeSize(buffer.getDataType()) / 8;
        int[] offsets;
        int row;
        int pixel;
        if (model instanceof ComponentSampleModel plain) {
            offsets = Arrays.stream(plain.getBandOffsets()).map(o -> o * bytes).toArray();
            row = plain.getScanlineStride();
            pixel = plain.getPixelStride();
        } else if (model instanceof SinglePixelPackedSampleModel packed) {
            offsets = Arrays.stream(packed.getBitOffsets()).map(o -> o / 8).toArray();
            row = packed.getScanlineStride();
            pixel = 1;
        } else {
            return null;
        }
        PixelFormat layout = Arrays.stream(PixelFormat.values()).filter(f -> f.channels() == format.channels()
                && f.bits() == format.bits() && Arrays.equals(f.offsets(), offsets)).findFirst().orElse(null);
        if (memory == null || buffer.getNumBanks() != 1 || layout == null || layout.pixelBytes() != pixel * bytes) {
            return null;
        }
        long start = buffer.getOffset() - (long) raster.getSampleModelTranslateY() * row
                - (long) raster.getSampleModelTranslateX() * pixel;
        return new Image(picture.getWidth(), picture.getHeight(), layout, (long) row * bytes,
                memory.asSlice(start * bytes));
    }

    private static Image samples(BufferedImage picture, PixelFormat format, boolean premultiplied) {
        Image out = Image.blank(picture.getWidth(), picture.getHeight(), format);
        int n = format.channels();
        int[] row = new int[n * picture.getWidth()];
        for (int y = 0; y < picture.getHeight(); y++) {
            picture.getRaster().getPixels(0, y, picture.getWidth(), 1, row);
            for (int i = 0; i < row.length; i++) {
                int v = row[i];
                int alpha = row[i / n * n + n - 1];
                if (premultiplied && i % n < n - 1) {
                    v = alpha == 0 ? 0 : (int) Math.min(format.max(), ((long) v * format.max() + alpha / 2) / alpha);
                }
                out.setSample(i / n, y, i % n, v);
            }
        }
        return out;
    }

    /** By AWT's own conversion to sRGB: palettes, packed colours of few bits, other colour spaces. */
    private static Image converted(BufferedImage picture, PixelFormat format) {
        int w = picture.getWidth();
        Image out = Image.blank(w, picture.getHeight(), format);
        int[] row = new int[w];
        for (int y = 0; y < picture.getHeight(); y++) {
            picture.getRGB(0, y, w, 1, row, 0, w);
            for (int x = 0; x < w; x++) {
                for (int c = 0; c < format.channels(); c++) {
                    boolean alpha = format.hasAlpha() && c == format.channels() - 1;
                    out.setSample(x, y, c, row[x] >> (alpha ? 24 : 16 - 8 * c) & 0xFF);
                }
            }
        }
        return out;
    }

    private static boolean isGrey(IndexColorModel palette) {
        for (int i = 0; i < palette.getMapSize(); i++) {
            if (palette.getRed(i) != palette.getGreen(i) || palette.getRed(i) != palette.getBlue(i)) {
                return false;
            }
        }
        return true;
    }

    /** A copy of the samples. */
    static BufferedImage to(Image image) {
        PixelFormat format = image.format();
        BufferedImage out = switch (PixelFormat.of(format.channels(), format.bits())) {
            case GRAY8 -> new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_BYTE_GRAY);
            case GRAY16 -> new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_USHORT_GRAY);
            case RGB8 -> new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_3BYTE_BGR);
            case RGBA8 -> new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_4BYTE_ABGR);
            default -> components(image.width(), image.height(), format);
        };
        int n = format.channels();
        int[] row = new int[n * image.width()];
        for (int y = 0; y < image.height(); y++) {
            for (int i = 0; i < row.length; i++) {
                row[i] = image.sample(i / n, y, i % n);
            }
            out.getRaster().setPixels(0, y, image.width(), 1, row);
        }
        return out;
    }

    private static BufferedImage components(int width, int height, PixelFormat format) {
        int kind = format.bits() == 8 ? DataBuffer.TYPE_BYTE : DataBuffer.TYPE_USHORT;
        ColorSpace space = ColorSpace.getInstance(format.isGrey() ? ColorSpace.CS_GRAY : ColorSpace.CS_sRGB);
        ColorModel model = new ComponentColorModel(space, format.hasAlpha(), false,
                format.hasAlpha() ? ColorModel.TRANSLUCENT : ColorModel.OPAQUE, kind);
        WritableRaster raster = Raster.createInterleavedRaster(kind, width, height, format.channels(), new Point());
        return new BufferedImage(model, raster, false, null);
    }

    /** Indices with a palette of 1 to 256 colours 0xRRGGBB. */
    static BufferedImage indexed(int width, int height, byte[] indices, int[] palette) {
        if (palette.length < 1 || palette.length > 256) {
            throw new BadInputException("a palette has 1 to 256 colours, not " + palette.length);
        } else if (width < 1 || height < 1 || indices.length != (long) width * height) {
            throw new BadInputException(indices.length + " indices for " + width + "x" + height + " pixels");
        }
        for (byte i : indices) {
            if ((i & 0xFF) >= palette.length) {
                throw new BadInputException("index " + (i & 0xFF) + " in a palette of " + palette.length + " colours");
            }
        }
        int[] colours = Arrays.copyOf(palette, palette.length);
        IndexColorModel model = new IndexColorModel(8, colours.length, colours, 0, false, -1, DataBuffer.TYPE_BYTE);
        BufferedImage out = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_INDEXED, model);
        out.getRaster().setDataElements(0, 0, width, height, indices);
        return out;
    }
}
