package dev.kerf.cli.picture;

import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.cli.volume.VolumePictures;
import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSource;
import java.nio.file.Path;
import java.util.Locale;

/** What is taken: a picture, or a video whose frames come one at a time. */
sealed interface Footage {
    /** A picture. */
    record Still(Image image) implements Footage {}

    /** A video. */
    record Moving(Input input) implements Footage {}

    /** Reads a picture, or says that it is a video. */
    static Footage read(Input input) {
        input.check();
        return moves(input) ? new Moving(input) : new Still(input.read());
    }

    /** Whether an input is a video, not a picture or slices of a volume. */
    static boolean moves(Input input) {
        return !VolumePictures.is(input.file()) && FrameSource.isVideo(input.file());
    }

    /** In lower case; empty if there is none. */
    static String ending(Path file) {
        String name = file.getFileName().toString();
        return name.lastIndexOf('.') < 0 ? "" : name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }
}
