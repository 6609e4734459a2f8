package dev.kerf.formats;

import dev.kerf.error.BadInputException;
import java.nio.file.Path;
import java.util.Optional;

/** How large pictures are, for formats that don't say it. */
@FunctionalInterface
public interface PictureSizes {
    /** Knows none. */
    PictureSizes UNKNOWN = _ -> Optional.empty();

    /**
     * In pixels.
     *
     * @param width  1 or more
     * @param height 1 or more
     */
    record Size(int width, int height) {}

    /** The size of the picture with this name, without ending. */
    Optional<Size> of(String stem);

    /** @throws BadInputException if it isn't known */
    default Size need(String stem, Path file) {
        return of(stem).orElseThrow(() -> new BadInputException(file
                + ": doesn't say how large its picture is, and there is no picture of this name; name the pictures' directory"));
    }
}
