package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Precision;
import dev.kerf.cli.option.PrecisionConverter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine.TypeConversionException;

class PrecisionConverterTest {
    @ParameterizedTest
    @CsvSource({"f32, FLOAT32", "tf32, TF32", "tf32x3, TF32X3", "f16, FLOAT16", "bf16, BFLOAT16", "F16, FLOAT16"})
    void readsWhatUsersWrite(String text, Precision precision) {
        assertEquals(precision, new PrecisionConverter().convert(text));
        assertTrue(PrecisionConverter.name(precision).equalsIgnoreCase(text));
    }

    @ParameterizedTest
    @EnumSource
    void readsOwnNames(Precision precision) {
        assertEquals(precision, new PrecisionConverter().convert(precision.toString()));
    }

    @Test
    void namesWhatThereIs() {
        String message = assertThrows(TypeConversionException.class, () -> new PrecisionConverter().convert("half"))
                .getMessage();
        assertEquals("expected one of f32, tf32, tf32x3, f16, bf16, not 'half'", message);
    }
}
