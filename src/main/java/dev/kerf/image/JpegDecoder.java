package dev.kerf.image;

import dev.kerf.error.BadFileException;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes JPEG by the JDK's codec (libjpeg). The codec is given the entropy-coded picture alone and returns the stored
 * components: metadata, which it is known to stumble over, and colour conversion, which it lets embedded profiles
 * change, are done here. Its warnings about damage are errors here, since they mean that part of the picture is made
 * up.
 */
final class JpegDecoder {
    /** A block of 64 pixels takes at least a bit in a scan; sub-sampled components leave room for a factor. */
    private static final double BEST = 64.0 * 8 * 16;

    private final String name;
    private final byte[] file;
    private final ByteArrayOutputStream picture = new ByteArrayOutputStream();
    private int width;
    private int height;
    private int[] components;
    private int orientation = 1;
    private int adobeTransform = -1;
    private boolean jfif;

    JpegDecoder(String name, byte[] file) {
        this.name = name;
        this.file = file;
    }

    ImageInfo info() {
        header();
        PixelFormat format = components.length == 1 ? PixelFormat.GRAY8 : PixelFormat.RGB8;
        return new ImageInfo(FileType.JPEG, width, height, format, 1).oriented(orientation);
    }

    Image decode() {
        ImageInfo info = info();
        info.check(name, file.length, BEST, 3);
        Raster raster = raster();
        if (raster.getWidth() != width || raster.getHeight() != height || raster.getNumBands() != components.length) {
            throw bad("the codec gave " + raster.getWidth() + "x" + raster.getHeight() + " pixels of "
                    + raster.getNumBands() + " components");
        }
        byte[] out = new byte[(int) info.decodedBytes()];
        int[] row = new int[width * components.length];
        for (int y = 0; y < height; y++) {
            raster.getPixels(0, y, width, 1, row);
            convert(row, out, y * width * info.format().channels());
        }
        return Orientation.apply(orientation, Image.of(width, height, info.format(), out));
    }

    private Raster raster() {
        ImageReader reader = Plugins.reader("jpeg");
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        try {
            reader.setInput(new MemoryCacheImageInputStream(new ByteArrayInputStream(picture.toByteArray())), true,
                    true);
            Raster raster = reader.readRaster(0, null);
            for (String w : warnings) {
                if (!w.contains("extraneous")) {
                    throw bad("truncated or damaged: " + w);
                }
            }
            return raster;
        } catch (IOException | RuntimeException e) {
            throw e instanceof BadFileException known ? known : Plugins.failed(name, FileType.JPEG, e);
        } finally {
            reader.dispose();
        }
    }

    /** Reads the segments up to the first scan and copies those that the codec needs. */
    private void header() {
        picture.write(file, 0, 2);
        int at = 2;
        while (true) {
            while (at < file.length && (file[at] & 0xFF) != 0xFF) {
                at++;
            }
            while (at + 1 < file.length && (file[at + 1] & 0xFF) == 0xFF) {
                at++;
            }
            if (at + 4 > file.length) {
                throw bad("truncated after " + file.length + " bytes, before the picture");
            }
            int marker = file[at + 1] & 0xFF;
            if (marker == 0xD9) {
                throw bad("there is no picture in it");
            } else if (marker == 0x01 || marker >= 0xD0 && marker <= 0xD8) {
                at += 2;
                continue;
            }
            int length = int16(at + 2);
            if (length < 2 || at + 2 + length > file.length) {
                throw bad("truncated: the segment at byte " + at + " needs " + length + " bytes, the file ends at "
                        + file.length);
            }
            segment(marker, at + 4, length - 2);
            if (marker == 0xDA) {
                if (components == null) {
                    throw bad("the picture's size is missing");
                }
                picture.write(file, at, file.length - at);
                return;
            }
            if (marker < 0xE0) {
                picture.write(file, at, length + 2);
            }
            at += 2 + length;
        }
    }

    private void segment(int marker, int at, int length) {
        if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
            frame(marker, at, length);
        } else if (marker == 0xE0 && length >= 5 && text(at, "JFIF\0")) {
            jfif = true;
        } else if (marker == 0xE1 && length >= 14 && text(at, "Exif\0\0")) {
            orientation = Orientation.fromExif(file, at + 6, at + length);
        } else if (marker == 0xEE && length >= 12 && text(at, "Adobe")) {
            adobeTransform = file[at + 11] & 0xFF;
        }
    }

    private void frame(int marker, int at, int length) {
        if (marker > 0xC2) {
            throw bad("it is " + (marker == 0xC3 ? "lossless" : marker >= 0xC9 ? "arithmetic-coded" : "hierarchical")
                    + "; baseline and progressive JPEG can be read");
        } else if (length < 6 || length < 6 + 3 * (file[at + 5] & 0xFF)) {
            throw bad("the frame header is too short");
        } else if (file[at] != 8) {
            throw bad("it has " + file[at] + " bits per sample; 8 can be read");
        }
        height = int16(at + 1);
        width = int16(at + 3);
        int n = file[at + 5];
        if (n != 1 && n != 3 && n != 4) {
            throw bad("it has " + n + " components; 1, 3 and 4 can be read");
        }
        components = new int[n];
        for (int i = 0; i < n; i++) {
            components[i] = file[at + 6 + 3 * i] & 0xFF;
        }
    }

    /** Whether the components are luma and chroma, by the rules that libjpeg goes by. */
    private boolean isYcc() {
        if (components.length == 4) {
            return adobeTransform == 2;
        }
        if (jfif) {
            return true;
        }
        if (adobeTransform >= 0) {
            return adobeTransform != 0;
        }
        return !(components[0] == 'R' && components[1] == 'G' && components[2] == 'B');
    }

    private void convert(int[] row, byte[] out, int to) {
        int n = components.length;
        if (n == 1) {
            for (int x = 0; x < width; x++) {
                out[to + x] = (byte) row[x];
            }
            return;
        }
        boolean ycc = isYcc();
        for (int x = 0, i = 0, o = to; x < width; x++, i += n, o += 3) {
            int r = row[i];
            int g = row[i + 1];
            int b = row[i + 2];
            if (ycc) {
                // ITU-R 601 with full range, in 16-bit fixed point as libjpeg has it (JFIF 1.02, page 4).
                int cb = g - 128;
                int cr = b - 128;
                g = clip(r + ((-22554 * cb - 46802 * cr + 32768) >> 16));
                b = clip(r + ((116130 * cb + 32768) >> 16));
                r = clip(r + ((91881 * cr + 32768) >> 16));
            }
            if (n == 4) {
                // With an Adobe marker the inks are stored inverted: 255 is no ink.
                int light = adobeTransform >= 0 ? row[i + 3] : 255 - row[i + 3];
                boolean inverted = adobeTransform >= 0;
                r = scale(inverted ? r : 255 - r, light);
                g = scale(inverted ? g : 255 - g, light);
                b = scale(inverted ? b : 255 - b, light);
            }
            out[o] = (byte) r;
            out[o + 1] = (byte) g;
            out[o + 2] = (byte) b;
        }
    }

    private static int scale(int value, int light) {
        return (value * light + 127) / 255;
    }

    private static int clip(int v) {
        return v < 0 ? 0 : Math.min(v, 255);
    }

    private boolean text(int at, String s) {
        for (int i = 0; i < s.length(); i++) {
            if (file[at + i] != s.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private int int16(int at) {
        return (file[at] & 0xFF) << 8 | file[at + 1] & 0xFF;
    }

    private BadFileException bad(String what) {
        return new BadFileException(name + ": JPEG: " + what);
    }
}
