package dev.kerf.cli.option;

import dev.kerf.error.BadInputException;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** What options mean, or the complaint that they mean nothing. */
public final class Usage {
    private Usage() {}

    /** What is made of options alone: values that it refuses are a wrong command line. */
    public static <T> T of(CommandSpec spec, Supplier<T> options) {
        try {
            return options.get();
        } catch (BadInputException | TypeConversionException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }
}
