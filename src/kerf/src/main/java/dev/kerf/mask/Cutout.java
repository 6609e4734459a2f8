package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.stream.IntStream;

/**
 * A thing cut out of a picture by a matte: how much of each pixel belongs to it. Edges stay as soft as the matte, and what shines
 * through there of the old background is taken out of the colours: those beneath partial alpha are estimated
 * ({@code ForegroundColours} says how).
 *
 * <pre>{@code
 * Image photo = Image.read(Path.of("cat.jpg"));
 * Cutout cat = Cutout.of(photo, matting.matte(photo));
 * cat.onto(new Background.Transparent()).writePng(Path.of("cat.png"));
 * }</pre>
 *
 * <p>Samples keep their 8 or 16 bits. A picture with an alpha channel of its own is at most as opaque as it was.
 */
public final class Cutout {
    private final Image image;
    private final float[] matte;
    private final Image colours;

    /** A row of what lies behind. */
    @FunctionalInterface
    interface Scene {
        /** Writes the row's samples, in the range of the picture's: (width, 1 or 3). */
        void row(int y, float[] out);
    }

    private Cutout(Image image, float[] matte, Image colours) {
        this.image = image;
        this.matte = matte;
        this.colours = colours;
    }

    /**
     * Cuts a thing out.
     *
     * @param image any format; not to be changed while this is in use
     * @param matte float32 (height, width), 0 … 1; what lies outside counts as the nearer of the two
     * @throws BadInputException if the matte has another size or type, or holds a NaN
     */
    public static Cutout of(Image image, HostTensor matte) {
        float[] shares = checked(image, matte);
        return new Cutout(image, shares, ForegroundColours.of(image, shares));
    }

    /** The same with the picture's colours as they are. Throws as {@link #of}. */
    public static Cutout uncleaned(Image image, HostTensor matte) {
        return new Cutout(image, checked(image, matte), image.dropAlpha());
    }

    private static float[] checked(Image image, HostTensor matte) {
        if (matte.dtype() != DType.F32 || !matte.shape().equals(Shape.of(image.height(), image.width()))) {
            throw new BadInputException("a matte " + matte + " for a picture of " + image + ": expected float32 ("
                    + image.height() + ", " + image.width() + ")");
        }
        float[] shares = matte.toFloatArray();
        for (int i = 0; i < shares.length; i++) {
            if (Float.isNaN(shares[i])) {
                throw new BadInputException("the matte at column " + i % image.width() + ", row " + i / image.width()
                        + " is no number");
            }
            shares[i] = Math.clamp(shares[i], 0, 1);
        }
        return shares;
    }

    /**
     * Puts it in front of something.
     *
     * @return grey or colour with alpha on {@link Background.Transparent}; the picture's own format, with red first, on
     *         {@link Background.Blurred}; red, green and blue otherwise; with as many bits as the picture
     */
    public Image onto(Background behind) {
        boolean grey = image.format().isGrey();
        return switch (behind) {
            case Background.Transparent _ -> transparent();
            case Background.Colour c -> composed(3, false, plain(c.rgb()));
            case Background.Backdrop b -> composed(3, false, new Cover(b.image(), image.width(), image.height(), max()));
            case Background.Blurred b ->
                composed(grey ? 1 : 3, image.format().hasAlpha(), BlurredScene.of(image, matte, colours, b.sigmaOf(image)));
        };
    }

    private int max() {
        return image.format().max();
    }

    private Scene plain(int rgb) {
        float unit = max() / 255f;
        return (_, out) -> {
            for (int i = 0; i < out.length; i++) {
                out[i] = (rgb >> 16 - 8 * (i % 3) & 0xFF) * unit;
            }
        };
    }

    /** What the picture's own alpha leaves of a pixel, 0 … 1. */
    private float own(int x, int y) {
        return image.format().hasAlpha() ? (float) image.sample(x, y, image.channels() - 1) / max() : 1;
    }

    private Image transparent() {
        int channels = colours.channels();
        Image out = Image.blank(image.width(), image.height(), PixelFormat.of(channels + 1, image.bits()));
        IntStream.range(0, image.height()).parallel().forEach(y -> {
            for (int x = 0; x < image.width(); x++) {
                out.setSample(x, y, channels, Math.round(matte[y * image.width() + x] * own(x, y) * max()));
                // A viewer that scales mixes neighbours' colours; farther from the edge they would only take room.
                if (visible(x, y)) {
                    for (int c = 0; c < channels; c++) {
                        out.setSample(x, y, c, colours.sample(x, y, c));
                    }
                }
            }
        });
        return out;
    }

    private boolean visible(int x, int y) {
        for (int v = Math.max(0, y - 1); v <= Math.min(image.height() - 1, y + 1); v++) {
            for (int u = Math.max(0, x - 1); u <= Math.min(image.width() - 1, x + 1); u++) {
                if (Math.round(matte[v * image.width() + u] * max()) > 0) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Over a scene of 1 or 3 channels; {@code keep} keeps the picture's alpha, which else lets the scene through. */
    private Image composed(int channels, boolean keep, Scene scene) {
        int w = image.width();
        int given = colours.channels();
        Image out = Image.blank(w, image.height(), PixelFormat.of(channels + (keep ? 1 : 0), image.bits()));
        IntStream.range(0, image.height()).parallel().forEach(y -> {
            float[] row = new float[w * channels];
            scene.row(y, row);
            for (int x = 0; x < w; x++) {
                float share = matte[y * w + x] * (keep ? 1 : own(x, y));
                for (int c = 0; c < channels; c++) {
                    float front = colours.sample(x, y, Math.min(c, given - 1));
                    float v = row[x * channels + c];
                    out.setSample(x, y, c, Math.clamp(Math.round(v + share * (front - v)), 0, max()));
                }
                if (keep) {
                    out.setSample(x, y, channels, image.sample(x, y, image.channels() - 1));
                }
            }
        });
        return out;
    }
}
