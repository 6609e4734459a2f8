package dev.kerf.cli.console;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** Numbers as people read them, alike in every locale. */
public final class Text {
    private Text() {}

    /** In one line: control characters, line ends among them, become spaces. */
    public static String line(String text) {
        StringBuilder line = new StringBuilder();
        text.codePoints().map(c -> Character.isISOControl(c) ? ' ' : c).forEach(line::appendCodePoint);
        return line.toString();
    }

    /** At least {@code width} characters, filled up with spaces on the right. */
    public static String padded(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }

    /** At least {@code width} characters, filled up with spaces on the left. */
    public static String right(String text, int width) {
        return " ".repeat(Math.max(0, width - text.length())) + text;
    }

    /** With so many decimals; NaN and infinities as they are. */
    public static String fixed(double value, int decimals) {
        return Double.isFinite(value)
                ? BigDecimal.valueOf(value).setScale(decimals, RoundingMode.HALF_UP).toPlainString()
                : Double.toString(value);
    }

    /** With three significant digits and an exponent, such as {@code 1.25e-07}. */
    public static String scientific(double value) {
        return Double.isFinite(value) ? String.format(java.util.Locale.ROOT, "%.2e", value) : Double.toString(value);
    }

    /** Such as {@code 8.4 MiB}. */
    public static String bytes(long count) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        double value = count;
        int unit = 0;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return (unit == 0 ? Long.toString(count) : fixed(value, 1)) + " " + units[unit];
    }
}
