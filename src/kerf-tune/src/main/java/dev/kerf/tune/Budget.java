package dev.kerf.tune;

import dev.kerf.error.BadInputException;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much a search may spend; whichever ends first.
 *
 * @param evaluations configurations that are tried
 * @param seconds     of compiling, verifying and timing
 * @param share       of the space's configurations that are tried, 0 to 1
 */
public record Budget(long evaluations, double seconds, double share) {
    /** No end but that of the search. */
    public static final Budget NONE = new Budget(Long.MAX_VALUE, Double.POSITIVE_INFINITY, 1);

    private static final Pattern FORM = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?) *(s|min|m|h|%|)");

    /**
     * Reads one: {@code 200} evaluations, {@code 90s}, {@code 5min}, {@code 1h}, or {@code 10%} of the space; several with commas
     * between.
     *
     * @throws BadInputException if it is none of these
     */
    public static Budget parse(String text) {
        Budget all = NONE;
        for (String part : text.split(",")) {
            Matcher m = FORM.matcher(part.strip().toLowerCase(Locale.ROOT));
            double n = m.matches() ? Double.parseDouble(m.group(1)) : 0;
            if (n <= 0 || m.group(2).equals("%") && n > 100 || m.group(2).isEmpty() && n != Math.rint(n)) {
                throw new BadInputException(
                        "budget '" + part.strip() + "': expected evaluations such as 200, a time such as 90s, "
                                + "5min or 1h, or a share of the space such as 10%");
            }
            all = switch (m.group(2)) {
                case "" -> new Budget((long) n, all.seconds, all.share);
                case "%" -> new Budget(all.evaluations, all.seconds, n / 100);
                case "s" -> new Budget(all.evaluations, n, all.share);
                case "h" -> new Budget(all.evaluations, n * Duration.ofHours(1).toSeconds(), all.share);
                default -> new Budget(all.evaluations, n * Duration.ofMinutes(1).toSeconds(), all.share);
            };
        }
        return all;
    }

    /** Whether so many evaluations and seconds over a space leave nothing. */
    public boolean spent(long evaluated, double time, int space) {
        return evaluated >= Math.min(evaluations, Math.ceil(share * space)) || time >= seconds;
    }

    /** How much of it is spent, 0 to 1. */
    public double progress(long evaluated, double time, int space) {
        return Math.min(1, Math.max(evaluated / Math.min(evaluations, Math.ceil(share * space)), time / seconds));
    }
}
