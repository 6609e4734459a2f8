package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import java.util.Objects;

/**
 * What is put behind a thing that was cut out.
 *
 * <pre>{@code
 * cutout.onto(new Background.Transparent()).writePng(Path.of("cat.png"));
 * cutout.onto(new Background.Colour(0xFFFFFF));
 * cutout.onto(new Background.Backdrop(Image.read(Path.of("beach.jpg"))));
 * cutout.onto(Background.Blurred.of());
 * }</pre>
 */
public sealed interface Background {
    /** Nothing: the result has an alpha channel. */
    record Transparent() implements Background {}

    /**
     * One colour.
     *
     * @param rgb 0xRRGGBB
     */
    record Colour(int rgb) implements Background {
        /** Checks the range. */
        public Colour {
            if (rgb >>> 24 != 0) {
                throw new BadInputException("a colour " + Integer.toHexString(rgb) + ": expected 0xRRGGBB");
            }
        }
    }

    /**
     * Another picture, made as large as it must be to cover everything, its middle in the middle. Its alpha is dropped.
     *
     * @param image of any size and format
     */
    record Backdrop(Image image) implements Background {
        /** Checks that there is one. */
        public Backdrop {
            Objects.requireNonNull(image);
        }
    }

    /**
     * The picture's own background out of focus: a Gaussian mean that leaves the thing's colours out, so that no glow of it
     * lies around it.
     *
     * @param sigma standard deviation in pixels; 0 for a fiftieth of the longer side
     */
    record Blurred(double sigma) implements Background {
        private static final double SHARE = 0.02;

        /** Checks the range. */
        public Blurred {
            if (!(sigma >= 0 && sigma <= 10_000)) {
                throw new BadInputException("a blur of " + sigma + " pixels: expected 0 to 10000");
            }
        }

        /** As much as suits the picture's size. */
        public static Blurred of() {
            return new Blurred(0);
        }

        /** The standard deviation for a picture. */
        double sigmaOf(Image image) {
            return sigma > 0 ? sigma : SHARE * Math.max(image.width(), image.height());
        }
    }
}
