package dev.kerf.model;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Precision;
import dev.kerf.error.BadInputException;

/**
 * How a model is loaded; the same for all models.
 *
 * <pre>{@code
 * UNet net = UNet.load(device, weights, ModelOptions.of().precision(Precision.FLOAT16).plans(2).memoryLimit(1L << 30));
 * }</pre>
 *
 * @param compile how its plans are compiled: precision, and the memory that one may take
 * @param plans   compiled plans that it keeps at most, for different sizes or for threads at the same time;
 *                {@link #AUTO} for the number that the model itself has found sensible
 */
public record ModelOptions(CompileOptions compile, int plans) {
    /** As many plans as the model's constant {@code PLANS} says. */
    public static final int AUTO = 0;

    /** Checks the range. */
    public ModelOptions {
        if (plans < AUTO) {
            throw new BadInputException(plans + " plans: at least 1");
        }
    }

    /** Plain float32, no limit of memory, the model's own number of plans. */
    public static ModelOptions of() {
        return new ModelOptions(CompileOptions.of(), AUTO);
    }

    /** This with numbers stored and multiplied in another way. */
    public ModelOptions precision(Precision p) {
        return new ModelOptions(compile.precision(p), plans);
    }

    /** This with another limit of bytes for each plan's activations; 0 for none. */
    public ModelOptions memoryLimit(long bytes) {
        return new ModelOptions(compile.memoryLimit(bytes), plans);
    }

    /** This keeping another number of plans. */
    public ModelOptions plans(int most) {
        return new ModelOptions(compile, most);
    }

    /** The number of plans, or another one where none was chosen. */
    public int plansOr(int own) {
        return plans == AUTO ? own : plans;
    }
}
