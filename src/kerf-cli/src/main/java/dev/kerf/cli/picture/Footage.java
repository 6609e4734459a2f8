package dev.kerf.cli.picture;

import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.error.KerfException;
import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo.FileType;
import dev.kerf.image.video.FrameSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
        return isVideo(input.file()) ? new Moving(input) : new Still(input.read());
    }

    /** Whether a file moves: a GIF of several frames, and whatever is no picture by its name nor by what is in it. */
    static boolean isVideo(Path file) {
        String ending = ending(file);
        if (ending.equals("gif")) {
            return isAnimated(file);
        }
        boolean named = Arrays.stream(FileType.values()).anyMatch(t -> t.endings().contains(ending));
        return !named && Files.isRegularFile(file) && !isPicture(file);
    }

    /** In lower case; empty if there is none. */
    static String ending(Path file) {
        String name = file.getFileName().toString();
        return name.lastIndexOf('.') < 0 ? "" : name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    private static boolean isAnimated(Path file) {
        try (FrameSource frames = FrameSource.open(file)) {
            frames.next();
            return frames.hasNext();
        } catch (KerfException e) {
            // It fails as a picture when its turn comes.
            return false;
        }
    }

    private static boolean isPicture(Path file) {
        try {
            Image.info(file);
            return true;
        } catch (KerfException e) {
            return false;
        }
    }
}
