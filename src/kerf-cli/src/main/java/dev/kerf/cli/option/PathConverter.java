package dev.kerf.cli.option;

import dev.kerf.error.BadInputException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a file's name. */
public final class PathConverter implements ITypeConverter<Path> {
    @Override
    public Path convert(String name) {
        try {
            return path(name);
        } catch (BadInputException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /**
     * The path of this name.
     *
     * @throws BadInputException if no file can have it, as where the locale's encoding lacks its characters
     */
    public static Path path(String name) {
        try {
            return Path.of(name);
        } catch (InvalidPathException e) {
            throw new BadInputException("no file can be called " + name + " here, where names are in "
                    + System.getProperty("sun.jnu.encoding") + "; set LC_ALL=C.UTF-8", e);
        }
    }
}
