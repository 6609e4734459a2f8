package dev.kerf.cli.option;

import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Arithmetic;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads a precision as every command writes it, {@code f32}, {@code tf32x3}, {@code tf32}, {@code f16}, {@code bf16}, or by its
 * own name, such as {@code float16}.
 */
public final class PrecisionConverter implements ITypeConverter<Precision> {
    @Override
    public Precision convert(String value) {
        return Arrays.stream(Precision.values())
                .filter(p -> name(p).equalsIgnoreCase(value) || p.toString().equalsIgnoreCase(value))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("expected one of " + Arrays.stream(Precision.values())
                        .map(PrecisionConverter::name).collect(Collectors.joining(", ")) + ", not '" + value + "'"));
    }

    /** The arithmetic's name unless it is plain, otherwise the storage's. */
    public static String name(Precision p) {
        Enum<?> what = p.arithmetic() == Arithmetic.PLAIN ? p.storage() : p.arithmetic();
        return what.name().toLowerCase(Locale.ROOT);
    }
}
