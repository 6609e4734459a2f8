package dev.kerf.cli.picture;

import dev.kerf.cli.option.PathConverter;
import dev.kerf.image.Image;
import dev.kerf.mask.Background;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * What {@code --background} says: {@code transparent}, {@code blur}, a colour, or a picture's file.
 *
 * @param text as it was given
 * @param file of a picture; null for the others
 */
record BackgroundText(String text, Path file) {
    private static final Map<String, Integer> COLOURS = Map.of("white", 0xFFFFFF, "black", 0, "grey", 0x808080, "gray",
            0x808080,
            "red", 0xFF0000, "green", 0x008000, "blue", 0x0000FF);

    /** Reads one; a picture is read later. */
    static final class Converter implements ITypeConverter<BackgroundText> {
        @Override
        public BackgroundText convert(String text) {
            if (text.equals("transparent") || text.equals("blur") || colour(text).isPresent()) {
                return new BackgroundText(text, null);
            }
            Path file = new PathConverter().convert(text);
            if (!Files.isRegularFile(file)) {
                throw new TypeConversionException(
                        "'" + text + "': expected transparent, blur, a colour such as #ffffff or white,"
                                + " or a picture's file; there is no such file");
            }
            return new BackgroundText(text, file);
        }
    }

    private static Optional<Integer> colour(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.matches("#[0-9a-f]{6}")) {
            return Optional.of(Integer.parseInt(lower.substring(1), 16));
        } else if (lower.matches("#[0-9a-f]{3}")) {
            return Optional.of(Integer.parseInt(lower.substring(1).replaceAll("(.)", "$1$1"), 16));
        }
        return Optional.ofNullable(COLOURS.get(lower));
    }

    /** The background, its picture read. */
    Background read(double sigma) {
        if (file != null) {
            return new Background.Backdrop(Image.read(file));
        }
        return switch (text) {
            case "transparent" -> new Background.Transparent();
            case "blur" -> new Background.Blurred(sigma);
            default -> new Background.Colour(colour(text).orElseThrow());
        };
    }
}
