package dev.kerf.image;

import dev.kerf.error.BadFileException;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes BMP and GIF by the JDK's codecs. Stored samples are taken as they are, never through AWT's colour
 * conversion, which would put greys through a gamma curve.
 */
final class PluginDecoder {
    private final String name;
    private final byte[] file;
    private final FileType type;

    PluginDecoder(String name, byte[] file, FileType type) {
        this.name = name;
        this.file = file;
        this.type = type;
    }

    ImageInfo info() {
        return with((reader, warnings) -> header(reader));
    }

    Image decode(boolean indices) {
        return with((reader, warnings) -> {
            ImageInfo info = header(reader);
            info.check(name, file.length, best(info), 3);
            BufferedImage picture = reader.read(0);
            for (String w : warnings) {
                if (!isHarmless(w)) {
                    throw new BadFileException(name + ": " + type + ": truncated or damaged: " + w);
                }
            }
            return Orientation.apply(info.orientation(), pixels(picture, indices));
        });
    }

    /**
     * Whether a codec's warning is about a header that is sloppy but leaves no doubt; the others are about the pixels.
     */
    private static boolean isHarmless(String warning) {
        return warning.contains("assuming") || warning.contains("attempting to calculate")
                || warning.startsWith("Unexpected count");
    }

    /** A use of a codec that may fail in all the ways that codecs do. */
    private interface Use<T> {
        T apply(ImageReader reader, List<String> warnings) throws IOException;
    }

    private <T> T with(Use<T> use) {
        ImageReader reader = Plugins.reader(type.name());
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        try (MemoryCacheImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            reader.setInput(in, false, true);
            return use.apply(reader, warnings);
        } catch (OutOfMemoryError e) {
            // Sizes of the file's own tables can't be checked from outside the codec.
            throw new BadFileException(name + ": " + type + ": damaged, or too large for the memory that is free", e);
        } catch (IOException | RuntimeException e) {
            throw e instanceof BadFileException known ? known : Plugins.failed(name, type, e);
        } finally {
            reader.dispose();
        }
    }

    private ImageInfo header(ImageReader reader) throws IOException {
        if (type == FileType.BMP && file.length >= 26 && file[14] >= 40) {
            // Before the codec looks, which reports such a size less clearly.
            ByteBuffer b = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
            new ImageInfo(type, b.getInt(18), Math.abs(b.getInt(22)), PixelFormat.GRAY8, 1)
                    .check(name, file.length, 255, 1);
        }
        ImageTypeSpecifier kind = reader.getRawImageType(0);
        if (kind == null) {
            kind = reader.getImageTypes(0).next();
        }
        PixelFormat format = format(kind.getColorModel(), kind.getNumBands(),
                widest(kind.getSampleModel().getSampleSize()));
        ImageInfo info = new ImageInfo(type, reader.getWidth(0), reader.getHeight(0), format, 1);
        return info;
    }

    /** Most pixels per byte: run lengths and LZW codes have bounds, fax codes take a bit per row. */
    private double best(ImageInfo info) {
        return switch (type) {
            case BMP -> 255;
            case GIF -> 4096;
            default -> Math.max(8 * 1400, 8.0 * info.width());
        };
    }

    private static int widest(int[] bits) {
        int most = 0;
        for (int b : bits) {
            most = Math.max(most, b);
        }
        return most;
    }

    private PixelFormat format(ColorModel model, int bands, int bits) {
        if (palette(model) instanceof IndexColorModel palette) {
            return PixelFormat.of((isGrey(palette) ? 1 : 3) + (palette.hasAlpha() ? 1 : 0), 8);
        }
        int colours = model == null ? bands : bands - (model.hasAlpha() ? 1 : 0);
        int space = model == null ? -1 : model.getColorSpace().getType();
        boolean known = colours == 1 && space == ColorSpace.TYPE_GRAY || colours == 3 && space == ColorSpace.TYPE_RGB;
        if (!known || bits > 16 || bands > 4) {
            throw new BadFileException(name + ": " + type + ": its pixels have " + bands + " samples of " + bits
                    + " bits; grey and RGB of up to 16 bits, with or without alpha, can be read");
        }
        return PixelFormat.of(bands, bits > 8 ? 16 : 8);
    }

    /** The picture's palette, if it has one. */
    private IndexColorModel palette(ColorModel model) {
        if (!(model instanceof IndexColorModel palette)) {
            return null;
        }
        return palette;
    }

    private static boolean isGrey(IndexColorModel palette) {
        for (int i = 0; i < palette.getMapSize(); i++) {
            if (palette.getRed(i) != palette.getGreen(i) || palette.getRed(i) != palette.getBlue(i)) {
                return false;
            }
        }
        return true;
    }

    private Image pixels(BufferedImage picture, boolean indices) {
        ColorModel model = picture.getColorModel();
        Raster raster = picture.getRaster();
        int bands = raster.getNumBands();
        int[] bits = raster.getSampleModel().getSampleSize();
        IndexColorModel palette = palette(model);
        PixelFormat format = palette != null && indices ? PixelFormat.GRAY8 : format(model, bands, widest(bits));
        int w = raster.getWidth();
        Image out = Image.blank(w, raster.getHeight(), format);
        int[] row = new int[w * bands];
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getPixels(0, y, w, 1, row);
            for (int x = 0; x < w; x++) {
                if (palette != null) {
                    entry(palette, row[x], out, x, y, indices);
                    continue;
                }
                for (int c = 0; c < bands; c++) {
                    int top = (1 << bits[c]) - 1;
                    int v = row[x * bands + c];
                    out.setSample(x, y, c, top == format.max() ? v : (int) (((long) v * format.max() + top / 2) / top));
                }
            }
        }
        return out;
    }

    private static void entry(IndexColorModel palette, int index, Image out, int x, int y, boolean indices) {
        int colours = out.format().isGrey() ? 1 : 3;
        if (indices) {
            out.setSample(x, y, 0, index);
            return;
        }
        out.setSample(x, y, 0, palette.getRed(index));
        if (colours == 3) {
            out.setSample(x, y, 1, palette.getGreen(index));
            out.setSample(x, y, 2, palette.getBlue(index));
        }
        if (out.format().hasAlpha()) {
            out.setSample(x, y, colours, palette.getAlpha(index));
        }
    }
}
