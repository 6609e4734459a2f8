package dev.kerf.formats;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The files of a directory, hidden ones left out. */
final class Listing {
    private static final int DEPTH = 8;

    private Listing() {}

    /**
     * In a directory and those in it the files of an ending, in order; of a file itself.
     *
     * @throws BadFileException if it can't be listed or isn't there
     */
    static List<Path> under(Path path, String ending) {
        try (Stream<Path> all = Files.walk(path, DEPTH, FileVisitOption.FOLLOW_LINKS)) {
            return all.filter(f -> f.getFileName() != null && !f.getFileName().toString().startsWith(".")
                    && f.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(ending.toLowerCase(Locale.ROOT))
                    && Files.isRegularFile(f)).sorted().toList();
        } catch (IOException e) {
            throw new BadFileException(path + ": can't be listed (" + e.getMessage() + ")", e);
        } catch (UncheckedIOException e) {
            throw new BadFileException(path + ": can't be listed (" + e.getCause().getMessage() + ")", e);
        }
    }
}
