package dev.kerf.cli.picture;

import dev.kerf.image.Image;
import dev.kerf.image.Picture;
import java.util.function.Supplier;

/**
 * A picture as networks take it, and as people see it.
 *
 * @param picture of a camera as its decoder gives it
 * @param image   made when it is asked for the first time
 */
record Sight(Picture picture, Supplier<Image> image) {
    /** Of a picture that is there. */
    static Sight of(Image image) {
        return new Sight(image, () -> image);
    }

    /** Of one that has to be made, once. */
    static Sight of(Picture picture, Supplier<Image> image) {
        Image[] made = {null};
        return new Sight(picture, () -> made[0] = made[0] == null ? image.get() : made[0]);
    }
}
