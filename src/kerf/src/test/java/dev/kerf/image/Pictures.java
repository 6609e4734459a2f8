package dev.kerf.image;

import java.awt.Point;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Pictures for tests, and files of them as the JDK's encoders write them. */
final class Pictures {
    private Pictures() {
    }

    static Image random(int width, int height, PixelFormat format, long seed) {
        byte[] pixels = new byte[width * height * format.pixelBytes()];
        new Random(seed).nextBytes(pixels);
        return Image.of(width, height, format, pixels);
    }

    /** A picture without noise, which JPEG keeps nearly as it is. */
    static Image smooth(int width, int height) {
        Image out = Image.blank(width, height, PixelFormat.RGB8);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                out.setSample(x, y, 0, 30 + 200 * x / width);
                out.setSample(x, y, 1, 30 + 200 * y / height);
                out.setSample(x, y, 2, 30 + 100 * (x + y) / (width + height));
            }
        }
        return out;
    }

    /** Copies the samples into the JDK's picture, channel by channel, without colour conversion. */
    static BufferedImage into(Image image, BufferedImage out) {
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                for (int c = 0; c < image.channels(); c++) {
                    out.getRaster().setSample(x, y, c, image.sample(x, y, c));
                }
            }
        }
        return out;
    }

    /** A JDK picture of plain components, of any channels and bits. */
    static BufferedImage components(Image image) {
        int kind = image.bits() == 8 ? DataBuffer.TYPE_BYTE : DataBuffer.TYPE_USHORT;
        ColorSpace space = ColorSpace.getInstance(image.channels() <= 2 ? ColorSpace.CS_GRAY : ColorSpace.CS_sRGB);
        boolean alpha = image.format().hasAlpha();
        ComponentColorModel model = new ComponentColorModel(space, alpha, false, alpha ? 3 : 1, kind);
        WritableRaster raster = Raster.createInterleavedRaster(kind, image.width(), image.height(), image.channels(),
                new Point(0, 0));
        return into(image, new BufferedImage(model, raster, false, null));
    }

    static byte[] encode(BufferedImage picture, String format, boolean progressive, String compression) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
        try (ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            ImageWriteParam param = writer.getDefaultWriteParam();
            if (progressive) {
                param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
            }
            if (compression != null) {
                param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
                param.setCompressionType(compression);
                if (compression.equals("JPEG")) {
                    param.setCompressionQuality(1f);
                }
            }
            writer.setOutput(out);
            writer.write(null, new IIOImage(picture, null, null), param);
            out.flush();
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new AssertionError(e);
        } finally {
            writer.dispose();
        }
    }

    /** A difference of the largest sample, over all pixels and channels. */
    static int difference(Image a, Image b) {
        if (a.width() != b.width() || a.height() != b.height() || a.channels() != b.channels()
                || a.bits() != b.bits()) {
            throw new AssertionError(a + " is not of the same kind as " + b);
        }
        int most = 0;
        for (int y = 0; y < a.height(); y++) {
            for (int x = 0; x < a.width(); x++) {
                for (int c = 0; c < a.channels(); c++) {
                    most = Math.max(most, Math.abs(a.sample(x, y, c) - b.sample(x, y, c)));
                }
            }
        }
        return most;
    }
}
