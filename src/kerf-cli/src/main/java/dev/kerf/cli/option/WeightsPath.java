package dev.kerf.cli.option;

import dev.kerf.cli.fetch.WeightsCache;
import dev.kerf.error.BadInputException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What {@code --weights} is given: a file, or the name of weights that have been fetched. */
public final class WeightsPath implements ITypeConverter<Path> {
    @Override
    public Path convert(String fileOrName) {
        try {
            return WeightsCache.ofUser().resolve(fileOrName);
        } catch (BadInputException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
