package dev.kerf.geo;

import dev.kerf.error.BadInputException;

/**
 * Which numbers of a raster become 0 and 1 for a network; what lies beyond is cut off.
 *
 * <pre>{@code
 * Range.parse("2%,98%");      // of each band the numbers that 2 % and 98 % of its pixels lie below
 * Range.parse("0,10000");     // as Sentinel-2's reflectances are often taken
 * }</pre>
 */
public sealed interface Range {
    /**
     * As pictures are taken: whole numbers of up to 16 bits by what their bits hold, floats of 0 to 1 as they are, all others from the least
     * that occurs in any band to the greatest.
     */
    record Auto() implements Range {}

    /** The numbers as they are, of whatever range. */
    record None() implements Range {}

    /**
     * Between two numbers, the same for all bands.
     *
     * @param low  becomes 0
     * @param high becomes 1
     */
    record Limits(double low, double high) implements Range {
        /** Checks that they are two. */
        public Limits {
            if (!(Double.isFinite(low) && Double.isFinite(high) && low < high)) {
                throw new BadInputException("a range from " + low + " to " + high);
            }
        }
    }

    /**
     * Between two percentiles of each band's pixels with data.
     *
     * @param low  per cent, becomes 0
     * @param high per cent, becomes 1
     */
    record Percentiles(double low, double high) implements Range {
        /** Checks the range. */
        public Percentiles {
            if (!(low >= 0 && low < high && high <= 100)) {
                throw new BadInputException("percentiles from " + low + " % to " + high + " %");
            }
        }
    }

    /**
     * Reads {@code auto}, {@code none}, {@code LO,HI} or {@code P%,Q%}.
     *
     * @throws BadInputException if it is none of these
     */
    static Range parse(String text) {
        switch (text) {
            case "auto" :
                return new Auto();
            case "none" :
                return new None();
            default :
        }
        String[] parts = text.split(",", -1);
        boolean shares = text.chars().filter(c -> c == '%').count() == 2;
        try {
            if (parts.length == 2 && (!shares || parts[0].endsWith("%") && parts[1].endsWith("%"))) {
                double low = Double.parseDouble(parts[0].replace("%", shares ? "" : "%"));
                double high = Double.parseDouble(parts[1].replace("%", shares ? "" : "%"));
                return shares ? new Percentiles(low, high) : new Limits(low, high);
            }
        } catch (NumberFormatException e) {
            throw new BadInputException(expected(text), e);
        }
        throw new BadInputException(expected(text));
    }

    private static String expected(String text) {
        return "'" + text + "': expected auto, none, two numbers such as 0,10000, or two percentiles such as 2%,98%";
    }
}
