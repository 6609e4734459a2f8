package dev.kerf.cli.picture;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the ending of a video's name. */
final class VideoEnding implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
        if (!value.matches("[A-Za-z0-9]+")) {
            throw new TypeConversionException(
                    "expected gif, y4m or the ending of a video's name, such as mp4, but was '" + value + "'");
        }
        return value;
    }
}
