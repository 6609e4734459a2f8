package dev.kerf.medical;

import dev.kerf.error.BadInputException;

/**
 * Which values a picture shows: those of the window from black to white, others black or white.
 *
 * @param center middle of the window
 * @param width  of it, above 0
 * @param shape  how values are spread over it
 */
public record Window(double center, double width, Shape shape) {
    /** DICOM's functions (PS3.3 C.11.2.1.2 and C.11.2.1.3). */
    public enum Shape {
        /** For whole numbers: a window of width 2 has one value of black and one of white, half a step inside its ends. */
        LINEAR,
        /** For any numbers: from center - width / 2 to center + width / 2. */
        LINEAR_EXACT,
        /** An S without ends. */
        SIGMOID
    }

    /** Checks that there is something to see. */
    public Window {
        if (!Double.isFinite(center) || !Double.isFinite(width) || !(width > 0) || shape == Shape.LINEAR && width < 1) {
            throw new BadInputException("a window of center " + center + " and width " + width + ": numbers are expected, and "
                    + (shape == Shape.LINEAR ? "a width of 1 or more" : "a width above 0"));
        }
    }

    /** From a least value, black, to a greatest, white. Where both are equal, what is less is black and all else white. */
    public static Window between(double low, double high) {
        return new Window(low + (high - low) / 2, high > low ? high - low : Math.max(Math.ulp(low), Double.MIN_NORMAL),
                Shape.LINEAR_EXACT);
    }

    /**
     * From the least value of a volume to its greatest: every slice is read once.
     *
     * @throws BadInputException if a value is no finite number
     */
    public static Window of(Volume volume) {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        Grid grid = volume.grid();
        for (int f = 0; f < grid.frames(); f++) {
            for (int k = 0; k < grid.slices(); k++) {
                Slice slice = volume.read(Axis.Z, f, k);
                slice.check();
                for (double v : slice.values()) {
                    low = Math.min(low, v);
                    high = Math.max(high, v);
                }
            }
        }
        return between(low, high);
    }

    /** A value's brightness, 0 to 1. */
    public double of(double value) {
        return switch (shape) {
            case LINEAR -> width == 1
                    ? (value <= center - 0.5 ? 0 : 1)
                    : Math.clamp((value - (center - 0.5)) / (width - 1) + 0.5, 0.0, 1.0);
            case LINEAR_EXACT -> Math.clamp((value - center) / width + 0.5, 0.0, 1.0);
            case SIGMOID -> 1 / (1 + Math.exp(-4 * (value - center) / width));
        };
    }
}
