package dev.kerf.cli.option;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Spacing;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads how far pixels are apart: {@code 0.25um}, {@code 0.25,0.5um} or, of volumes, {@code 0.7,0.7,5mm}. */
public final class SpacingConverter implements ITypeConverter<Spacing> {
    private static final Pattern FORM = Pattern.compile("([0-9.eE+-]+)(?:,([0-9.eE+-]+))?(?:,([0-9.eE+-]+))? ?(\\p{L}+)");

    @Override
    public Spacing convert(String text) {
        Matcher m = FORM.matcher(text);
        try {
            if (m.matches()) {
                double x = Double.parseDouble(m.group(1));
                double y = m.group(2) == null ? x : Double.parseDouble(m.group(2));
                double z = m.group(3) == null ? 1 : Double.parseDouble(m.group(3));
                return new Spacing(x, y, z, m.group(4).equals("um") ? "µm" : m.group(4));
            }
        } catch (NumberFormatException | BadInputException e) {
            throw new TypeConversionException(text + ": " + e.getMessage());
        }
        throw new TypeConversionException(
                "'" + text + "': expected a pixel's width and a unit, such as 0.25um, or width and height,"
                        + " such as 0.25,0.5um");
    }
}
