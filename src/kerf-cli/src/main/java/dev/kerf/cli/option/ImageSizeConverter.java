package dev.kerf.cli.option;

import dev.kerf.error.BadInputException;
import dev.kerf.model.sam2.Sam2;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the side that SAM or SAM 2 sees images at, whichever of its networks it will be. */
public final class ImageSizeConverter implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
        try {
            return Sam2.Settings.of().imageSize(Integer.parseInt(value)).imageSize();
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + value + "' is not an int");
        } catch (BadInputException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
