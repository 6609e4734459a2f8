package dev.kerf.cli.picture;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.Background;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads how far a blur reaches. */
final class SigmaConverter implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
        try {
            double sigma = Double.parseDouble(text);
            if (sigma > 0) {
                return new Background.Blurred(sigma).sigma();
            }
        } catch (NumberFormatException | BadInputException e) {
            throw expected(text);
        }
        throw expected(text);
    }

    private static TypeConversionException expected(String text) {
        return new TypeConversionException("'" + text + "': expected a number of pixels above 0, up to 10000");
    }
}
