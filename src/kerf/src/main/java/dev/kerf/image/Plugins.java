package dev.kerf.image;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/** The JDK's image codecs; what they are given lies in memory, so that no setting of theirs matters. */
final class Plugins {
    private Plugins() {
    }

    static ImageReader reader(String format) {
        Iterator<ImageReader> found = ImageIO.getImageReadersByFormatName(format);
        if (!found.hasNext()) {
            throw new BadFileException("this Java runtime has no " + format + " codec; run one that has java.desktop");
        }
        return found.next();
    }

    /** The error for a file on which a codec failed, which they do with all sorts of exceptions. */
    static BadFileException failed(String name, FileType type, Exception e) {
        String why = e instanceof IOException && e.getMessage() != null
                ? e.getMessage().lines().findFirst().orElse("")
                : "the codec failed with " + e.getClass().getSimpleName();
        return new BadFileException(name + ": " + type + ": truncated or damaged: " + why, e);
    }
}
