package dev.kerf.cli.option;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * How large images are, as {@code --size} says it: {@code 480x640}.
 *
 * @param height rows
 * @param width  columns
 */
public record PictureSize(int height, int width) {
    private static final int MOST = 1 << 16;
    private static final Pattern FORM = Pattern.compile("(\\d{1,5})x(\\d{1,5})");

    /** Reads one. */
    public static final class Converter implements ITypeConverter<PictureSize> {
        @Override
        public PictureSize convert(String text) {
            Matcher m = FORM.matcher(text);
            if (m.matches()) {
                PictureSize size = new PictureSize(Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2)));
                if (Math.min(size.height, size.width) >= 1 && Math.max(size.height, size.width) <= MOST) {
                    return size;
                }
            }
            throw new TypeConversionException("'" + text + "': expected rows and columns, such as 512x512");
        }
    }

    @Override
    public String toString() {
        return height + "x" + width;
    }
}
