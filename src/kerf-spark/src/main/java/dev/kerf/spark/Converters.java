package dev.kerf.spark;

import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Arithmetic;
import dev.kerf.model.unet.SegmentOptions;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.DoublePredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What options' values are read by; as the command {@code kerf} reads them. */
final class Converters {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,5})[xX×](\\d{1,5})");

    private Converters() {}

    private static double number(String text, String expected, DoublePredicate fits) {
        try {
            double value = Double.parseDouble(text);
            if (fits.test(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + text + "': expected " + expected);
        }
        throw new TypeConversionException("'" + text + "': expected " + expected);
    }

    /** How many. */
    static final class Count implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) number(text, "a whole number from 1", v -> v >= 1 && v <= Integer.MAX_VALUE && v == Math.rint(v));
        }
    }

    /** A share. */
    static final class Share implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return number(text, "a number from 0 to 1", v -> v >= 0 && v <= 1);
        }
    }

    /** A factor. */
    static final class Factor implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return number(text, "a number above 0", v -> v > 0 && Double.isFinite(v));
        }
    }

    /** Rows and columns. */
    static final class Size implements ITypeConverter<int[]> {
        @Override
        public int[] convert(String text) {
            Matcher m = SIZE.matcher(text);
            if (!m.matches()) {
                throw new TypeConversionException("'" + text + "': expected a height and a width such as 512x512");
            }
            return new int[] {Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2))};
        }
    }

    /** The side of a tile. */
    static final class Tile implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return switch (text) {
                case "auto" -> SegmentOptions.AUTO;
                case "off" -> SegmentOptions.WHOLE;
                default -> (int) number(text, "auto, off or a number of pixels", v -> v >= 1 && v == Math.rint(v));
            };
        }
    }

    /** A precision. */
    static final class Numbers implements ITypeConverter<Precision> {
        @Override
        public Precision convert(String text) {
            return Arrays.stream(Precision.values())
                    .filter(p -> name(p).equalsIgnoreCase(text) || p.toString().equalsIgnoreCase(text))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException("expected one of " + Arrays.stream(Precision.values())
                            .map(Numbers::name).collect(Collectors.joining(", ")) + ", not '" + text + "'"));
        }

        private static String name(Precision p) {
            Enum<?> what = p.arithmetic() == Arithmetic.PLAIN ? p.storage() : p.arithmetic();
            return what.name().toLowerCase(Locale.ROOT);
        }
    }
}
